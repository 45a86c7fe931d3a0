"""Technical analysis, against talipp and pandas over whole periods, and written out between finals."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from talipp.indicators import BB
from talipp.indicators import RSI as WILDER

from schemas.indicator import Indicator
from tests.models.alone import CODES, FED, MARKET, closes, finals_before, history, one_bar_a_period, run

WALK = np.cumsum(np.random.default_rng(12).standard_normal(150) * 0.01)
PERIODS = one_bar_a_period({"P1": np.exp(WALK), "R1": WALK})
EACH = pytest.mark.parametrize("name", ["P1", "R1"])
"""A price, which moves by logarithms, and a rate that takes the same path as they."""


@EACH
def test_rsi_is_talipps_turned(name: str) -> None:
    said = run({"kind": "rsi", "of": [name], "window": "140s"}, PERIODS)
    want = [math.nan if v is None else 100 - v for v in WILDER(14, input_values=WALK.tolist())]
    np.testing.assert_allclose([m.raw for m in said], want, rtol=1e-9)


@EACH
def test_macd_is_the_signal_of_pandas_turned(name: str) -> None:
    said = run({"kind": "macd", "of": [name], "window": "260s"}, PERIODS)
    walk = pd.Series(WALK)
    macd = walk.ewm(span=12).mean() - walk.ewm(span=26).mean()
    known = 1 - (1 - 2 / 27) ** np.arange(1, 151) >= 0.5
    want = -macd[known].ewm(span=9).mean().reindex(macd.index)
    np.testing.assert_allclose([m.raw for m in said], want, rtol=1e-9, atol=1e-14)
    assert not known[0]


@EACH
def test_bollinger_width_is_talipps(name: str) -> None:
    said = run({"kind": "bollinger_width", "of": [name], "window": "200s"}, PERIODS)
    for n, (m, band) in enumerate(zip(said, BB(20, 2.0, input_values=WALK.tolist()), strict=True), start=1):
        if band is not None:
            assert m.raw == pytest.approx(band.ub - band.lb, rel=1e-9)
        elif n >= 10:
            assert m.raw == pytest.approx(4 * np.std(WALK[:n]), rel=1e-9)
        else:
            assert math.isnan(m.raw)


def test_falls_are_stress_and_the_sign_turns_them() -> None:
    falling = one_bar_a_period({"P1": np.exp(np.concatenate([WALK[:60], WALK[59] - 0.02 * np.arange(1, 9)]))})
    for kind in ("rsi", "macd"):
        said = run({"kind": kind, "of": ["P1"], "window": "140s"}, falling)
        turned = run({"kind": kind, "of": ["P1"], "window": "140s", "sign": -1}, falling)
        assert said[-1].raw > said[59].raw
        np.testing.assert_array_equal([m.raw for m in turned], [-m.raw for m in said])


def test_a_series_that_does_not_move_has_no_strength() -> None:
    said = run({"kind": "rsi", "of": ["P1"], "window": "50s"}, one_bar_a_period({"P1": np.full(20, 3.0)}))
    assert all(math.isnan(m.raw) and m.live == 0 for m in said)


def test_rsi_between_finals_counts_the_move_so_far() -> None:
    code, known = CODES["P1"], 0
    for n, m in enumerate(run({"kind": "rsi", "of": ["P1"], "window": "50s"})):
        moved = [r for o in history(n) if not math.isnan(r := float(o.period_return[code]))]
        want = math.nan
        if len(moved) >= 5:
            rise, fall = (np.mean([max(s * r, 0.0) for r in moved[:5]]) for s in (1, -1))
            for r in moved[5:]:
                rise, fall = (4 * rise + max(r, 0.0)) / 5, (4 * fall + max(-r, 0.0)) / 5
            want = 100 - 100 / (1 + rise / fall) if fall else 100.0
            want = 100 - want if FED[n].volatilities.observation.live[code] else math.nan
        assert m.raw == pytest.approx(want, rel=1e-9, nan_ok=True)
        known += m.live > 0
    assert known > len(FED) / 3


def _heights(name: str) -> np.ndarray:
    return np.log(closes(name)) if name == "P1" else closes(name)


@EACH
def test_macd_between_finals_weighs_the_part_of_the_period(name: str) -> None:
    heights, known = _heights(name), 0
    keeps = [1 - 2 / (max(s, 1.0) + 1) for s in (8 * 12 / 26, 8.0, 8 * 9 / 26)]
    for n, m in enumerate(run({"kind": "macd", "of": [name], "window": "80s"})):
        sums, weights, want = [0.0] * 3, [0.0] * 3, math.nan
        for at in [*finals_before(n), n]:
            f = FED[at].volatilities.observation.window.fraction
            values = [heights[at]] * 2
            for k in (0, 1, 2):
                if k == 2 and weights[1] < 0.5:
                    break
                x = values[k] if k < 2 else sums[0] / weights[0] - sums[1] / weights[1]
                if not math.isnan(heights[at]):
                    d = keeps[k] ** f
                    sums[k], weights[k] = d * sums[k] + (1 - d) * x, d * weights[k] + 1 - d
                if k == 2:
                    want = -sums[2] / weights[2]
        live = not math.isnan(heights[n])
        assert m.raw == pytest.approx(want if live else math.nan, rel=1e-8, abs=1e-13, nan_ok=True)
        known += m.live > 0
    assert known > len(FED) / 3


@EACH
def test_bollinger_width_between_finals_takes_the_value_of_now(name: str) -> None:
    heights, known = _heights(name), 0
    for n, m in enumerate(run({"kind": "bollinger_width", "of": [name], "window": "80s"})):
        window = heights[[*finals_before(n)[-7:], n]]
        values = window[np.isfinite(window)]
        want = 4 * np.std(values) if len(values) >= 4 and np.isfinite(heights[n]) else math.nan
        assert m.raw == pytest.approx(want, rel=1e-9, abs=1e-15, nan_ok=True)
        known += m.live > 0
    assert known > len(FED) / 3


def test_windows_are_rounded_to_periods_and_at_least_one() -> None:
    for kind in ("rsi", "macd", "bollinger_width"):
        tiny = Indicator.model_validate({"name": "i", "kind": kind, "of": ["P1"], "window": "1s"})
        assert MARKET.periods(tiny.window) < 1
        assert len(run(tiny.model_dump(), PERIODS)) == len(PERIODS)
