"""Where a value stands in its own past: recursive mid-ranks, one column for each series."""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np

from models.signals.compiled import compiled
from models.signals.step import Floats, Ints, Step

_FIRST_SIZE: Final = 256


class RecursiveRank(Step[Floats, Floats, Floats | None]):
    """Mid-rank of each value in the sample of past finals and itself: (less + (equal + 1) / 2) / (n + 1).

    n counts past finals, `less` and `equal` those below and at the value (index-methods 1.1, step 3; ties as in step
    2). In (0, 1); invariant to increasing transforms; never restated. NaN before `warm_up` finals, and NaN when the
    value and all of its past are one number: a constant series carries no information. NaN is neither ranked nor
    learned. Exact for the `capacity` most recent finals; older ones are forgotten in order.
    """

    name: ClassVar[str] = "rank"
    fields: ClassVar[tuple[str, ...]] = ("ring", "counts")

    def __init__(self, columns: int, warm_up: int, capacity: int) -> None:
        """For `columns` series; the memory grows to `capacity` values of each."""
        self.layout = (columns, warm_up, capacity)
        self._warm_up, self._capacity = max(warm_up, 1), capacity
        self.ring: Floats = np.full((columns, min(_FIRST_SIZE, capacity)), np.nan)
        """By series, values in order of arrival; the newest stands before `counts % capacity`."""
        self.counts: Ints = np.zeros(columns, np.int64)
        """By series, values ever learned."""
        self._sorted: Floats = _sorted(self.ring)

    def advance(self, x: Floats) -> tuple[Floats, Floats]:
        """Ranks of the values, float64[columns]."""
        ranks = np.full(len(x), np.nan)
        _rank(self._sorted, np.minimum(self.counts, self._capacity), self._warm_up, x, ranks)
        return ranks, x

    def commit(self, change: Floats | None) -> None:
        """Learns the values; None teaches nothing."""
        if change is None:
            return
        self._grow()
        _learn(self.ring, self._sorted, self.counts, self._capacity, change)

    def _grow(self) -> None:
        """Room for one more value of each series: sizes double up to the capacity."""
        columns, size = self.ring.shape
        if size < self._capacity and int(self.counts.max(initial=0)) >= size:
            more = min(size * 2, self._capacity) - size
            self.ring = np.concatenate([self.ring, np.full((columns, more), np.nan)], axis=1)
            self._sorted = np.concatenate([self._sorted, np.full((columns, more), np.inf)], axis=1)

    def _restored(self) -> None:
        self._sorted = _sorted(self.ring)


def _sorted(ring: Floats) -> Floats:
    """Each series in order of size, padded with infinity."""
    return np.sort(np.where(np.isnan(ring), np.inf, ring), axis=1)


@compiled
def _rank(rows: Floats, sizes: Ints, warm_up: int, x: Floats, ranks: Floats) -> None:
    """Mid-ranks of the values in the sorted rows, into `ranks`; NaN stays where there is no information."""
    for column in range(len(x)):
        past = sizes[column]
        if np.isnan(x[column]) or past < warm_up:
            continue
        less = np.searchsorted(rows[column, :past], x[column])
        equal = np.searchsorted(rows[column, :past], x[column], "right") - less
        if equal < past:
            ranks[column] = (less + (equal + 1) / 2) / (past + 1)


@compiled
def _learn(ring: Floats, rows: Floats, counts: Ints, capacity: int, values: Floats) -> None:
    """Values into the ring and into the sorted rows, the oldest out where they are full; in place."""
    for column in range(len(values)):
        value, count, row = values[column], counts[column], rows[column]
        if not np.isfinite(value):
            continue
        slot, size = count % capacity, min(count, capacity)
        if size == capacity:
            gone = np.searchsorted(row, ring[column, slot])
            row[gone : size - 1] = row[gone + 1 : size].copy()
            size -= 1
        at = np.searchsorted(row[:size], value)
        row[at + 1 : size + 1] = row[at:size].copy()
        row[at] = value
        ring[column, slot] = value
        counts[column] = count + 1
