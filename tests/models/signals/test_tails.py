"""Tail scores, against SciPy-free moments and the distribution they are fitted to."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.signals.tails import DECADES, PRIOR, PRIOR_FINALS, THRESHOLD, Standing, TailScore


def _fed(z: np.ndarray) -> TailScore:
    step = TailScore(1)
    for value in z:
        step.update(Standing(np.array([0.5]), np.array([value])))
    return step


def _score(step: TailScore, z: float, rank: float = 0.99) -> float:
    return float(step.peek(Standing(np.array([rank]), np.array([z])))[0])


def test_below_the_threshold_it_is_the_rank() -> None:
    step = TailScore(2)
    found = step.peek(Standing(np.array([0.9, 0.0]), np.array([1.0, 2.0])))
    assert found.tolist() == pytest.approx([-math.log10(0.1) / DECADES, 0.0])


def test_beyond_it_it_is_the_fitted_tail_at_every_prefix() -> None:
    z = np.random.default_rng(2).standard_t(3, 400).clip(-2, 8)
    step = TailScore(1)
    for n, value in enumerate(z):
        past = z[:n][z[:n] > THRESHOLD] - THRESHOLD
        count = PRIOR + len(past)
        mean = (PRIOR + past.sum()) / count
        variance = (2 * PRIOR + (past**2).sum()) / count - mean**2
        xi = min(max((1 - mean**2 / variance) / 2, -0.5), 0.45)
        sigma = mean * (1 - xi)
        tail = max(1 + xi * (5.0 - THRESHOLD) / sigma, 1e-12) ** (-1 / xi) if abs(xi) > 1e-9 else math.exp(-3 / sigma)
        chance = count / (n + PRIOR_FINALS) * tail
        want = -math.log10(min(max(chance, 10**-DECADES), 1)) / DECADES
        assert _score(step, 5.0) == pytest.approx(want, rel=1e-6, abs=1e-9)
        step.update(Standing(np.array([0.5]), np.array([value])))


def test_worse_than_ever_still_scores_higher() -> None:
    """A rank saturates at the worst of the past; the tail goes on."""
    step = _fed(np.abs(np.random.default_rng(4).standard_normal(2000)) * 1.2)
    scores = [_score(step, z, rank=0.9999) for z in (3.0, 4.0, 5.0, 6.0)]
    assert scores == sorted(scores)
    assert len(set(scores)) == 4


def test_it_recovers_the_probabilities_of_an_exponential_tail() -> None:
    rng = np.random.default_rng(6)
    z = np.where(rng.random(60_000) < 0.05, 2 + rng.exponential(0.5, 60_000), 0.0)
    step = _fed(z)
    assert 10 ** (-DECADES * _score(step, 3.0)) == pytest.approx(0.05 * math.exp(-2), rel=0.1)


def test_nothing_is_said_of_the_unknown() -> None:
    assert math.isnan(_score(TailScore(1), math.nan, math.nan))
    assert math.isnan(_score(TailScore(1), 1.0, math.nan))
