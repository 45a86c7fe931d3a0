"""Change points: against the recursion written out, and on planted changes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from models.change_points import HAZARD, START, ChangePoints


def by_hand(errors: np.ndarray) -> np.ndarray:
    """Run-length posterior by the predictive of every run, from its own errors."""
    centre, weight, shape, rate = START
    probability = np.array([1.0])
    for n, error in enumerate(errors):
        predictive = np.empty(n + 1)
        for run in range(n + 1):
            own = errors[n - run : n]
            k, a = weight + run, shape + run / 2
            mean = (weight * centre + own.sum()) / k
            b = rate + 0.5 * ((own - own.mean()) ** 2).sum() if run else rate
            b += weight * run * (own.mean() - centre) ** 2 / (2 * k) if run else 0.0
            predictive[run] = stats.t.pdf(error, 2 * a, mean, math.sqrt(b * (k + 1) / (a * k)))
        joint = probability * predictive
        probability = np.concatenate([[HAZARD * joint.sum()], joint * (1 - HAZARD)])
        probability /= probability.sum()
    return probability


def test_it_is_the_recursion() -> None:
    errors, step = np.random.default_rng(1).standard_normal(40), ChangePoints()
    for error in errors.tolist():
        said = step.update(error)
    wanted = by_hand(errors)
    assert step.probability[:41] == pytest.approx(wanted, abs=1e-10)
    assert said.recent == pytest.approx(wanted[:6].sum())
    assert said.run == int(wanted.argmax())


@pytest.mark.parametrize("change", [lambda x: x + 4, lambda x: 6 * x])
def test_a_planted_change_is_found_soon_and_calm_is_not(change: object) -> None:
    assert callable(change)
    errors, step = np.random.default_rng(2).standard_normal(330), ChangePoints()
    errors[300:] = change(errors[300:])
    said = [step.update(error) for error in errors.tolist()]
    assert max(s.recent for s in said[20:300]) < 0.5
    assert max(s.recent for s in said[300:310]) > 0.9
    assert said[-1].run == pytest.approx(30, abs=3)


def test_runs_longer_than_told_apart_stay_at_the_end() -> None:
    step = ChangePoints()
    for error in np.random.default_rng(2).standard_normal(900).tolist():
        said = step.update(error)
    assert said.run == 399
    assert step.probability.sum() == pytest.approx(1.0)
