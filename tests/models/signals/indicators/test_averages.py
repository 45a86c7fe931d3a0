"""Weighted means of indicators, against their explicit sums."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.signals.indicators import build
from models.signals.indicators.averages import Averaged, eased_all
from models.signals.step import StateVersionError
from models.signals.volatility import average, eased
from schemas.indicator import Indicator
from tests.models.alone import MARKET, weighted_mean

values = st.lists(st.tuples(st.floats(-1e3, 1e3) | st.just(math.nan), st.floats(0.01, 3)), max_size=30)


@settings(deadline=None)  # its first call compiles
@given(values, st.floats(0.2, 50))
def test_the_mean_is_the_explicit_one_at_every_prefix(seen: list[tuple[float, float]], half_life: float) -> None:
    sums = weights = 0.0
    for n, (x, periods) in enumerate(seen, start=1):
        sums, weights = eased(sums, weights, x, 1 - 0.5 ** (periods / half_life))
        known = [m for m in seen[:n] if not math.isnan(m[0])]
        assert average(sums, weights) == pytest.approx(weighted_mean(known, half_life), rel=1e-9, abs=1e-9, nan_ok=True)


def test_all_at_once_is_one_by_one() -> None:
    memory, x = np.array([[1.0, 2.0], [0.5, 0.0]]), np.array([3.0, math.nan])
    new, means = np.empty((2, 2)), np.empty(2)
    eased_all(memory, x, np.array([0.9, 0.8]), 0.5, new, means)
    for k, keep in enumerate((0.9, 0.8)):
        alone = eased(memory[0, k], memory[1, k], x[k], 1 - keep**0.5)
        assert tuple(new[:, k]) == alone
        np.testing.assert_equal(means[k], average(*alone))
    assert math.isnan(means[1])


def test_a_period_cut_in_two_weighs_as_much_as_one() -> None:
    whole = eased(0.2, 0.3, 7.0, 1 - 0.9)
    assert eased(*eased(0.2, 0.3, 7.0, 1 - 0.9**0.4), 7.0, 1 - 0.9**0.6) == pytest.approx(whole, rel=1e-14)


def _built(**changes: Any) -> Averaged:
    fields = {"name": "i", "kind": "illiquidity_amihud", "of": ["P1", "P2"]}
    step = build(MARKET, Indicator.model_validate(fields | changes))
    assert isinstance(step, Averaged)
    return step


def test_the_half_life_is_the_markets_or_the_indicators_own() -> None:
    assert _built().keep == pytest.approx(np.full(2, 0.5 ** (1 / 5)))
    assert _built(half_life="90s").keep == pytest.approx(np.full(2, 0.5 ** (1 / 9)))
    with pytest.raises(StateVersionError, match="90000000"):
        _built(half_life="90s").restore(_built().snapshot())
