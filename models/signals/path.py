"""The path of each instrument within its period: from bars to one observation a window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from models.signals import path_kernel
from models.signals.merge import Window
from models.signals.moves import logarithmic
from models.signals.step import Flags, Floats, Ints, Step
from schemas.bars import NEVER
from schemas.market import Market

STALE_PERIODS: Final = 5
"""Age in periods at which an input is stale unless its market file says otherwise (five days for sessions)."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What the period has shown of each instrument by the end of a window; arrays are [N].

    Attributes:
        window: the window it ends.
        close: last known price; NaN before the first bar.
        period_return: move since the period before, logarithmic or a difference; NaN without a bar in the period.
        variance: realized variance of the period so far; NaN without a measured move.
        bar_variance: the same from whole bars only; NaN with fewer than two moves of bars.
        bipower: bipower variation of those moves, blind to jumps; NaN with fewer than two.
        open: first price of the period; NaN without a bar in it.
        high: highest price of the period.
        low: lowest price of the period.
        volume: traded quantity of the period so far; 0 where none was told.
        elapsed: trading time that `period_return` and `variance` cover, in periods: the share of this one and the
            periods without a bar before it (a monthly series in a daily market covers a month).
        pace: what the variances, and what `high` and `low` still hold, are to be divided by for the time of day; 1 in
            markets without a `[diurnal]` profile, where nothing has been divided.
        age_us: time since the end of the last bar, microseconds; NaN before the first.
        live: young enough to count.
        fresh: a bar came in this period.
    """

    window: Window
    close: Floats
    period_return: Floats
    variance: Floats
    bar_variance: Floats
    bipower: Floats
    open: Floats
    high: Floats
    low: Floats
    volume: Floats
    elapsed: Floats
    pace: Floats
    age_us: Floats
    live: Flags
    fresh: Flags

    @property
    def final(self) -> bool:
        """Whether it closes its period."""
        return self.window.final

    @property
    def learns(self) -> bool:
        """Whether there is anything to learn at this final: a period without data teaches nothing."""
        return not self.window.no_data


class PeriodPath(Step[Window, Observation, tuple[Floats, Ints, int]]):
    """Windows to observations; every window is committed, finals start a new period.

    Session periods and markets that never close are measured from close to close. Periods within a session are
    measured within it: the first starts at the instrument's own first open, so that the overnight gap is no move of
    a half hour. Realized variance is the sum of squared moves along the grid inside the bars and between them
    (index-methods 4.1: RV = sum r_i^2); for one daily bar it is the squared return. Bipower variation is
    (pi / 2) (n / (n - 1)) sum |r_i| |r_i-1| over the n moves from bar to bar.
    """

    name: ClassVar[str] = "path"
    version: ClassVar[int] = 2
    fields: ClassVar[tuple[str, ...]] = ("last_close_us", "values", "counts")

    def __init__(self, market: Market) -> None:
        """Of a market: its instruments' kinds and ages, its kind of period."""
        n = len(market.instrument)
        self.layout = tuple(i.name for i in market.instrument)
        self._by_log = logarithmic(market)
        self._within_sessions = market.period != "session" and market.calendar != "24x7"
        default = STALE_PERIODS * market.period_us
        self._stale_us = np.array(
            [default if i.stale_after is None else i.stale_after for i in market.instrument], np.float64
        )
        self._even: Floats = np.ones(n)
        self._even.flags.writeable = False
        self.last_close_us = NEVER
        self.values: Floats = np.full((path_kernel.VALUES, n), np.nan)
        """Rows as named in `path_kernel`."""
        self.counts: Ints = np.zeros((path_kernel.COUNTS, n), np.int64)
        self.counts[path_kernel.END] = NEVER
        path_kernel.clear(self.values, self.counts)

    def advance(self, x: Window) -> tuple[Observation, tuple[Floats, Ints, int]]:
        """The observation at the end of a window, and the path after it."""
        values, counts = self.values.copy(), self.counts.copy()
        if self._within_sessions and x.period_open_us > self.last_close_us:
            path_kernel.forget_session(values, counts)
        if len(x.bars):
            self._fold(values, counts, x)
        observation = self._observe(values, counts, x)
        if not x.final:
            return observation, (values, counts, self.last_close_us)
        values, counts = values.copy(), counts.copy()  # the observation keeps its rows
        path_kernel.close_period(values, counts)
        return observation, (values, counts, x.period_close_us)

    def commit(self, change: tuple[Floats, Ints, int]) -> None:
        """Moves on to the next window, or to the next period."""
        self.values, self.counts, self.last_close_us = change

    def _fold(self, values: Floats, counts: Ints, x: Window) -> None:
        """The window's bars into the path."""
        b = x.bars
        path_kernel.fold(
            b.code, b.end_us, b.open, b.high, b.low, b.first, b.close, b.volume,
            b.realized_variance, self._by_log, self._within_sessions, values, counts,
        )  # fmt: skip

    def _observe(self, values: Floats, counts: Ints, x: Window) -> Observation:
        """What the path says at the end of a window."""
        seen = path_kernel.observe(values, counts, self._by_log, x.at_us, x.fraction)
        age = seen[path_kernel.AGE]
        return Observation(
            window=x,
            close=values[path_kernel.CLOSE],
            period_return=seen[path_kernel.RETURN],
            variance=seen[path_kernel.VARIANCE_SEEN],
            bar_variance=seen[path_kernel.BAR_VARIANCE_SEEN],
            bipower=seen[path_kernel.BIPOWER],
            open=values[path_kernel.OPEN],
            high=values[path_kernel.HIGH],
            low=values[path_kernel.LOW],
            volume=values[path_kernel.VOLUME],
            elapsed=seen[path_kernel.ELAPSED],
            pace=self._even,
            age_us=age,
            live=age <= self._stale_us,
            fresh=~np.isnan(values[path_kernel.OPEN]),
        )
