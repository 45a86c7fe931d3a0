"""Illiquidity, against the papers' formulas written out, and the spread of a market that is known."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from models.signals.path import Observation
from tests.models.alone import CODES, FED, history, one_bar_a_period, run, weighted_mean


def _impact(seen: Observation, code: int) -> float:
    value = float(seen.volume[code] * seen.close[code]) / 1e6
    move = abs(float(seen.period_return[code])) / math.sqrt(seen.elapsed[code])
    return move / (value / seen.window.fraction) if value > 0 else math.nan


def _mean(said: list[float], seen: Observation, codes: list[int]) -> float:
    known = [v for v, c in zip(said, codes, strict=True) if seen.live[c] and not math.isnan(v)]
    return float(np.mean(known)) if known else math.nan


def test_amihud_is_its_definition_at_finals_and_between() -> None:
    codes = [CODES["P1"], CODES["Q1"]]
    for n, m in enumerate(run({"kind": "illiquidity_amihud", "of": ["P1", "Q1"]})):
        past, each = history(n), []
        for code in codes:
            measures = [(x, seen.window.fraction) for seen in past if not math.isnan(x := _impact(seen, code))]
            each.append(weighted_mean(measures, 5.0))
        assert m.raw == pytest.approx(_mean(each, past[-1], codes), rel=1e-10, nan_ok=True)


def test_amihud_of_whole_periods_is_the_papers() -> None:
    prices = np.exp(np.cumsum(np.random.default_rng(1).standard_normal(40) * 0.01))
    fed = one_bar_a_period({"P1": prices}, volume=2000.0)
    ratios = np.abs(np.diff(np.log(prices))) / (2000.0 * prices[1:]) * 1e6
    said = run({"kind": "illiquidity_amihud", "of": ["P1"], "half_life": "100d"}, fed)
    assert said[-1].raw == pytest.approx(ratios.mean(), rel=1e-4)


def test_a_period_without_volume_says_nothing() -> None:
    fed = one_bar_a_period({"P1": np.linspace(1, 2, 10)}, volume=0.0)
    assert all(math.isnan(m.raw) for m in run({"kind": "illiquidity_amihud", "of": ["P1"]}, fed))


def _paper(high: list[float], low: list[float], close: float, fraction: float = 1.0) -> float:
    """Corwin and Schultz (2012), equations 14, 18 and the overnight adjustment, in their letters."""
    if low[1] > close:
        gap = low[1] - close
        high, low = [high[0], high[1] - gap], [low[0], low[1] - gap]
    elif high[1] < close:
        gap = close - high[1]
        high, low = [high[0], high[1] + gap], [low[0], low[1] + gap]
    beta = math.log(high[0] / low[0]) ** 2 + math.log(high[1] / low[1]) ** 2 / fraction
    gamma = math.log(max(high) / min(low)) ** 2 * 2 / (1 + fraction)
    k = 3 - 2 * math.sqrt(2)
    alpha = (math.sqrt(2 * beta) - math.sqrt(beta)) / k - math.sqrt(gamma / k)
    return max(2 * (math.exp(alpha) - 1) / (1 + math.exp(alpha)), 0.0)


def test_corwin_schultz_is_its_definition_at_finals_and_between() -> None:
    code, known = CODES["P1"], set()
    for n, m in enumerate(run({"kind": "bid_ask_corwin_schultz", "of": ["P1"]})):
        past, measures = history(n), []
        for before, seen in pairwise(past):
            ranges = [(float(o.high[code]), float(o.low[code])) for o in (before, seen)]
            if all(h > low for h, low in ranges):
                high, low = zip(*ranges, strict=True)
                fraction = seen.window.fraction
                measures.append((_paper(list(high), list(low), float(before.close[code]), fraction), fraction))
        want = weighted_mean(measures, 5.0) if past[-1].live[code] else math.nan
        assert m.raw == pytest.approx(want, rel=1e-9, abs=1e-15, nan_ok=True)
        known.add(m.raw > 0)
    assert known == {True, False}


def _quoted(spread: float, seed: int, gap: float = 0.0) -> np.ndarray:
    """Trades at bid or ask around a random walk with gaps between periods: high, low, close of each, [periods, 3]."""
    rng = np.random.default_rng(seed)
    steps = rng.standard_normal((300, 400)) * 0.015 / 20
    steps[:, 0] += rng.standard_normal(300) * gap
    trades = np.exp(np.cumsum(steps).reshape(300, 400)) * (1 + spread / 2 * rng.choice([-1, 1], (300, 400)))
    return np.stack([trades.max(axis=1), trades.min(axis=1), trades[:, -1]], axis=1)


@pytest.mark.parametrize("gap", [0.0, 0.02])
def test_corwin_schultz_finds_the_spread(gap: float) -> None:
    found = {}
    for spread in (0.002, 0.02):
        fed = one_bar_a_period({"P1": _quoted(spread, 3, gap)})
        found[spread] = run({"kind": "bid_ask_corwin_schultz", "of": ["P1"], "half_life": "1d"}, fed)[-1].raw
    assert found[0.02] == pytest.approx(0.02, rel=0.25)
    assert found[0.002] < 0.01


def test_periods_without_a_range_or_a_neighbour_say_nothing() -> None:
    flat = one_bar_a_period({"P1": np.linspace(1, 2, 10)})
    assert all(math.isnan(m.raw) for m in run({"kind": "bid_ask_corwin_schultz", "of": ["P1"]}, flat))
    step_before = [m for m in run({"kind": "bid_ask_corwin_schultz", "of": ["P1"]}) if math.isnan(m.raw)]
    assert 0 < len(step_before) < len(FED)
