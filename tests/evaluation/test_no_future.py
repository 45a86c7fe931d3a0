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
from schemas.instrument import Instrument
from schemas.market import Market
from schemas.market_file import load
from tests.evaluation import made

DATA = Path(__file__).parent.parent.parent.parent / "shared" / "data"

Columns = dict[str, "pd.Series[float]"]
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
    """Fed and ICE series count from the session after; releases from weeks after the beginning of their period."""
    lags = {i.name: i.lag for i in load("us").instrument}
    day = 86_400_000_000
    for name in ("DGS10", "DGS30", "T10Y2Y", "BAA10Y", "AAA10Y", "HY_OAS", "IG_OAS", "TEDRATE", "DFF", "SOFR", "DTB3"):
        assert day < lags[name] <= 2 * day, name
    assert lags["ICSA"] >= 12 * day
    for name in ("UNRATE", "PAYEMS", "INDPRO", "CFNAI", "CPIAUCSL"):
        assert lags[name] > 34 * day, name  # a month at least, and days until it was out
    assert all(isinstance(i, Instrument) for i in load("us").instrument)


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
