"""The path of each instrument within its period: from bars to one observation a window."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import ClassVar, Final

import numpy as np
import numpy.typing as npt

from models.signals.merge import Window
from models.signals.merged_bars import MergedBars
from models.signals.moves import bounded, logarithmic, move
from models.signals.step import Flags, Floats, Ints, Step
from schemas.bars import NEVER
from schemas.market import Market

STALE_PERIODS: Final = 5
"""Age in periods at which an input is stale unless its market file says otherwise (five days for sessions)."""

_BIPOWER: Final = np.pi / 2


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


@dataclass(frozen=True, slots=True)
class _Path:
    """Accumulated over the period, arrays [N]; `mark` is the price from which the next move is measured."""

    close: Floats
    end_us: Ints
    reference: Floats
    mark: Floats
    open: Floats
    high: Floats
    low: Floats
    variance: Floats
    bar_variance: Floats
    products: Floats
    last_move: Floats
    moves: Ints


class PeriodPath(Step[Window, Observation, tuple[_Path, int]]):
    """Windows to observations; every window is committed, finals start a new period.

    Session periods and markets that never close are measured from close to close. Periods within a session are
    measured within it: the first starts at the instrument's own first open, so that the overnight gap is no move of
    a half hour. Realized variance is the sum of squared moves along the grid inside the bars and between them
    (index-methods: RV = sum r_i^2); for one daily bar it is the squared return.
    """

    name: ClassVar[str] = "path"
    fields: ClassVar[tuple[str, ...]] = ("last_close_us", *(f"_{f.name}" for f in fields(_Path)))

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
        self.last_close_us = NEVER
        unknown = {f.name: np.full(n, np.nan) for f in fields(_Path)}
        counts = {"end_us": np.full(n, NEVER), "moves": np.zeros(n, np.int64)}
        self._set(_cleared(_Path(**(unknown | counts))))

    def advance(self, x: Window) -> tuple[Observation, tuple[_Path, int]]:
        """The observation at the end of a window, and the path after it."""
        path = self._path()
        if self._within_sessions and x.period_open_us > self.last_close_us:
            unknown = np.full_like(path.close, np.nan)
            path = replace(path, reference=np.where(np.isnan(path.open), unknown, path.reference),
                           mark=np.where(np.isnan(path.open), unknown, path.mark))  # fmt: skip
        path = self._fold(path, x.bars)
        observation = self._observe(path, x)
        if not x.final:
            return observation, (path, self.last_close_us)
        known = np.where(observation.fresh, path.close, path.reference)  # not yesterday's, within a session
        return observation, (_cleared(replace(path, reference=known, mark=known)), x.period_close_us)

    def commit(self, change: tuple[_Path, int]) -> None:
        """Moves on to the next window, or to the next period."""
        path, self.last_close_us = change
        self._set(path)

    def _fold(self, path: _Path, bars: MergedBars) -> _Path:
        """The path with these bars behind it, one end after the other."""
        if not len(bars):
            return path
        path = _Path(*(getattr(path, f.name).copy() for f in fields(_Path)))
        cuts = np.flatnonzero(np.diff(bars.end_us)) + 1
        for start, stop in zip([0, *cuts.tolist()], [*cuts.tolist(), len(bars)], strict=True):
            self._fold_end(path, bars.slice(start, stop))
        return path

    def _fold_end(self, path: _Path, bars: MergedBars) -> None:
        """Bars of one end, at most one of each instrument, into a fresh copy of the path."""
        c, by_log = bars.code, self._by_log[bars.code]
        opened, first, close = bounded(bars.open), bounded(bars.first), bounded(bars.close)
        if self._within_sessions:
            path.reference[c] = np.where(np.isnan(path.reference[c]), opened, path.reference[c])
            path.mark[c] = np.where(np.isnan(path.mark[c]), opened, path.mark[c])
        into, across = move(first, path.mark[c], by_log), move(close, path.mark[c], by_log)
        path.variance[c] += bars.realized_variance + np.nan_to_num(into) ** 2
        self._fold_moves(path, c, across)
        path.open[c] = np.where(np.isnan(path.open[c]), opened, path.open[c])
        path.high[c] = np.fmax(path.high[c], bounded(bars.high))
        path.low[c] = np.fmin(path.low[c], bounded(bars.low))
        path.close[c] = path.mark[c] = close
        path.end_us[c] = bars.end_us

    @staticmethod
    def _fold_moves(path: _Path, c: npt.NDArray[np.int32], across: Floats) -> None:
        """Moves from bar to bar, for the jump test."""
        size = np.abs(np.nan_to_num(across))
        path.bar_variance[c] += size * size
        path.products[c] += np.where(path.moves[c] > 0, size * np.nan_to_num(path.last_move[c]), 0.0)
        path.last_move[c] = size
        path.moves[c] += np.isfinite(across)

    def _observe(self, path: _Path, x: Window) -> Observation:
        """What the path says at the end of a window."""
        fresh = ~np.isnan(path.open)
        measured = fresh & ~np.isnan(path.reference)
        several = path.moves >= 2
        scale = _BIPOWER * path.moves / np.maximum(path.moves - 1, 1)
        age = np.where(path.end_us == NEVER, np.nan, x.at_us - path.end_us.astype(np.float64))
        return Observation(
            window=x,
            close=path.close,
            period_return=np.where(fresh, move(path.close, path.reference, self._by_log), np.nan),
            variance=np.where(measured, path.variance, np.nan),
            bar_variance=np.where(several, path.bar_variance, np.nan),
            bipower=np.where(several, scale * path.products, np.nan),
            open=path.open,
            high=path.high,
            low=path.low,
            age_us=age,
            live=age <= self._stale_us,
            fresh=fresh,
        )

    def _path(self) -> _Path:
        return _Path(*(getattr(self, f"_{f.name}") for f in fields(_Path)))

    def _set(self, path: _Path) -> None:
        for f in fields(_Path):
            setattr(self, f"_{f.name}", getattr(path, f.name))


def _cleared(path: _Path) -> _Path:
    """The path at the start of a period: prices known, nothing seen yet."""
    unknown, zero = np.full_like(path.close, np.nan), np.zeros_like(path.close)
    return replace(
        path,
        open=unknown, high=unknown, low=unknown,
        variance=zero, bar_variance=zero, products=zero, last_move=zero,
        moves=np.zeros_like(path.moves),
    )  # fmt: skip
