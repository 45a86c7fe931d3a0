"""The live record of forecasts: skill against persistence, and coverage overall and in stress."""

from __future__ import annotations

from typing import ClassVar, Final, NamedTuple

import numpy as np

from models.ensemble.levels import LEVEL, LEVELS
from models.signals.compiled import compiled
from models.signals.step import Floats, Step

MEMORY: Final = 250.0
"""Half-life of the live skill, finals: a year of sessions."""

LEAST: Final = 60
"""Labels before skill or coverage is told."""

STRESS: Final = 90.0
"""Percentile of the index from which a forecast counts as made in stress: known when it is made."""

BOUNDS: Final = ((LEVELS.index(0.05), LEVELS.index(0.95)), (LEVELS.index(0.25), LEVELS.index(0.75)))
"""Intervals whose coverage is told: 90 and 50 per cent."""


class Outcome(NamedTuple):
    """Quantiles as published, float64[K, Q] (the first row is persistence, the last the ensemble; NaN asleep).

    `change` is what came, points; `stress` whether the forecast was made in stress.
    """

    quantiles: Floats
    change: float
    stress: bool


class Standing(NamedTuple):
    """How forecasts have done.

    Attributes:
        skill: 1 - loss / loss of persistence on the same occasions, lately, float64[K]; NaN with too few.
        coverage: share of labels within the ensemble's 90 and 50 per cent intervals, overall and in stress,
            float64[2 (overall, stress), 2 (90, 50)]; NaN with too few.
        labels: how many labels came, and how many of them in stress.
    """

    skill: Floats
    coverage: Floats
    labels: tuple[int, int]


class Record(Step[Outcome | None, Standing, tuple[Floats, Floats] | None]):
    """Sums of pinball losses with a half-life of 250 labels, and counts of hits."""

    name: ClassVar[str] = "record"
    fields: ClassVar[tuple[str, ...]] = ("losses", "hits")

    def __init__(self, rows: int) -> None:
        """For so many rows."""
        self.layout = (rows,)
        self.losses: Floats = np.zeros((3, rows))
        """Own losses, those of persistence on the same occasions, and labels."""
        self.hits: Floats = np.zeros((2, 3))
        """Overall and in stress: hits of either interval, and labels."""

    def advance(self, x: Outcome | None) -> tuple[Standing, tuple[Floats, Floats] | None]:
        """The record with the outcome that came."""
        losses, hits, change = self.losses, self.hits, None
        if x is not None:
            change = losses, hits = _entered(self.losses, self.hits, x.quantiles, x.change, x.stress)
        skill, coverage = _told(losses, hits)
        return Standing(skill, coverage, (int(hits[0, 2]), int(hits[1, 2]))), change

    def commit(self, change: tuple[Floats, Floats] | None) -> None:
        """Keeps the record."""
        if change is not None:
            self.losses, self.hits = change


@compiled
def _entered(losses: Floats, hits: Floats, quantiles: Floats, change: float, stress: bool) -> tuple[Floats, Floats]:
    """Losses and hits with one more outcome; rows that slept, or of which persistence slept, stay."""
    losses, hits, keep, last = losses.copy(), hits.copy(), 0.5 ** (1 / MEMORY), len(quantiles) - 1
    loss = np.zeros(len(quantiles))
    for k in range(len(quantiles)):
        for q in range(len(LEVEL)):
            beyond = change - quantiles[k, q]
            loss[k] += beyond * (LEVEL[q] - (1.0 if beyond < 0 else 0.0)) / len(LEVEL)
        if np.isfinite(loss[k]) and np.isfinite(loss[0]):
            losses[0, k] = keep * losses[0, k] + loss[k]
            losses[1, k] = keep * losses[1, k] + loss[0]
            losses[2, k] += 1
    if np.isfinite(loss[last]):
        for row in range(2 if stress else 1):
            for n in range(len(BOUNDS)):
                low, high = BOUNDS[n]
                hits[row, n] += quantiles[last, low] <= change <= quantiles[last, high]
            hits[row, 2] += 1
    return losses, hits


@compiled
def _told(losses: Floats, hits: Floats) -> tuple[Floats, Floats]:
    """Skill of each row and coverage, NaN with too few labels."""
    skill, coverage = np.full(losses.shape[1], np.nan), np.full((2, 2), np.nan)
    for k in range(losses.shape[1]):
        if losses[2, k] >= LEAST and losses[1, k] > 0:
            skill[k] = 1 - losses[0, k] / losses[1, k]
    for row in range(2):
        if hits[row, 2] >= LEAST:
            coverage[row] = hits[row, :2] / hits[row, 2]
    return skill, coverage
