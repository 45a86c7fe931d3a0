"""HAR, the yardstick of volatility forecasts, learned recursively: on levels and on logarithms."""

from __future__ import annotations

import math
from typing import ClassVar, Final

import numpy as np

from models.features import Schema
from models.online.question import Question
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
        self._at = [schema.names.index(name) for name in ("index", "above_mean_5", "above_mean_22")]
        self.theta: Floats = np.tile([0.0, 1.0, 0.0, 0.0], (2, 1))
        self.covariance: Floats = np.tile(PRIOR * np.eye(4), (2, 1, 1))

    def advance(self, x: Question) -> tuple[Floats, _Change]:
        """Expected changes, with the lesson learned first."""
        theta, covariance = self.theta, self.covariance
        if x.lesson is not None:
            index = x.lesson.raw[self._at[0]] + x.lesson.change
            weight = 1 / max(x.lesson.scale, LEAST) ** 2 if x.lesson.scale > 0 else 1.0
            theta, covariance = taught(theta, covariance, self._regressors(x.lesson.raw), _both(index), weight)
        level, log = np.einsum("kj,kj->k", theta, self._regressors(x.raw))
        index = x.raw[self._at[0]]
        ahead = np.array([level, math.expm1(min(max(log, 0.0), math.log(101.0)))])
        return np.clip(ahead, 0.0, 100.0) - index, (theta, covariance)

    def commit(self, change: _Change) -> None:
        """Keeps what was learned."""
        self.theta, self.covariance = change

    def _regressors(self, raw: Floats) -> Floats:
        """1, index, and means of 5 and 22, as levels and as logarithms, float64[2, 4]; unknown means are the index."""
        index, week, month = raw[self._at]
        means = index - np.nan_to_num(np.array([week, month]))
        return np.stack([np.concatenate([[1.0, level[0]], level[1:]]) for level in _both(np.array([index, *means]))])


def _both(index: Floats | float) -> Floats:
    """A value as level and as logarithm."""
    return np.stack([np.asarray(index, np.float64), np.log1p(np.maximum(index, 0.0))])


def taught(theta: Floats, covariance: Floats, x: Floats, y: Floats, weight: float) -> _Change:
    """Coefficients and covariances after one more row of a weight, for k regressions: x is float64[k, j]."""
    keep = 0.5 ** (1 / MEMORY)
    px = np.einsum("kij,kj->ki", covariance, x)
    gain = px / (keep / weight + np.einsum("ki,ki->k", px, x))[:, None]
    theta = theta + gain * (y - np.einsum("kj,kj->k", theta, x))[:, None]
    covariance = covariance - gain[:, :, None] * px[:, None, :]
    covariance = (covariance + covariance.transpose(0, 2, 1)) / 2
    grown = np.trace(covariance, axis1=1, axis2=2) < LARGEST
    return theta, covariance / np.where(grown, keep, 1.0)[:, None, None]
