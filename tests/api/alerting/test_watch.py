"""Whether silence is one."""

from __future__ import annotations

from typing import Any

import pytest

from api.alerting.watch import silent_s

HOUR_NS = 3_600_000_000_000
NOW = 1_763_650_800_000_000_000  # 2025-11-20T15:00:00Z
SESSION = [["2025-11-20T14:30:00Z", "2025-11-20T21:00:00Z"], ["2025-11-21T14:30:00Z", "2025-11-21T21:00:00Z"]]
ROUND_THE_CLOCK: dict[str, Any] = {"name": "sim", "step": 1_000_000, "hours": None}
EXCHANGE: dict[str, Any] = {"name": "desk", "step": 1_000_000, "hours": SESSION}


@pytest.mark.parametrize(
    ("card", "last", "now", "wanted"),
    [
        (ROUND_THE_CLOCK, NOW - HOUR_NS, NOW, 3_600.0),
        (ROUND_THE_CLOCK, NOW + HOUR_NS, NOW, 0.0),
        (ROUND_THE_CLOCK, 0, NOW, None),
        (ROUND_THE_CLOCK | {"name": "sim~r1"}, NOW - HOUR_NS, NOW, None),
        (EXCHANGE, NOW - 20 * HOUR_NS, NOW, 1_800.0),
        (EXCHANGE, NOW - HOUR_NS // 4, NOW, 900.0),
        (EXCHANGE, NOW, NOW + 8 * HOUR_NS, None),
        (EXCHANGE | {"step": "period"}, NOW, NOW + 48 * HOUR_NS, 172_800.0),
        (EXCHANGE | {"hours": "always"}, NOW - HOUR_NS, NOW, None),
        (EXCHANGE | {"hours": [["soon", "late"]]}, NOW - HOUR_NS, NOW, None),
    ],
)
def test_silence(card: dict[str, Any], last: int, now: int, wanted: float | None) -> None:
    assert silent_s(card, last, now) == wanted
