"""What rules remember of the past: every window is 512 buckets of market time, however long it is.

A window of length w has buckets of w / 512. A bucket keeps its last value (for `rank`, `change`, `mean`, `quantile`,
`budget`), its greatest (`max`) or its least (`min`). So memory and time are bounded whatever a rule asks for, and a
window is exact where readings come no faster than its buckets. The past ends before the present bucket: no function
of the past sees the value that it judges.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from models.alerts.program import SINCE_CLOSE, Window
from models.signals.step import Flags, Floats, Ints, Step
from schemas.duration import DAY_US

BUCKETS: Final = 512
LEAST: Final = 20
"""Values of the past below which rank, quantile and budget are unknown."""

MAX_WINDOWS: Final = 256
"""Different windows of one market at most."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What windows are shown: end of the step (µs since 1970, UTC), whether it closes a period, a value per window."""

    at_us: int
    final: bool
    values: Floats


@dataclass(frozen=True, slots=True)
class Remembered:
    """What to keep: the present bucket of each window and its value, what fell out, values since the last close."""

    present: Ints
    folded: Floats
    before: Floats
    anchor: Floats


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at the past: present values and buckets, which buckets are past, what fell out, what will be held."""

    x: Floats
    present: Ints
    past: Flags
    before: Floats
    folded: Floats


class Windows(Step[Looked, Floats, Remembered]):
    """The windows of one market's rules; answers in their order, NaN where they cannot know."""

    name: ClassVar[str] = "alert_windows"
    fields: ClassVar[tuple[str, ...]] = ("number", "value", "before", "anchor")

    def __init__(self, windows: Sequence[Window]) -> None:
        self.layout = tuple(window.key for window in windows)
        n = len(windows)
        functions = np.array([window.function for window in windows], dtype=object)
        self._is = {name: np.flatnonzero(functions == name) for name in sorted({w.function for w in windows})}
        lengths = np.array([window.length_us for window in windows], np.int64)
        self._close = lengths == SINCE_CLOSE
        self._bucket = np.maximum(-(-np.where(self._close, DAY_US, lengths) // BUCKETS), 1)
        self._parameter = np.array([window.parameter for window in windows], np.float64)
        self._greatest, self._least = functions == "max", functions == "min"
        self._rows = np.arange(n)
        self.number: Ints = np.full((n, BUCKETS), -1, np.int64)
        self.value: Floats = np.full((n, BUCKETS), np.nan)
        self.before: Floats = np.full(n, np.nan)
        self.anchor: Floats = np.full(n, np.nan)
        self._forget()

    def _forget(self) -> None:
        """Drops the sorted pasts, which are derived."""
        self._sorted: Floats = np.full((len(self._rows), BUCKETS), np.nan)
        self._sorted_for: Ints = np.full(len(self._rows), -1, np.int64)

    def _restored(self) -> None:
        self._forget()

    def advance(self, x: Looked) -> tuple[Floats, Remembered]:
        """What the windows answer for a reading, and what they will remember of it."""
        present = x.at_us // self._bucket
        answers = np.full(len(self._rows), np.nan)
        if not len(self._rows):
            return answers, Remembered(present, answers, answers, answers)
        before = self._fallen_out(present)
        folded = self._folded(present, x.values)
        past = (self.number >= 0) & (self.number > (present - BUCKETS)[:, None]) & (self.number < present[:, None])
        look = _Look(x.values, present, past, before, folded)
        with np.errstate(over="ignore", invalid="ignore"):
            for function, rows in self._is.items():
                answers[rows] = _ANSWERS[function](self, rows, look)
        self._since_close(answers, x.values)
        answers[np.isinf(answers)] = np.nan
        return answers, Remembered(present, folded, before, self._anchored(x))

    def commit(self, change: Remembered) -> None:
        """Puts the present value into its bucket and lets go of what is too old."""
        if not len(self._rows):
            return
        old = (self.number >= 0) & (self.number <= (change.present - BUCKETS)[:, None])
        self.number[old], self.value[old] = -1, np.nan
        known = np.flatnonzero(~np.isnan(change.folded) & ~self._close)
        slots = change.present[known] % BUCKETS
        self.number[known, slots], self.value[known, slots] = change.present[known], change.folded[known]
        self.before, self.anchor = change.before, change.anchor
        self._sorted_for[self._sorted_for > change.present] = -1  # a peek ahead did not know this value

    def _fallen_out(self, present: Ints) -> Floats:
        """The last value from before each window."""
        out = np.where(self.number <= (present - BUCKETS)[:, None], self.number, -1)
        newest = out.argmax(axis=1)
        found = out[self._rows, newest] >= 0
        return np.where(found, self.value[self._rows, newest], self.before)

    def _folded(self, present: Ints, values: Floats) -> Floats:
        """What the present bucket will hold."""
        slots = present % BUCKETS
        held = np.where(self.number[self._rows, slots] == present, self.value[self._rows, slots], np.nan)
        folded = np.where(np.isnan(values), held, values)
        folded = np.where(self._greatest, np.fmax(held, values), folded)
        return np.where(self._least, np.fmin(held, values), folded)

    def _rank(self, rows: Ints, look: _Look) -> Floats:
        """Share of the past below x in percent; equals count half."""
        values, there, x = self.value[rows], look.past[rows], look.x[rows]
        below = ((values < x[:, None]) & there).sum(axis=1) + 0.5 * ((values == x[:, None]) & there).sum(axis=1)
        count = there.sum(axis=1)
        return np.where((count >= LEAST) & ~np.isnan(x), 100.0 * below / np.maximum(count, 1), np.nan)

    def _change(self, rows: Ints, look: _Look) -> Floats:
        return look.x[rows] - look.before[rows]

    def _max(self, rows: Ints, look: _Look) -> Floats:
        held = np.where(look.past[rows], self.value[rows], -np.inf).max(axis=1)
        return np.fmax(np.where(np.isneginf(held), np.nan, held), look.folded[rows])

    def _min(self, rows: Ints, look: _Look) -> Floats:
        held = np.where(look.past[rows], self.value[rows], np.inf).min(axis=1)
        return np.fmin(np.where(np.isposinf(held), np.nan, held), look.folded[rows])

    def _mean(self, rows: Ints, look: _Look) -> Floats:
        count = look.past[rows].sum(axis=1)
        total = np.where(look.past[rows], self.value[rows], 0.0).sum(axis=1)
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)

    def _quantile(self, rows: Ints, look: _Look) -> Floats:
        return self._at_share(rows, look, self._parameter[rows])

    def _budget(self, rows: Ints, look: _Look) -> Floats:
        """The level that the past exceeded at most so many times a day: the quantile 1 - allowed / values a day.

        A run above the level has at least one value above it, so there were at most that many runs (false alarms).
        """
        past = look.past[rows]
        first = np.where(past, self.number[rows], np.iinfo(np.int64).max).min(axis=1)
        last = np.where(past, self.number[rows], -1).max(axis=1)
        days = (last - first).astype(np.float64) * self._bucket[rows] / DAY_US
        a_day = np.maximum(past.sum(axis=1) - 1, 1) / np.maximum(days, 1e-9)
        return self._at_share(rows, look, np.clip(1.0 - self._parameter[rows] / a_day, 0.0, 1.0))

    def _at_share(self, rows: Ints, look: _Look, share: Floats) -> Floats:
        """Quantiles of the past, linear between values (Hyndman and Fan 1996, type 7)."""
        stale = rows[self._sorted_for[rows] != look.present[rows]]
        self._sorted[stale] = np.sort(np.where(look.past[stale], self.value[stale], np.nan), axis=1)
        self._sorted_for[stale] = look.present[stale]
        count = look.past[rows].sum(axis=1)
        place = share * np.maximum(count - 1, 0)
        low = np.floor(place).astype(np.int64)
        high = np.minimum(low + 1, np.maximum(count - 1, 0))
        found = self._sorted[rows, low] * (low + 1 - place) + self._sorted[rows, high] * (place - low)
        return np.where(count >= LEAST, found, np.nan)

    def _since_close(self, answers: Floats, x: Floats) -> None:
        """Answers of the windows that begin at each final."""
        for function, combine in (("change", np.subtract), ("max", np.fmax), ("min", np.fmin)):
            rows = self._is.get(function, self._rows[:0])
            rows = rows[self._close[rows]]
            answers[rows] = combine(x[rows], self.anchor[rows])

    def _anchored(self, x: Looked) -> Floats:
        """What windows since the close remember: the value at it, or the extremes behind it."""
        greatest, least = np.fmax(self.anchor, x.values), np.fmin(self.anchor, x.values)
        extremes = np.where(self._greatest, greatest, np.where(self._least, least, self.anchor))
        closing = np.where(self._greatest | self._least, np.nan, np.where(np.isnan(x.values), self.anchor, x.values))
        return np.where(self._close, closing if x.final else extremes, np.nan)


_ANSWERS: Final = {
    "rank": Windows._rank,
    "change": Windows._change,
    "max": Windows._max,
    "min": Windows._min,
    "mean": Windows._mean,
    "quantile": Windows._quantile,
    "budget": Windows._budget,
}
