"""Baselines, against their definitions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evaluation.baselines import EQUITY_VOLATILITY, VIX, market_baselines, mean_score, plain_mean, volatility

DAYS = pd.bdate_range("2001-01-01", periods=60)
PRICES = pd.Series(100 * np.exp(np.cumsum(np.random.default_rng(4).standard_normal(60) * 0.01)), DAYS)


def test_volatility_is_the_root_of_the_mean_square() -> None:
    returns = np.diff(np.log(PRICES.to_numpy()))
    expected = 100 * np.sqrt(252 * (returns[-22:] ** 2).mean())
    assert volatility(PRICES).iloc[-1] == pytest.approx(expected)
    assert volatility(PRICES).first_valid_index() == DAYS[22]


def test_gaps_are_bridged_and_prices_below_zero_left_out() -> None:
    gaps = PRICES.copy()
    gaps.iloc[10], gaps.iloc[20] = np.nan, -1.0
    assert volatility(gaps).equals(volatility(PRICES.drop(PRICES.index[[10, 20]])))


def test_nothing_of_tomorrow_is_in_it() -> None:
    assert volatility(PRICES)[:40].equals(volatility(PRICES[:40]))


def test_baselines_are_those_that_the_panel_has() -> None:
    assert market_baselines({}) == {}
    assert set(market_baselines({"VIX": PRICES, "SPY": PRICES})) == {VIX, EQUITY_VOLATILITY}
    both = market_baselines({"SPY": PRICES * 0 + 1, "SPX": PRICES})
    assert both[EQUITY_VOLATILITY].iloc[-1] > 0  # the index comes before the fund


def test_the_plain_mean_takes_every_score_that_counts_alike() -> None:
    details = (
        b'{"other":[1],"indicators":[{"score":0.2,"weight":0.9},{"score":0.6,"weight":0.1},{"score":1,"weight":0},'
    )
    details += b'{"score":null,"weight":0.5}]}'
    assert plain_mean(details) == pytest.approx(40.0)
    assert np.isnan(mean_score([(None, 1.0), (0.5, 0.0)]))
