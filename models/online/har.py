"""HAR, the yardstick of volatility forecasts, learned recursively: on levels and on logarithms."""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np

from models.features import Schema
from models.online.question import Question
from models.signals.compiled import compiled
from models.signals.step import Floats, Step

LABELS: Final = ("har", "har_log")

MEMORY: Final = 2_000.0
"""Half-life of lessons, finals: eight years of sessions."""

PRIOR: Final = 1.0
"""Variance of the coefficients around persistence, before any lesson."""

LEAST: Final = 1e-3
"""Scales below this, points, weigh no more than it."""

LARGEST: Final = 1e6
"""Trace of the covariance up to which the past is forgotten: a dead market must not blow it up."""

_Change = tuple[Floats, Floats]


class RecursiveHar(Step[Question, Floats, _Change]):
    """index(t + h) = b0 + b1 index + b2 mean of 5 + b3 mean of 22 (Corsi 2009), by recursive least squares.

    Both regressions, of the index and of log(1 + index), begin at persistence (b1 = 1) and forget exponentially
    (Ljung and Soderstrom 1983): k = P x / (d / w + x' P x), b += k (y - x' b), P = (P - k x' P) / d. The weight w of a
    lesson is the inverse of the squared scale of changes when it began: a fit on loud years alone is no yardstick. The
    answer is the change that they expect, points, float64[2].
    """

    name: ClassVar[str] = "har"
    fields: ClassVar[tuple[str, ...]] = ("theta", "covariance")

    def __init__(self, schema: Schema) -> None:
        """Of a schema of features."""
        self.layout = (schema.hash,)
        self._at = np.array([schema.names.index(name) for name in ("index", "above_mean_5", "above_mean_22")], np.intp)
        self.theta: Floats = np.tile([0.0, 1.0, 0.0, 0.0], (2, 1))
        self.covariance: Floats = np.tile(PRIOR * np.eye(4), (2, 1, 1))

    def advance(self, x: Question) -> tuple[Floats, _Change]:
        """Expected changes, with the lesson learned first."""
        theta, covariance = self.theta, self.covariance
        if x.lesson is not None:
            past, index = regressors(x.lesson.raw[self._at]), x.lesson.raw[self._at[0]] + x.lesson.change
            weight = 1 / max(x.lesson.scale, LEAST) ** 2 if x.lesson.scale > 0 else 1.0
            theta, covariance = taught(theta, covariance, past, both(index), weight)
        return expected(theta, regressors(x.raw[self._at])), (theta, covariance)

    def commit(self, change: _Change) -> None:
        """Keeps what was learned."""
        self.theta, self.covariance = change


@compiled
def both(index: float) -> Floats:
    """A value as level and as logarithm."""
    return np.array([index, np.log1p(max(index, 0.0))])


@compiled
def regressors(known: Floats) -> Floats:
    """1, index, and means of 5 and 22, as levels and as logarithms, float64[2, 4]; unknown means are the index.

    Args:
        known: index, and how far it stands above its means of 5 and 22.
    """
    found = np.ones((2, 4))
    for j in range(3):
        mean = known[0] - (known[j] if j > 0 and np.isfinite(known[j]) else 0.0)
        found[:, j + 1] = both(mean)
    return found


@compiled
def expected(theta: Floats, x: Floats) -> Floats:
    """Changes of the index that both regressions expect, which stays within 0..100, float64[2]."""
    level, log = (theta[0] * x[0]).sum(), (theta[1] * x[1]).sum()
    ahead = np.array([level, np.expm1(min(max(log, 0.0), np.log(101.0)))])
    found: Floats = np.minimum(np.maximum(ahead, 0.0), 100.0) - x[0, 1]
    return found


@compiled
def taught(theta: Floats, covariance: Floats, x: Floats, y: Floats, weight: float) -> _Change:
    """Coefficients and covariances after one more row of a weight, for k regressions: x is float64[k, j]."""
    keep, n = 0.5 ** (1 / MEMORY), x.shape[1]
    new_theta, new_covariance = theta.copy(), covariance.copy()
    for k in range(len(x)):
        px = np.zeros(n)
        for i in range(n):
            for j in range(n):
                px[i] += covariance[k, i, j] * x[k, j]
        gain = px / (keep / weight + (px * x[k]).sum())
        new_theta[k] += gain * (y[k] - (theta[k] * x[k]).sum())
        trace = 0.0
        for i in range(n):
            for j in range(n):  # half of each, so that it stays symmetric
                new_covariance[k, i, j] -= (gain[i] * px[j] + gain[j] * px[i]) / 2
            trace += new_covariance[k, i, i]
        if trace < LARGEST:
            new_covariance[k] /= keep
    return new_theta, new_covariance
