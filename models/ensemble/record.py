"""The live record of forecasts: skill against persistence, and coverage overall and in stress."""

from __future__ import annotations

from typing import ClassVar, Final, NamedTuple

import numpy as np

from models.ensemble.levels import LEVELS, pinball
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
        losses, hits = self.losses, self.hits
        change = None
        if x is not None:
            change = losses, hits = self._entered(x)
        told = hits[:, 2:] >= LEAST
        coverage = np.divide(hits[:, :2], hits[:, 2:], out=np.full((2, 2), np.nan), where=told)
        enough = (losses[2] >= LEAST) & (losses[1] > 0)
        ratio = np.divide(losses[0], losses[1], out=np.full_like(losses[0], np.nan), where=enough)
        return Standing(1 - ratio, coverage, (int(hits[0, 2]), int(hits[1, 2]))), change

    def commit(self, change: tuple[Floats, Floats] | None) -> None:
        """Keeps the record."""
        if change is not None:
            self.losses, self.hits = change

    def _entered(self, x: Outcome) -> tuple[Floats, Floats]:
        loss = pinball(x.quantiles, x.change).mean(axis=1)
        both = np.isfinite(loss) & np.isfinite(loss[0])
        keep = np.where(both, 0.5 ** (1 / MEMORY), 1.0)
        entered = np.where(both, np.stack([loss, np.full_like(loss, loss[0]), np.ones_like(loss)]), 0.0)
        losses = np.stack([keep, keep, np.ones_like(keep)]) * self.losses + entered
        within = [float(x.quantiles[-1, low] <= x.change <= x.quantiles[-1, high]) for low, high in BOUNDS]
        if not np.isfinite(loss[-1]):
            return losses, self.hits
        return losses, self.hits + np.array([[*within, 1.0]]) * np.array([[1.0], [float(x.stress)]])
