"""Where a value stands in its own past: causal z-scores, one column for each series."""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np

from models.signals.compiled import compiled
from models.signals.step import Floats, Ints, Step

LOW: Final = -2.0
HIGH: Final = 8.0
"""Z-scores are cut here, so that one outlier cannot carry the index: calm is bounded by nature (a volatility is seldom
two of its deviations below its mean), stress is not (2008 stood at six to nine), hence the asymmetry. On 0..1, and so
on the index's 0..100, the average of the past is 0.2 and each standard deviation 0.1."""


class CausalZ(Step[Floats, Floats, Floats | None]):
    """(x - mean) / sd of all past finals, cut at -2 and 8.

    Mean and sum of squares by Welford's recursion (centre before squaring). The value itself is not in the sample.
    NaN before `warm_up` finals and for a series without variation; NaN is not learned.
    """

    name: ClassVar[str] = "zscore"
    fields: ClassVar[tuple[str, ...]] = ("mean", "squares", "counts")

    def __init__(self, columns: int, warm_up: int) -> None:
        """For `columns` series; a standard deviation needs two finals at least."""
        self.layout = (columns, warm_up)
        self._warm_up = max(warm_up, 2)
        self.mean: Floats = np.zeros(columns)
        self.squares: Floats = np.zeros(columns)
        """Sums of squared distances from the mean."""
        self.counts: Ints = np.zeros(columns, np.int64)

    def advance(self, x: Floats) -> tuple[Floats, Floats | None]:
        """Z-scores of the values, float64[columns]."""
        z = np.empty(len(x))
        _score(self.mean, self.squares, self.counts, self._warm_up, x, z)
        return z, x

    def commit(self, change: Floats | None) -> None:
        """Learns the values; None teaches nothing."""
        if change is not None:
            _learn(self.mean, self.squares, self.counts, change)


@compiled
def _score(  # noqa: PLR0917  (kernels take arrays, not objects)
    mean: Floats, squares: Floats, counts: Ints, warm_up: int, x: Floats, z: Floats
) -> None:
    """Z-scores of the values, into `z`."""
    for k in range(len(x)):
        z[k] = np.nan
        if np.isfinite(x[k]) and counts[k] >= warm_up and squares[k] > 0:
            z[k] = min(max((x[k] - mean[k]) / np.sqrt(squares[k] / (counts[k] - 1)), LOW), HIGH)


@compiled
def _learn(mean: Floats, squares: Floats, counts: Ints, x: Floats) -> None:
    """Mean, squares and counts with the values, in place."""
    for k in range(len(x)):
        if np.isfinite(x[k]):
            distance = x[k] - mean[k]
            counts[k] += 1
            mean[k] += distance / counts[k]
            squares[k] += distance * (x[k] - mean[k])


def unit(z: Floats) -> Floats:
    """Z-scores on 0..1, linearly: 0.2 is the average of the past; NaN stays."""
    return (z - LOW) / (HIGH - LOW)
