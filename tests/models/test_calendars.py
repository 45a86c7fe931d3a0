"""Exchange calendars as schedules."""

from __future__ import annotations

import numpy as np
import pytest

from models.calendars import UnknownCalendarError, schedule_of
from schemas.market_file import load
from schemas.reading import parse_rfc3339
from tests.models import tape


def test_sessions_of_new_york() -> None:
    schedule = schedule_of(load("us-open"))
    day = parse_rfc3339("2008-09-15T00:00:00Z")
    assert schedule.closes_between(day, day + 86_400_000_000) == [
        (parse_rfc3339("2008-09-15T13:30:00Z"), parse_rfc3339("2008-09-15T20:00:00Z"))
    ]
    assert 251 < schedule.periods_per_year < 253


def test_holidays_and_early_closes() -> None:
    schedule = schedule_of(load("us-open"))
    thanksgiving = parse_rfc3339("2018-11-22T05:00:00Z")
    assert schedule.period_at(thanksgiving + 12 * 3_600_000_000) is None
    (friday,) = schedule.closes_between(thanksgiving, thanksgiving + 2 * 86_400_000_000)
    assert friday[1] == parse_rfc3339("2018-11-23T18:00:00Z")


def test_a_session_is_cut_from_its_open() -> None:
    schedule = schedule_of(load("week"))
    day = parse_rfc3339("2013-10-07T00:00:00Z")
    periods = schedule.closes_between(day, day + 86_400_000_000)
    assert len(periods) == 13
    assert periods[0][0] == parse_rfc3339("2013-10-07T13:30:00Z")
    assert periods[-1][1] == parse_rfc3339("2013-10-07T20:00:00Z")
    assert {close - opened for opened, close in periods} == {1_800_000_000}


def test_the_last_period_of_a_session_may_be_shorter() -> None:
    schedule = schedule_of(tape.market(calendar="XNYS", period="4h", step="1h", bar="1m"))
    day = parse_rfc3339("2013-10-07T00:00:00Z")
    lengths = [close - opened for opened, close in schedule.closes_between(day, day + 86_400_000_000)]
    assert lengths == [4 * 3_600_000_000, int(2.5 * 3_600_000_000)]


def test_day_and_night() -> None:
    schedule = schedule_of(load("sim"))
    assert schedule.period_at(61_000_000) == (60_000_000, 120_000_000)


def test_bounds_are_arguments_and_never_the_clock() -> None:
    schedule = schedule_of(load("us-open"), "2001-01-01", "2001-01-31")
    assert len(schedule.closes) == 21
    whole = schedule_of(load("us-open"))
    assert set(schedule.closes) <= set(whole.closes)
    assert np.all(np.diff(whole.closes) > 0)


def test_an_unknown_calendar_is_named() -> None:
    with pytest.raises(UnknownCalendarError, match="XXXX"):
        schedule_of(tape.market(period="10m", step="1m", bar="1m").model_copy(update={"calendar": "XXXX"}))
