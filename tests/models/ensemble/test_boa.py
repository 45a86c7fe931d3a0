"""Aggregation: the best gains weight, a newcomer begins small, and the whole is no worse than the best for long."""

from __future__ import annotations

import numpy as np
import pytest

from models.ensemble.boa import Boa, Gathering, Judged
from models.ensemble.levels import LEVEL, LEVELS, pinball

TRUE = np.array([-1.645, -1.036, -0.674, -0.385, 0.0, 0.385, 0.674, 1.036, 1.645])


def play(shifts: list[np.ndarray], awake_from: list[int], finals: int = 1500) -> tuple[np.ndarray, np.ndarray]:
    """Weights along the way and losses of experts and, last, of the mixture; experts are off by their shifts."""
    boa, rng, weights, losses = Boa((1.0, 1.0, 0.25)), np.random.default_rng(3), [], []
    judged = None
    for n in range(finals):
        rows = np.stack([TRUE + shift[n] if n >= start else np.full(9, np.nan)
                         for shift, start in zip(shifts, awake_from, strict=True)])  # fmt: skip
        weight = boa.update(Gathering(np.isfinite(rows[:, 0]), judged))
        mixture = np.where(weight > 0, weight * np.nan_to_num(rows), 0).sum(axis=0)
        y = float(rng.standard_normal())
        judged = Judged(rows, mixture, y, 1.0)
        weights.append(weight)
        losses.append([*pinball(rows, y).mean(axis=1), pinball(mixture, y).mean()])
    return np.array(weights), np.array(losses)


def test_the_best_expert_gets_the_weight() -> None:
    weights, losses = play([np.full(1500, s) for s in (0.5, 0.0, 0.4)], [0, 0, 0])
    assert weights[-1, 1].mean() > 0.7
    assert losses[500:, -1].mean() < losses[500:, 1].mean() * 1.01


def test_who_led_can_be_overtaken() -> None:
    first = np.where(np.arange(1500) < 750, 0.0, 1.0)
    weights, _ = play([first, 1.0 - first, np.full(1500, 2.0)], [0, 0, 0])
    assert weights[740, 0].mean() > 0.7
    assert weights[-1, 1].mean() > 0.7


def test_a_sleeper_has_no_weight_and_enters_with_its_prior() -> None:
    weights, _ = play([np.zeros(1500)] * 3, [0, 0, 800])
    assert not weights[:800, 2].any()
    assert weights[:, :2].sum(axis=1)[:800] == pytest.approx(1.0)
    assert weights[800, 2] == pytest.approx(np.full(len(LEVELS), 0.25 / 2.25))


def test_weights_sum_to_one_and_to_nothing_when_all_sleep() -> None:
    boa = Boa((1.0, 2.0))
    assert boa.peek(Gathering(np.array([True, True]), None)).sum(axis=0) == pytest.approx(np.ones(len(LEVEL)))
    assert not boa.peek(Gathering(np.array([False, False]), None)).any()
