"""What is odd about the inputs of a moment: silent ones, frozen ones, and moves further than ever before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from models.signals.compiled import compiled
from models.signals.moves import bounded
from models.signals.path import Observation
from models.signals.step import Flags, Floats, Ints, Step
from schemas.market import Market

USUAL: Final = 0.9
"""Share of finals with a value from which one without is odd: monthly releases and dead series are not missed."""

RUN: Final = 5
"""Finals with the same value below which nobody asks."""

FURTHER: Final = 1.5
"""How many times as far as ever before a move is odd: records by a little are how records are made."""

LEARNED: Final = 60
"""Finals with a value that an input needs before anything about it is odd."""

FINALS, VALUES, SAME, LONGEST = range(4)
"""Rows of the counts: finals since the first value, those with a value, how long it has stood, and the longest ever."""

LAST, FURTHEST = range(2)
"""Rows of the values: that of the last final with one, and the largest move."""

_Change = tuple[Ints, Floats]


@dataclass(frozen=True, slots=True)
class Oddities:
    """What is odd about each instrument, by its own past; arrays are [N].

    Attributes:
        silent: whole periods that an input which usually speaks has been without a value; 0 for the others.
        frozen: finals that its value has stood, where that is longer than ever before; 0 for the others.
        leap: how many times as far as ever before it moved in this period, where that is odd; 0 for the others.
    """

    silent: Ints
    frozen: Ints
    leap: Floats


class InputWatch(Step[Observation, Oddities, _Change]):
    """Judges each instrument by its own past, so that no threshold in points or per cent has to be made up.

    A rejected print leaves its period without a value, a feed that died is silent, a vendor that repeats itself
    freezes, a bad print leaps. None of it changes the index: it is said beside it.
    """

    name: ClassVar[str] = "inputs"
    fields: ClassVar[tuple[str, ...]] = ("counts", "values")

    def __init__(self, market: Market) -> None:
        """Of a market's instruments."""
        self.layout = tuple(i.name for i in market.instrument)
        n = len(market.instrument)
        self.counts: Ints = np.zeros((4, n), np.int64)
        self.values: Floats = np.tile([[np.nan], [0.0]], n)

    def advance(self, x: Observation) -> tuple[Oddities, _Change]:
        """What is odd with the period so far."""
        counts, values = np.empty_like(self.counts), np.empty_like(self.values)
        silent, frozen = np.empty((2, counts.shape[1]), np.int64)
        leap = np.empty(counts.shape[1])
        _watch(
            x.close, x.period_return, x.elapsed, x.fresh, self.counts, self.values, counts, values, silent, frozen, leap
        )
        return Oddities(silent, frozen, leap), (counts, values)

    def commit(self, change: _Change) -> None:
        """Closes the period."""
        self.counts, self.values = change


@compiled
def _watch(  # noqa: PLR0917  (one loop over plain arrays, as compiled code wants it)
    close: Floats, returns: Floats, elapsed: Floats, fresh: Flags, counts: Ints, values: Floats,
    new_counts: Ints, new_values: Floats, silent: Ints, frozen: Ints, leap: Floats,
) -> None:  # fmt: skip
    """Counts and values after the period so far, and what is odd about it."""
    new_counts[:], new_values[:] = counts, values
    silent[:], frozen[:], leap[:] = 0, 0, 0.0
    for c in range(len(fresh)):
        known = counts[VALUES, c] >= LEARNED
        if fresh[c] or counts[FINALS, c] > 0:
            new_counts[FINALS, c] += 1
        if not fresh[c]:
            if known and counts[VALUES, c] >= USUAL * counts[FINALS, c]:
                silent[c] = int(elapsed[c])
            continue
        new_counts[VALUES, c] += 1
        new_counts[SAME, c] = counts[SAME, c] + 1 if close[c] == values[LAST, c] else 1
        if known and new_counts[SAME, c] >= RUN and new_counts[SAME, c] > counts[LONGEST, c]:
            frozen[c] = new_counts[SAME, c]
        if close[c] != values[LAST, c]:
            new_counts[LONGEST, c] = max(counts[LONGEST, c], counts[SAME, c])
        new_values[LAST, c] = close[c]
        size = abs(returns[c]) / np.sqrt(elapsed[c])
        if known and size > FURTHER * values[FURTHEST, c] > 0:
            leap[c] = bounded(size / values[FURTHEST, c])
        if size > values[FURTHEST, c]:
            new_values[FURTHEST, c] = size
