"""Quantiles around a point forecast: its own past errors, scaled by how large errors are now."""

from __future__ import annotations

from typing import ClassVar, Final, NamedTuple

import numpy as np

from models.ensemble.levels import LEVEL
from models.signals.compiled import compiled
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
            change = _learned(squares, weights, ring, self.counts, x.errors.error, x.errors.scale)
            squares, weights, ring, _ = change
        scale = scales(squares, weights)
        return Spread(scale, x.centre[:, None] + scale[:, None] * scaled_quantiles(ring)), change

    def commit(self, change: _Change) -> None:
        """Keeps the errors."""
        if change is not None:
            self.squares, self.weights, self.ring, self.counts = change

    def scale_of(self, forecaster: int) -> float:
        """Scale of one forecaster's errors before this moment's, points; NaN while unknown."""
        return float(scales(self.squares, self.weights)[forecaster])


@compiled
def _learned(  # noqa: PLR0917  (plain arrays, as compiled code wants them)
    squares: Floats, weights: Floats, ring: Floats, counts: Ints, error: Floats, scale: Floats
) -> tuple[Floats, Floats, Floats, Ints]:
    """The state with one error of each forecaster that was awake."""
    new = 1 - 0.5 ** (1 / HALF_LIFE)
    squares, weights, ring, counts = squares.copy(), weights.copy(), ring.copy(), counts.copy()
    for k in range(len(error)):
        if np.isfinite(error[k]):
            squares[k] += new * (error[k] ** 2 - squares[k])
            weights[k] += new * (1 - weights[k])
        if np.isfinite(error[k] / scale[k]):
            ring[k, counts[k] % KEPT] = error[k] / scale[k]
            counts[k] += 1
    return squares, weights, ring, counts


@compiled
def scales(squares: Floats, weights: Floats) -> Floats:
    """Root of the weighted mean of squares; NaN before there is one, and where it is next to nothing."""
    found = np.full(len(squares), np.nan)
    for k in range(len(squares)):
        if weights[k] > 0 and squares[k] / weights[k] > TINY * TINY:
            found[k] = np.sqrt(squares[k] / weights[k])
    return found


def scaled_quantiles(ring: Floats) -> Floats:
    """Quantiles of each row's known values at `LEVELS`, float64[K, Q]; NaN with fewer than 20."""
    found = np.full((len(ring), len(LEVEL)), np.nan)
    _at_levels(np.sort(ring, axis=1), found)  # unknown ones last; numpy sorts several times as fast as compiled code
    return found


@compiled
def _at_levels(ordered: Floats, found: Floats) -> None:
    """Quantiles of sorted rows, into `found`."""
    for k in range(len(ordered)):
        row, n = ordered[k], int(np.isfinite(ordered[k]).sum())
        if n < LEAST:
            continue
        for q in range(len(LEVEL)):
            rank = min(max(LEVEL[q] * (n + 1) - 1, 0.0), n - 1.0)
            below = int(rank)
            high = row[min(below + 1, n - 1)]
            found[k, q] = row[below] + (rank - below) * (high - row[below])
