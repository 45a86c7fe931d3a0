"""Quantiles around a point forecast: its own past errors, scaled by how large errors are now."""

from __future__ import annotations

from typing import ClassVar, Final, NamedTuple

import numpy as np

from models.ensemble.levels import LEVEL
from models.signals.step import Floats, Ints, Step

HALF_LIFE: Final = 15.0
"""Of the scale, finals."""

KEPT: Final = 500
"""Scaled errors remembered."""

LEAST: Final = 20
"""Errors before there are quantiles."""

TINY: Final = 1e-6
"""Scales below this, points, are no scales: an index that stands still has no errors to learn from."""

_Change = tuple[Floats, Floats, Floats, Ints] | None


class Errors(NamedTuple):
    """What became of point forecasts: label minus forecast and the scale that it was made with, points, float64[K].

    NaN where a forecaster slept.
    """

    error: Floats
    scale: Floats


class Asked(NamedTuple):
    """Point forecasts, change in points, float64[K] (NaN asleep), and the errors that have come due, or None."""

    centre: Floats
    errors: Errors | None


class Spread(NamedTuple):
    """Scale of each forecaster's errors, float64[K], and its quantiles, float64[K, Q]; points, NaN while unknown."""

    scale: Floats
    quantiles: Floats


class Intervals(Step[Asked, Spread, _Change]):
    """centre + scale x quantile of the last 500 scaled errors, each forecaster by its own.

    The scale is the square root of an exponentially weighted mean of squared errors, half-life 15 finals, divided by
    the weight that it has gathered. Scaling does most of the work of holding coverage in stress (index-methods 6.4).
    The quantile at level q of n errors is the value at rank q (n + 1), between two of them linearly (split conformal,
    Vovk et al. 2005; Lei et al. 2018), the first or last one beyond.
    """

    name: ClassVar[str] = "intervals"
    fields: ClassVar[tuple[str, ...]] = ("squares", "weights", "ring", "counts")

    def __init__(self, forecasters: int) -> None:
        """For so many forecasters."""
        self.layout = (forecasters, KEPT)
        self.squares: Floats = np.zeros(forecasters)
        self.weights: Floats = np.zeros(forecasters)
        self.ring: Floats = np.full((forecasters, KEPT), np.nan)
        """Scaled errors; NaN where there is none yet."""
        self.counts: Ints = np.zeros(forecasters, np.int64)

    def advance(self, x: Asked) -> tuple[Spread, _Change]:
        """Scales and quantiles, with the errors that came due."""
        squares, weights, ring, change = self.squares, self.weights, self.ring, None
        if x.errors is not None:
            change = squares, weights, ring, _ = self._learned(x.errors)
        scale = _scale(squares, weights)
        return Spread(scale, x.centre[:, None] + scale[:, None] * scaled_quantiles(ring)), change

    def commit(self, change: _Change) -> None:
        """Keeps the errors."""
        if change is not None:
            self.squares, self.weights, self.ring, self.counts = change

    def scale_of(self, forecaster: int) -> float:
        """Scale of one forecaster's errors before this moment's, points; NaN while unknown."""
        return float(_scale(self.squares, self.weights)[forecaster])

    def _learned(self, x: Errors) -> tuple[Floats, Floats, Floats, Ints]:
        new = np.where(np.isfinite(x.error), 1 - 0.5 ** (1 / HALF_LIFE), 0.0)
        square = np.where(np.isfinite(x.error), x.error, 0.0) ** 2
        ring, counts = self.ring.copy(), self.counts.copy()
        scaled = x.error / x.scale
        known = np.flatnonzero(np.isfinite(scaled))
        ring[known, counts[known] % KEPT] = scaled[known]
        counts[known] += 1
        return (
            self.squares + new * (square - self.squares), self.weights + new * (1 - self.weights), ring, counts
        )  # fmt: skip


def _scale(squares: Floats, weights: Floats) -> Floats:
    scale = np.sqrt(np.divide(squares, weights, out=np.full_like(squares, np.nan), where=weights > 0))
    return np.where(scale > TINY, scale, np.nan)


def scaled_quantiles(ring: Floats) -> Floats:
    """Quantiles of each row's known values at `LEVELS`, float64[K, Q]; NaN with fewer than 20."""
    ordered = np.sort(ring, axis=1)  # NaN comes last
    n = np.count_nonzero(np.isfinite(ring), axis=1)[:, None]
    rank = np.clip(LEVEL * (n + 1) - 1, 0, np.maximum(n - 1, 0))
    below = np.floor(rank).astype(np.intp)
    above = np.minimum(below + 1, np.maximum(n - 1, 0))
    low, high = np.take_along_axis(ordered, below, 1), np.take_along_axis(ordered, above, 1)
    found: Floats = np.where(n >= LEAST, low + (rank - below) * (high - low), np.nan)
    return found
