"""Bayesian online change-point detection on standardised forecast errors (Adams and MacKay 2007)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from models.signals.step import Floats, Step

HAZARD: Final = 1 / 250
"""Probability of a change at any final: one a year of sessions."""

LONGEST: Final = 400
"""Run lengths told apart; longer runs are taken together."""

RECENT: Final = 5
"""Finals within which a change counts as recent."""

BOUND: Final = 10.0
"""Errors are cut here, in scales."""

START: Final = (0.0, 1.0, 2.0, 2.0)
"""Normal-inverse-gamma prior of mean and variance: centre, weight, shape and rate: variance about one."""

_RUN: Final = np.arange(LONGEST, dtype=np.float64)
_WEIGHT: Final = START[1] + _RUN
_FREEDOM: Final = 2 * START[2] + _RUN
_LOG_GAMMAS: Final = np.array([math.lgamma((v + 1) / 2) - math.lgamma(v / 2) for v in _FREEDOM.tolist()])

_Change = tuple[Floats, Floats, Floats] | None


@dataclass(frozen=True, slots=True)
class ChangePoint:
    """Whether errors have changed their distribution.

    Attributes:
        recent: probability that the last change came within the last 5 labels, 0..1.
        run: most probable number of labels since the last change.
    """

    recent: float
    run: int


class ChangePoints(Step[float, ChangePoint, _Change]):
    """Posterior of the run length: labels since mean or variance of the errors changed.

    p(r + 1) ~ p(r) (1 - h) pi_r and p(0) ~ sum p(r) h pi_r, with pi_r the Student-t predictive of a normal with unknown
    mean and variance over the run, h = 1 / 250. Errors are of forecasts, not of the index: levels that wander are no
    changes. NaN teaches nothing.
    """

    name: ClassVar[str] = "change_points"
    fields: ClassVar[tuple[str, ...]] = ("probability", "mean", "rate")

    def __init__(self) -> None:
        """Before any label: a run of length zero."""
        self.probability: Floats = np.zeros(LONGEST)
        self.probability[0] = 1.0
        self.mean: Floats = np.full(LONGEST, START[0])
        self.rate: Floats = np.full(LONGEST, START[3])

    def advance(self, x: float) -> tuple[ChangePoint, _Change]:
        """The posterior with one more error."""
        if not math.isfinite(x):
            return _told(self.probability), None
        error = min(max(x, -BOUND), BOUND)
        probability = self._lengthened(error)
        distance = error - self.mean
        mean = self.mean + distance / (_WEIGHT + 1)
        rate = self.rate + _WEIGHT * distance * distance / (2 * (_WEIGHT + 1))
        return _told(probability), (probability, _shifted(mean, START[0]), _shifted(rate, START[3]))

    def commit(self, change: _Change) -> None:
        """Keeps the posterior."""
        if change is not None:
            self.probability, self.mean, self.rate = change

    def _lengthened(self, error: float) -> Floats:
        """Every run goes on or ends."""
        square = self.rate * (_WEIGHT + 1) / (_WEIGHT * (_FREEDOM / 2))
        log = _LOG_GAMMAS - 0.5 * np.log(np.pi * _FREEDOM * square)
        log = log - (_FREEDOM + 1) / 2 * np.log1p((error - self.mean) ** 2 / (_FREEDOM * square))
        joint = self.probability * np.exp(log)
        grown = _shifted(joint * (1 - HAZARD), HAZARD * joint.sum())
        grown[-1] += joint[-1] * (1 - HAZARD)
        found: Floats = grown / grown.sum()
        return found


def _shifted(values: Floats, first: float) -> Floats:
    """One run longer: what was at r is at r + 1."""
    moved: Floats = np.concatenate([[first], values[:-1]])
    return moved


def _told(probability: Floats) -> ChangePoint:
    return ChangePoint(float(probability[: RECENT + 1].sum()), int(probability.argmax()))
