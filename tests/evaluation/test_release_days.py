"""When values became public: by the clock, or by the working days of the Federal Reserve."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evaluation.release_days import public_us
from schemas.duration import DAY_US

HOUR_US = 3_600_000_000


def utc(*texts: str) -> np.ndarray:
    return np.array([pd.Timestamp(text, tz="UTC").value // 1000 for text in texts], np.int64)


def test_without_working_days_a_lag_is_hours() -> None:
    dated = utc("2019-10-11", "2020-04-01")
    assert public_us(dated, 46 * HOUR_US).tolist() == (dated + 46 * HOUR_US).tolist()


@pytest.mark.parametrize(
    ("dated", "public"),
    [
        ("2019-10-10", "2019-10-11 22:00"),  # a Thursday's yield stands in Friday's H.15
        ("2019-10-11", "2019-10-15 22:00"),  # a Friday's in Tuesday's: Columbus Day, on which exchanges trade
        ("2019-11-08", "2019-11-12 22:00"),  # Veterans Day
        ("2019-10-18", "2019-10-21 22:00"),  # a Friday's in Monday's
        ("2019-10-19", "2019-10-21 22:00"),  # federal funds of a Saturday too
        ("2022-06-17", "2022-06-21 22:00"),  # Juneteenth, observed since 2021
        ("2015-06-18", "2015-06-19 22:00"),  # and not before
    ],
)
def test_whole_days_are_working_days(dated: str, public: str) -> None:
    assert public_us(utc(dated), 46 * HOUR_US, "US").tolist() == utc(public).tolist()


def test_nothing_is_public_before_it_would_be_by_the_clock_on_a_working_day() -> None:
    weekdays = pd.bdate_range("1990-01-01", "2025-12-31")
    dated = weekdays.as_unit("us").asi8
    waited = public_us(dated, 46 * HOUR_US, "US") - dated
    assert waited.min() == 46 * HOUR_US or waited.min() == 22 * HOUR_US + DAY_US
    assert waited.max() == 4 * DAY_US + 22 * HOUR_US  # over a long weekend
