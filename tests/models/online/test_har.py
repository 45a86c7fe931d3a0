"""HAR: it begins at persistence, and finds the coefficients of least squares."""

from __future__ import annotations

import numpy as np
import pytest

from models.features import Schema
from models.online import har
from models.online.har import RecursiveHar, taught
from models.online.question import Question
from tests.models import score_samples, tape

SCHEMA = Schema.of(tape.market())


def test_before_any_lesson_it_is_persistence() -> None:
    raw = np.full(len(SCHEMA.names), np.nan)
    raw[SCHEMA.names.index("index")] = 37.0
    assert RecursiveHar(SCHEMA).peek(Question(raw, raw, np.nan, None)) == pytest.approx([0.0, 0.0], abs=1e-9)


def test_recursion_is_weighted_least_squares_with_a_prior(monkeypatch: pytest.MonkeyPatch) -> None:
    """Against the closed form: (sum d^(n-i) w x x' + d^n I / P) b = sum d^(n-i) w x y + d^n b0 / P."""
    monkeypatch.setattr(har, "MEMORY", 50.0)
    rng, keep = np.random.default_rng(1), 0.5 ** (1 / 50)
    theta, covariance = np.array([[0.0, 1.0, 0.0, 0.0]]), har.PRIOR * np.eye(4)[None]
    left, right = np.eye(4) / har.PRIOR, np.array([0.0, 1.0, 0.0, 0.0]) / har.PRIOR
    for _ in range(200):
        x, w = rng.standard_normal(4), float(rng.uniform(0.1, 3))
        y = x @ [0.5, 0.8, -0.3, 0.1] + 0.1 * rng.standard_normal()
        theta, covariance = taught(theta, covariance, x[None], np.array([y]), w)
        left, right = keep * left + w * np.outer(x, x), keep * right + w * x * y
    assert theta[0] == pytest.approx(np.linalg.solve(left, right), abs=1e-8)


def test_a_dead_market_does_not_blow_it_up() -> None:
    theta, covariance = np.zeros((1, 4)), np.eye(4)[None]
    for _ in range(60_000):
        theta, covariance = taught(theta, covariance, np.array([[1.0, 2.0, 2.0, 2.0]]), np.array([2.0]), 1.0)
    assert np.trace(covariance[0]) < 2 * har.LARGEST
    assert theta[0] @ [1, 2, 2, 2] == pytest.approx(2.0)


def test_it_learns_that_an_index_returns_to_its_mean() -> None:
    step, errors = RecursiveHar(SCHEMA), []
    for question in score_samples.questions(score_samples.seen()):
        said = step.update(question)
        assert np.isfinite(said).all()
        errors.append(said[0] * (20 - question.raw[0]) > 0)
    assert np.mean(errors[80:]) > 0.5
