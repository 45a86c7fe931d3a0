"""What is odd about the inputs of a moment: silent ones, frozen ones, and moves further than ever before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from models.signals.compiled import compiled
from models.signals.moves import bounded
from models.signals.path import Observation
from models.signals.stands import ROWS, chance, learn
from models.signals.step import Flags, Floats, Ints, Step
from schemas.market import Market

USUAL: Final = 0.9
"""Share of finals with a value from which one without is odd: monthly releases are missed only when they are stale."""

SELDOM: Final = 1e-4
"""Probability, by its own past, of standing so long, below which a value is frozen: once in forty years of sessions."""

UNLIKELY: Final = 0.05
"""The same, below which it is worth a word: a value stands so long once in twenty."""

FURTHER: Final = 1.5
"""How many times as far as ever before a move is odd: records by a little are how records are made."""

LEARNED: Final = 60
"""Finals with a value that an input needs before anything about it is odd."""

GONE: Final = 250
"""Periods without a value after which an input is not odd but gone: coverage says so, for ever."""

FINALS, VALUES, SAME, LENGTH, AGE = range(5)
"""Rows of the counts: finals since the first value, those with a value, how many times it now stood; length of the last
silence or sleep, and finals since it ended."""

COUNTS: Final = 5

LAST, FURTHEST = range(2)
"""Rows of the values: that of the last final with one, and the largest move."""

_Change = tuple[Ints, Floats, Floats]


@dataclass(frozen=True, slots=True)
class Oddities:
    """What is odd about each instrument, by its own past; arrays are [N], 0 where nothing is.

    Attributes:
        silent: whole periods that an input has been without a value which usually has one, or that is stale.
        frozen: finals that its value has stood, where it hardly ever stands so long.
        lately: how long it was silent (two periods at least) or frozen, where that has ended within two half-lives of
            volatilities: what was not seen then is still missing in them.
        leap: how many times as far as ever before it moved in this period.
        still: finals that its value has stood, where it seldom stands so long: odd in a wild week only.
        gap: how long it was silent (one period at least) or frozen, where that has ended within three half-lives.
        ago: finals since then.
    """

    silent: Ints
    frozen: Ints
    lately: Ints
    leap: Floats
    still: Ints
    gap: Ints
    ago: Ints


class InputWatch(Step[Observation, Oddities, _Change]):
    """Judges each instrument by its own past, so that no threshold in points or per cent has to be made up.

    A rejected print leaves its period without a value, a feed that died is silent, a vendor that repeats itself
    freezes, a bad print leaps. How likely a value stands so long (`chance`) is held against `SELDOM`; a run
    teaches when it ends. None of it changes the index: it is said beside it.
    """

    name: ClassVar[str] = "inputs"
    version: ClassVar[int] = 2
    fields: ClassVar[tuple[str, ...]] = ("counts", "values", "stands")

    def __init__(self, market: Market) -> None:
        """Of a market's instruments."""
        self.layout = tuple(i.name for i in market.instrument)
        self._half_life = market.periods(market.half_life.volatility)
        n = len(market.instrument)
        self.counts: Ints = np.zeros((COUNTS, n), np.int64)
        self.values: Floats = np.tile([[np.nan], [0.0]], n)
        self.stands: Floats = np.zeros((n, ROWS))

    def advance(self, x: Observation) -> tuple[Oddities, _Change]:
        """What is odd with the period so far."""
        counts, values, past = self.counts.copy(), self.values.copy(), self.stands.copy()
        found, leap = np.zeros((6, counts.shape[1]), np.int64), np.zeros(counts.shape[1])
        silent, frozen, lately, still, gap, ago = found
        _miss(x.elapsed, x.fresh, x.live, counts, silent)
        _stand(x.close, x.fresh, counts, values, past, frozen, still)
        _leap(x.period_return, x.elapsed, x.fresh, counts, values, leap)
        _remember(silent, frozen, self._half_life, counts, lately, gap, ago)
        return Oddities(silent, frozen, lately, leap, still, gap, ago), (counts, values, past)

    def commit(self, change: _Change) -> None:
        """Closes the period."""
        self.counts, self.values, self.stands = change


@compiled
def _miss(elapsed: Floats, fresh: Flags, live: Flags, counts: Ints, silent: Ints) -> None:
    """Periods without a value, by instrument, into `silent`; counts in place."""
    for c in range(len(fresh)):
        if fresh[c] or counts[FINALS, c] > 0:
            counts[FINALS, c] += 1
        if fresh[c]:
            counts[VALUES, c] += 1
            continue
        missed = counts[VALUES, c] >= USUAL * counts[FINALS, c] or not live[c]
        if missed and counts[VALUES, c] >= LEARNED and elapsed[c] <= GONE:
            silent[c] = int(elapsed[c])


@compiled
def _stand(  # noqa: PLR0917  (kernels take arrays, not objects)
    close: Floats, fresh: Flags, counts: Ints, values: Floats, past: Floats, frozen: Ints, still: Ints
) -> None:
    """Finals that a value has stood, where that is seldom, into `frozen` or `still`; the others in place."""
    for c in range(len(fresh)):
        if not fresh[c]:
            continue
        if close[c] == values[LAST, c]:
            counts[SAME, c] += 1
        elif np.isfinite(values[LAST, c]):
            learn(past[c], counts[SAME, c])
            counts[SAME, c] = 0
        values[LAST, c] = close[c]
        if counts[VALUES, c] > LEARNED and counts[SAME, c] > 0:
            likely = chance(past[c], counts[SAME, c])
            if likely < SELDOM:
                frozen[c] = counts[SAME, c] + 1
            elif likely < UNLIKELY:
                still[c] = counts[SAME, c] + 1


@compiled
def _leap(  # noqa: PLR0917  (kernels take arrays, not objects)
    returns: Floats, elapsed: Floats, fresh: Flags, counts: Ints, values: Floats, leap: Floats
) -> None:
    """How many times as far as ever before, into `leap`; values in place."""
    for c in range(len(fresh)):
        size = abs(returns[c]) / np.sqrt(elapsed[c]) if fresh[c] else 0.0
        if counts[VALUES, c] > LEARNED and size > FURTHER * values[FURTHEST, c] > 0:
            leap[c] = bounded(size / values[FURTHEST, c])
        values[FURTHEST, c] = max(values[FURTHEST, c], size)


@compiled
def _remember(  # noqa: PLR0917  (kernels take arrays, not objects)
    silent: Ints, frozen: Ints, half_life: float, counts: Ints, lately: Ints, gap: Ints, ago: Ints
) -> None:
    """Lengths of silences and sleeps that have ended not long ago, into `lately` and `gap`; counts in place.

    A quarter of what was seen then is left in volatilities after two half-lives, an eighth after three. A silence of
    one period is no gap for the first of them, and never takes the place of a longer one.
    """
    for c in range(len(silent)):
        length = max(silent[c], frozen[c])
        held = counts[LENGTH, c] > 1 and counts[AGE, c] < 2 * half_life
        if length > 1 or (length == 1 and not held):
            counts[LENGTH, c], counts[AGE, c] = length, 0
        elif counts[LENGTH, c] > 0:
            counts[AGE, c] += 1
            if counts[AGE, c] > 3 * half_life:
                counts[LENGTH, c] = 0
            elif length == 0:
                gap[c], ago[c] = counts[LENGTH, c], counts[AGE, c]
            if counts[LENGTH, c] > 1 and counts[AGE, c] <= 2 * half_life:
                lately[c] = counts[LENGTH, c]
