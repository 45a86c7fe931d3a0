"""Horizons in periods."""

from __future__ import annotations

import pytest

from schemas.duration import DAY_US
from schemas.market_scores import FARTHEST, Scoring, horizon_faults, periods_ahead

HOUR_US = DAY_US // 24


@pytest.mark.parametrize(
    ("horizon", "period", "wanted"),
    [("1 session", "session", 1), ("5 sessions", "session", 5), ("36h", "session", 2), ("90m", HOUR_US, 2)],
)
def test_a_horizon_is_a_number_of_periods(horizon: str, period: int, wanted: int) -> None:
    assert periods_ahead(horizon, period) == wanted


def test_a_horizon_of_no_time_or_of_too_much_is_a_fault_where_there_are_scores() -> None:
    for horizon in ("0s", f"{FARTHEST + 1}h", "1 session", "soon"):
        ((place, _told),) = horizon_faults(Scoring(enabled=True), horizon, HOUR_US)
        assert place == ("horizon",)
        assert horizon_faults(Scoring(), horizon, HOUR_US) == []
    assert horizon_faults(Scoring(enabled=True), f"{FARTHEST}h", HOUR_US) == []
