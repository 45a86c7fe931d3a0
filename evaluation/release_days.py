"""When a dated value became public: its lag, counted in working days where its publisher keeps holidays."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from pandas.tseries.holiday import USFederalHolidayCalendar

from models.calendars import FIRST_DAY, LAST_DAY
from schemas.duration import DAY_US

_DATE: Final = "datetime64[D]"


def public_us(
    dated_us: npt.NDArray[np.int64], lag_us: int, working_days: Literal["US"] | None = None
) -> npt.NDArray[np.int64]:
    """The moments from which values are public, microseconds since 1970 (UTC).

    Args:
        dated_us: midnights (UTC) of the days that they are dated.
        lag_us: the instrument's `lag`.
        working_days: whose working days its whole days are. `US`: the federal government's, on which the Federal
            Reserve's H.15 comes out (https://www.federalreserve.gov/releases/h15/): a Friday's yield on Monday, or on
            Tuesday where Monday is a holiday, such as Columbus Day, on which exchanges trade.
    """
    if working_days is None:
        return dated_us + lag_us
    days, rest = divmod(lag_us, DAY_US)
    dates = (dated_us // DAY_US).astype(_DATE)
    released = np.busday_offset(dates, days, roll="backward", holidays=_federal_holidays())
    return released.astype(np.int64) * DAY_US + rest


@lru_cache(maxsize=1)
def _federal_holidays() -> npt.NDArray[np.datetime64]:
    return USFederalHolidayCalendar().holidays(FIRST_DAY, LAST_DAY).to_numpy().astype(_DATE)
