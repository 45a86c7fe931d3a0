"""Silences, repetition, and who takes what."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from api.alerting.people import Labels, Silence, covers, repeats, takes, unsent

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
LABELS = Labels("us", "High stress", "error", "equity")
OPEN = Silence(NOW - HOUR, NOW + HOUR)


@pytest.mark.parametrize(
    ("silence", "covered"),
    [
        (OPEN, True),
        (replace(OPEN, market="us", rule="High stress", severity="error", segment="equity"), True),
        (replace(OPEN, market="sim"), False),
        (replace(OPEN, market="us", segment="credit"), False),
        (replace(OPEN, begins_at=NOW), True),
        (replace(OPEN, ends_at=NOW), False),
        (replace(OPEN, begins_at=NOW + HOUR / 2), False),
    ],
)
def test_silences(silence: Silence, covered: bool) -> None:
    assert covers(silence, LABELS, NOW) is covered


def test_why_an_alert_is_not_sent() -> None:
    old = timedelta(minutes=15)
    assert unsent(LABELS, NOW - old, NOW, old, []) is None
    assert unsent(LABELS, NOW - old - timedelta(seconds=1), NOW, old, [OPEN]) == "old"
    assert unsent(replace(LABELS, market="us~r1"), NOW, NOW, old, []) == "run"
    assert unsent(LABELS, NOW, NOW, old, [OPEN]) == "silenced"


@pytest.mark.parametrize(
    ("sent", "acknowledged", "repeat", "due"),
    [
        (None, False, HOUR, True),
        (None, True, HOUR, False),
        (NOW - HOUR, False, HOUR, True),
        (NOW - HOUR / 2, False, HOUR, False),
        (NOW - 100 * HOUR, False, timedelta(0), False),
        (NOW - 100 * HOUR, True, HOUR, False),
    ],
)
def test_repetition(sent: datetime | None, acknowledged: bool, repeat: timedelta, due: bool) -> None:
    assert repeats(sent, acknowledged, repeat, NOW) is due


@pytest.mark.parametrize(
    ("markets", "least", "named", "taken"),
    [
        ((), "info", (), True),
        (("us", "sim"), "error", (), True),
        (("sim",), "info", (), False),
        ((), "critical", (), False),
        (("sim",), "critical", ("desk",), True),
        ((), "info", ("other",), False),
    ],
)
def test_who_takes_an_alert(markets: tuple[str, ...], least: str, named: tuple[str, ...], taken: bool) -> None:
    assert takes(markets, least, "desk", LABELS, named) is taken
