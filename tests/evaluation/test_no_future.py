"""No future: what comes later in a panel changes nothing of what was said before, over the whole pipeline."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evaluation import panel
from evaluation.replay import Replay
from schemas.duration import DAY_US
from schemas.market import Market
from schemas.market_file import load
from tests.evaluation import made

DATA = Path(__file__).parent.parent.parent.parent / "shared" / "data"

Columns = dict[str, "pd.Series[float]"]
HOUR_US = DAY_US // 24
SLOW = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def finals(market: Market, columns: Columns) -> dict[int, tuple[bytes, bytes | None]]:
    """Bytes of readings and details by time."""
    return {p.at_us: (p.reading, p.details) for p in Replay(market).run(panel.arrange(market, columns))}


@lru_cache(maxsize=1)
def whole() -> tuple[Columns, dict[int, tuple[bytes, bytes | None]]]:
    columns = {name: made.table()[name] for name in made.table()}
    months = pd.date_range("2000-01-01", "2001-11-01", freq="MS")
    columns["M"] = pd.Series(4 + np.arange(len(months)) / 10, months)
    return columns, finals(made.market(), columns)


def until(day: pd.Timestamp, said: dict[int, tuple[bytes, bytes | None]]) -> dict[int, tuple[bytes, bytes | None]]:
    """What was said by the end of a day (UTC)."""
    end = int((day + pd.Timedelta(days=1)).value) // 1000
    return {at: what for at, what in said.items() if at < end}


def same_until(
    day: pd.Timestamp, market: Market, changed: Columns, said: dict[int, tuple[bytes, bytes | None]]
) -> None:
    before = until(day, said)
    assert before
    assert until(day, finals(market, changed)) == before


@SLOW
@given(st.integers(60, len(made.DAYS) - 2))
def test_a_panel_that_ends_earlier_says_the_same_until_then(days: int) -> None:
    columns, said = whole()
    day = made.DAYS[days]
    same_until(day, made.market(), {name: values[:day] for name, values in columns.items()}, said)


@SLOW
@given(st.integers(60, len(made.DAYS) - 2), st.integers(0, 2**32 - 1))
def test_noise_on_later_data_changes_nothing_before(days: int, seed: int) -> None:
    columns, said = whole()
    day, rng = made.DAYS[days], np.random.default_rng(seed)
    noisy = {
        name: values.where(values.index <= day, values * rng.uniform(0.5, 1.5, len(values)))
        for name, values in columns.items()
    }
    same_until(day, made.market(), noisy, said)
    assert finals(made.market(), noisy) != said  # and it does change what comes after


def changed_on(columns: Columns, name: str, day: pd.Timestamp) -> Columns:
    values = columns[name].copy()
    values[day] *= 1.1
    return columns | {name: values}


@pytest.mark.parametrize(
    ("name", "day", "first"),
    [
        ("A", "2001-03-15", "2001-03-15"),  # the close of its day
        ("B", "2001-03-15", "2001-03-15"),  # London closes before New York does
        ("S", "2001-03-15", "2001-03-16"),  # 46 hours after its midnight: the session after
        ("S", "2001-03-16", "2001-03-19"),  # of a Friday: Saturday evening, so Monday's final
        ("M", "2001-03-01", "2001-04-09"),  # 38 days later is Sunday, 2001-04-08
    ],
)
def test_a_value_moves_nothing_before_it_was_public(name: str, day: str, first: str) -> None:
    columns, said = whole()
    after = finals(made.market(), changed_on(columns, name, pd.Timestamp(day)))
    moved = [at for at, what in said.items() if after[at] != what]
    assert str(pd.Timestamp(min(moved), unit="us").date()) == first


def test_every_input_of_us_that_is_not_a_close_has_its_lag() -> None:
    """Fed, Moody's and ICE series count a working day later; releases never before their latest usual day."""
    found = {i.name: i for i in load("us").instrument if i.lag}
    releases = {name: one.lag / DAY_US for name, one in found.items() if one.covers != "day"}
    assert releases.pop("ICSA") == pytest.approx(5 + 14 / 24)  # of the Thursday after, by half past eight in winter
    latest = {
        "UNRATE": 41,  # 2014-01-10 for December: 40.6 days
        "PAYEMS": 41,
        "INDPRO": 48,  # the 17th, at a quarter past nine
        "UMCSENT": 61,  # FRED may show it a month after its month ends
        "CFNAI": 60,  # the 29th
        "CPIAUCSL": 50,  # the 20th
    }
    assert releases == latest
    daily = {name: one for name, one in found.items() if one.covers == "day"}
    assert {(one.lag, one.working_days) for one in daily.values()} == {(46 * HOUR_US, "US")}
    assert {"DGS10", "BAA10Y", "HY_OAS", "IG_OAS", "TEDRATE", "DFF", "SOFR", "DTB3", "LIBOR3M"} <= set(daily)


@pytest.mark.parametrize(
    ("dated", "said_on"),
    [("2019-10-11", "2019-10-15"), ("2019-11-08", "2019-11-12"), ("2019-10-18", "2019-10-21")],
)
def test_a_yield_of_us_waits_for_the_working_day_on_which_it_was_published(dated: str, said_on: str) -> None:
    """Columbus Day and Veterans Day: exchanges trade, and the Federal Reserve publishes nothing."""
    us = load("us")
    days = pd.bdate_range("2019-09-02", "2019-12-02")
    read = panel.arrange(us, {"DGS10": pd.Series(1.5, days), "SPX": pd.Series(3000.0, days)})
    code = [i.name for i in us.instrument].index("DGS10")
    bars = read.bars[read.bars.code == code].set_index("start_us")
    available = bars.available_us[pd.Timestamp(dated).value // 1000]
    final = read.closes_us[np.searchsorted(read.closes_us, available)]
    assert str(pd.Timestamp(final, unit="us").date()) == said_on


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [1, 2])
def test_us_over_real_years_knows_no_future(seed: int) -> None:
    """All 44 inputs and all indicators, 2006 to 2008, cut and made noisy at a random day."""
    if not DATA.exists():
        pytest.skip("the panel of real market data is not beside this checkout (../shared/data)")
    market = load("us")
    read = panel.read_columns(market, DATA / "panel" / "daily_inputs_1990_2026.csv.gz", DATA / "macro")
    columns = {name: values["2006-06":"2008-10"] for name, values in read.items()}
    said, rng = finals(market, columns), np.random.default_rng(seed)
    day = pd.Timestamp("2008-03-01") + pd.Timedelta(days=int(rng.integers(0, 230)))
    same_until(day, market, {name: values[:day] for name, values in columns.items()}, said)
    noisy = {n: v.where(v.index <= day, v * rng.uniform(0.9, 1.1, len(v))) for n, v in columns.items()}
    same_until(day, market, noisy, said)
