"""How sure a figure of dependent days is: moving blocks, drawn again and again (Kuensch 1989)."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

DRAWS: Final = 1000
"""Draws of an interval; with as many its ends are known to about a tenth of its width."""

SEED: Final = 20251125
"""Fixed, so that the same input gives the same report."""

LEVEL: Final = 0.95
"""Share of the draws within an interval, two-sided."""

Interval = list[float] | None


@lru_cache(maxsize=16)
def block_counts(n: int, length: int, draws: int = DRAWS, seed: int = SEED) -> Floats:
    """How often each of n days is drawn, float64[draws, n]: blocks of `length` from anywhere, the last cut to fit.

    The same for every series of one length, and read-only: figures from one matrix are paired.
    """
    length = max(1, min(length, n))
    blocks = -(-n // length)
    starts = np.random.default_rng(seed).integers(0, n - length + 1, (draws, blocks))
    lengths = np.full(blocks, length)
    lengths[-1] = n - length * (blocks - 1)
    steps, rows = np.zeros((draws, n + 1)), np.arange(draws)[:, None]
    np.add.at(steps, (rows, starts), 1.0)
    np.add.at(steps, (rows, starts + lengths), -1.0)
    counts: Floats = np.cumsum(steps, axis=1)[:, :n]
    counts.setflags(write=False)
    return counts


def interval(values: Floats) -> Interval:
    """The middle 95 per cent of what was drawn, `[low, high]`; None where fewer than half of the draws say anything."""
    known = values[np.isfinite(values)]
    if 2 * len(known) <= len(values):
        return None
    tail = 100 * (1 - LEVEL) / 2
    low, high = np.percentile(known, [tail, 100 - tail])
    return [float(low), float(high)]


def correlations(x: Floats, y: Floats, counts: Floats) -> Floats:
    """Pearson correlation of x and y in each draw, float64[draws]; NaN where one of them does not vary."""
    x, y = x - x.mean(), y - y.mean()
    moments = counts @ np.column_stack([x, y, x * x, y * y, x * y]) / counts.sum(axis=1, keepdims=True)
    mean_x, mean_y, xx, yy, xy = moments.T
    spread = (xx - mean_x**2) * (yy - mean_y**2)
    drawn: Floats = np.divide(
        xy - mean_x * mean_y, np.sqrt(spread), out=np.full(len(spread), np.nan), where=spread > 1e-300
    )
    return drawn
