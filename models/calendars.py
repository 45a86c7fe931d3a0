"""Schedules of markets: exchange calendars turned into data. Never reads the clock."""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import Final

import numpy as np

from models.signals.schedule import Schedule
from models.signals.step import Ints
from schemas.duration import DAY_US
from schemas.market import Market

FIRST_DAY: Final = "1990-01-01"
LAST_DAY: Final = "2030-12-31"
"""Bounds are fixed, so that a replay next year sees the same calendar; later dates need a new release."""


class UnknownCalendarError(ValueError):
    """A calendar that is neither `24x7` nor an exchange's code."""


def schedule_of(market: Market, start: str = FIRST_DAY, end: str = LAST_DAY) -> Schedule:
    """The periods of a market between two days (ISO dates, included); sessions end `cutoff` after their close.

    Raises:
        UnknownCalendarError: no such calendar.
    """
    if market.calendar == "24x7":
        return Schedule.continuous(market.period_us)
    opens, closes = _sessions(market.calendar, start, end)
    closes = closes + market.cutoff
    if market.period != "session":
        opens, closes = _cut(opens, closes, market.period_us)
    return Schedule.sessions(opens, closes)


def sessions_of(market: Market) -> Schedule:
    """Its whole sessions, whatever its periods; days by UTC where it never closes."""
    if market.calendar == "24x7":
        return Schedule.continuous(DAY_US)
    return schedule_of(market.model_copy(update={"period": "session"}))


@lru_cache(maxsize=8)
def _sessions(name: str, start: str, end: str) -> tuple[Ints, Ints]:
    """Opens and closes of an exchange's sessions, microseconds since 1970 (UTC)."""
    import exchange_calendars  # noqa: PLC0415 (a market that never closes does not wait for it)
    from exchange_calendars.errors import InvalidCalendarName  # noqa: PLC0415 (as above)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # exchange-calendars 4.13 reads `Series.values`
        try:
            calendar = exchange_calendars.get_calendar(name, start=start, end=end)
        except InvalidCalendarName as error:
            msg = f"no calendar {name!r}: write 24x7 or an exchange's ISO 10383 code, such as XNYS"
            raise UnknownCalendarError(msg) from error
        return calendar.opens_nanos // 1000, calendar.closes_nanos // 1000


def _cut(opens: Ints, closes: Ints, period_us: int) -> tuple[Ints, Ints]:
    """Sessions cut into periods from their opens on; the last of a session may be shorter."""
    counts = -(-(closes - opens) // period_us)
    session = np.repeat(np.arange(len(opens)), counts)
    nth = np.arange(len(session)) - np.repeat(np.cumsum(counts) - counts, counts)
    starts = opens[session] + nth * period_us
    return starts, np.minimum(starts + period_us, closes[session])
