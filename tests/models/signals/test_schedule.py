"""Periods as data, against a walk over all of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.signals.schedule import Schedule

OPENS, CLOSES = np.array([10, 40, 50, 90]), np.array([30, 50, 60, 95])
SESSIONS = Schedule.sessions(OPENS, CLOSES)
CONTINUOUS = Schedule.continuous(10)
ALL = {
    "sessions": (SESSIONS, list(zip(OPENS.tolist(), CLOSES.tolist(), strict=True))),
    "continuous": (CONTINUOUS, [(n, n + 10) for n in range(-100, 300, 10)]),
}
TIMES = st.integers(-50, 150)


@pytest.mark.parametrize("kind", ALL)
@given(at=TIMES)
def test_period_at_is_open_excluded_close_included(kind: str, at: int) -> None:
    schedule, periods = ALL[kind]
    assert schedule.period_at(at) == next((p for p in periods if p[0] < at <= p[1]), None)
    assert schedule.inside(np.array([at])).tolist() == [schedule.period_at(at) is not None]


@pytest.mark.parametrize("kind", ALL)
@given(after=TIMES, through=TIMES)
def test_closes_between_excludes_the_first_time_and_includes_the_last(kind: str, after: int, through: int) -> None:
    schedule, periods = ALL[kind]
    assert schedule.closes_between(after, through) == [p for p in periods if after < p[1] <= through]


def test_periods_per_year() -> None:
    assert Schedule.continuous(3_600_000_000).periods_per_year == pytest.approx(365.25 * 24)
    assert SESSIONS.periods_per_year == pytest.approx(4 * 31_557_600_000_000 / 85)


def test_only_sessions_end() -> None:
    assert SESSIONS.ends_us == 95
    assert CONTINUOUS.ends_us is None


@pytest.mark.parametrize(("opens", "closes"), [([1, 2], [3]), ([], []), ([5], [5]), ([1, 4], [5, 6]), ([7, 1], [8, 2])])
def test_what_is_no_list_of_periods_is_refused(opens: list[int], closes: list[int]) -> None:
    with pytest.raises(ValueError, match="periods"):
        Schedule.sessions(np.array(opens, np.int64), np.array(closes, np.int64))


def test_a_period_must_last() -> None:
    with pytest.raises(ValueError, match="0 us"):
        Schedule.continuous(0)
