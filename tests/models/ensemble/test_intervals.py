"""Intervals: the quantiles of past errors, in today's scale."""

from __future__ import annotations

import numpy as np
import pytest

from models.ensemble.intervals import HALF_LIFE, KEPT, LEAST, Asked, Errors, Intervals, scaled_quantiles
from models.ensemble.levels import LEVEL, MEDIAN


def test_scale_is_the_weighted_mean_of_squared_errors() -> None:
    step, rng = Intervals(1), np.random.default_rng(1)
    errors = rng.standard_normal(40)
    for error in errors:
        said = step.update(Asked(np.zeros(1), Errors(np.array([error]), np.ones(1))))
    weights = 0.5 ** (np.arange(40)[::-1] / HALF_LIFE)
    assert said.scale[0] == pytest.approx(np.sqrt((weights * errors**2).sum() / weights.sum()))


def test_quantiles_are_at_rank_q_n_plus_1() -> None:
    ring = np.full((1, KEPT), np.nan)
    ring[0, :99] = np.random.default_rng(1).permutation(99) + 1
    assert scaled_quantiles(ring)[0] == pytest.approx(100 * LEVEL)
    ring[0, LEAST - 1 :] = np.nan
    assert np.isnan(scaled_quantiles(ring)).all()


def test_errors_far_back_are_forgotten_and_sleep_costs_nothing() -> None:
    step = Intervals(2)
    for n in range(KEPT + LEAST):
        error = np.array([100.0 if n < LEAST else 1.0, np.nan])
        said = step.update(Asked(np.zeros(2), Errors(error, np.ones(2))))
    assert said.scale[0] == pytest.approx(1.0, abs=1e-3)
    assert said.quantiles[0] == pytest.approx(np.ones(len(LEVEL)), abs=1e-3)
    assert np.isnan(said.quantiles[1]).all()


def test_they_follow_the_middle() -> None:
    step = Intervals(1)
    for error in np.random.default_rng(1).standard_normal(200):
        step.update(Asked(np.zeros(1), Errors(np.array([error]), np.ones(1))))
    low, high = (step.peek(Asked(np.array([middle]), None)).quantiles[0, MEDIAN] for middle in (0.0, 5.0))
    assert high - low == pytest.approx(5.0)


def test_an_index_that_stands_still_has_no_scale() -> None:
    step = Intervals(1)
    for _ in range(50):
        said = step.update(Asked(np.zeros(1), Errors(np.zeros(1), np.ones(1))))
    assert np.isnan(said.scale[0])
