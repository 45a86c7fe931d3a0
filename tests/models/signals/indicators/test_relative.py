"""Volatility of one input beside another, against explicit sums at finals and between, and statsmodels for beta."""

from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm

from models.signals.correlation import KNOWN_FROM
from models.signals.path import Observation
from tests.models.alone import CODES, FED, history, one_bar_a_period, run, weighted_mean


def _joint(past: list[Observation], first: str, second: str) -> list[tuple[float, float, float]]:
    """(u1, u2, periods) of the periods in which both have a return."""
    found = []
    for seen in past:
        (r, a), (s, b) = ((float(seen.period_return[c]), float(seen.elapsed[c])) for c in (CODES[first], CODES[second]))
        if not math.isnan(r + s):
            found.append((r / math.sqrt(a), s / math.sqrt(b), max(a, b)))
    return found


def _live(seen: Observation, *names: str) -> bool:
    return all(bool(seen.live[CODES[name]]) for name in names)


@pytest.mark.parametrize(("first", "second"), [("P1", "P2"), ("S1", "R1"), ("P1", "Q1")])
def test_spread_volatility_is_its_definition(first: str, second: str) -> None:
    known = 0
    for n, m in enumerate(run({"kind": "spread_volatility", "of": [first, second]})):
        past = history(n)
        squares = [((u - v) ** 2, a) for u, v, a in _joint(past, first, second)]
        want = math.sqrt(weighted_mean(squares, 5.0)) if squares and _live(past[-1], first, second) else math.nan
        assert m.raw == pytest.approx(want, rel=1e-11, nan_ok=True)
        assert m.live == (not math.isnan(want))
        known += m.live > 0
    assert known > 0


def test_between_prices_it_is_the_volatility_of_the_log_of_their_ratio() -> None:
    rng = np.random.default_rng(4)
    one, two = np.exp(np.cumsum(rng.standard_normal((2, 60)) * 0.01, axis=1))
    together = run({"kind": "spread_volatility", "of": ["P1", "P2"]}, one_bar_a_period({"P1": one, "P2": two}))
    ratio = run({"kind": "realized_volatility", "of": ["P1"]}, one_bar_a_period({"P1": one / two}))
    np.testing.assert_allclose([m.raw for m in together], [m.raw for m in ratio], rtol=1e-12)


def test_idiosyncratic_volatility_is_what_a_weighted_regression_on_the_past_leaves() -> None:
    known = 0
    for n, m in enumerate(run({"kind": "idiosyncratic_volatility", "of": ["P2", "P1"], "half_life": "90s"})):
        joint = _joint(history(n), "P2", "P1")
        squares = []
        for t in range(KNOWN_FROM, len(joint)):
            y, x = np.array([j[:2] for j in joint[:t]]).T
            beta = sm.WLS(y, x, weights=0.5 ** (np.arange(t)[::-1] / 30)).fit().params[0]
            squares.append(((joint[t][0] - beta * joint[t][1]) ** 2, joint[t][2]))
        want = math.sqrt(weighted_mean(squares, 9.0)) if squares else math.nan
        assert m.raw == pytest.approx(want, rel=1e-9, nan_ok=True)
        known += m.live > 0
    assert known > len(FED) / 4


def test_what_the_market_explains_does_not_count() -> None:
    rng = np.random.default_rng(5)
    market = np.cumsum(rng.standard_normal(300) * 0.02)
    own = np.cumsum(rng.standard_normal(300) * 0.003)
    fed = one_bar_a_period({"P1": np.exp(market), "P2": np.exp(1.5 * market + own)})
    said = run({"kind": "idiosyncratic_volatility", "of": ["P2", "P1"]}, fed)
    whole = run({"kind": "realized_volatility", "of": ["P2"]}, fed)
    assert np.mean([m.raw for m in said[100:]]) == pytest.approx(0.003, rel=0.1)
    assert np.mean([m.raw for m in whole[100:]]) > 0.02


def test_a_market_that_stands_still_explains_nothing() -> None:
    moves = np.exp(np.cumsum(np.random.default_rng(6).standard_normal(30) * 0.01))
    fed = one_bar_a_period({"P1": np.full(30, 5.0), "P2": moves})
    said = run({"kind": "idiosyncratic_volatility", "of": ["P2", "P1"]}, fed)
    assert math.isnan(said[KNOWN_FROM].raw)
    assert said[-1].raw > 0
