"""Bars of one instrument and end, merged across partitions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.signals.moves import bounded, move
from models.signals.step import Flags, Floats, Ints
from schemas.bars import NEVER, BarColumns


@dataclass(frozen=True, slots=True)
class MergedBars:
    """Whole bars, sorted by end and instrument; times in microseconds since 1970 (UTC).

    Attributes:
        code: position of the instrument in its market's list, int32[n].
        end_us: end of the bar, int64[n].
        open: first price, float64[n].
        high: highest price, float64[n].
        low: lowest price, float64[n].
        close: price in the last filled slot of the grid, float64[n].
        volume: sum of sizes, float64[n].
        count: number of ticks, int64[n].
        first: price in the first filled slot, where the variance within the bar begins, float64[n].
        realized_variance: sum of squared moves between successive filled slots, float64[n].
    """

    code: npt.NDArray[np.int32]
    end_us: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    count: Ints
    first: Floats
    realized_variance: Floats

    def __len__(self) -> int:
        """Number of bars."""
        return len(self.code)

    def slice(self, start: int, stop: int) -> MergedBars:
        """Rows start..stop."""
        return MergedBars(*(getattr(self, name)[start:stop] for name in self.__slots__))


def merge_bars(partitions: list[BarColumns], by_log: Flags) -> MergedBars:
    """Bars of all partitions (in order of partition) as one; `by_log` says who moves by logarithms, bool[N].

    Open is the one with the least time, high and low the extremes, volume and count sums in order of partition,
    and each slot of the grid the price with the greatest time; the earlier partition opens and the later one closes
    where times are equal.
    """
    bars = BarColumns.join(partitions)
    order = np.lexsort((bars.code, bars.end_us))  # stable: rows of one bar stay in order of partition
    bars = bars.take(order)
    begins = np.ones(len(bars), np.bool_)
    begins[1:] = (bars.code[1:] != bars.code[:-1]) | (bars.end_us[1:] != bars.end_us[:-1])
    if not begins.all():
        bars = _fold(bars, begins)
    first, close, variance = _along_grid(bars, by_log[bars.code])
    return MergedBars(
        bars.code, bars.end_us, bars.open, bars.high, bars.low, close, bars.volume, bars.count, first, variance
    )  # fmt: skip


def _fold(bars: BarColumns, begins: Flags) -> BarColumns:
    """Rows of one bar folded into its first row, one partition after the other."""
    start = np.flatnonzero(begins)
    into = np.cumsum(begins) - 1
    nth = np.arange(len(bars)) - start[into]
    out = bars.take(start)
    for n in range(1, int(nth.max()) + 1):
        rows = np.flatnonzero(nth == n)
        _fold_rows(out, into[rows], bars.take(rows))
    return out


def _fold_rows(out: BarColumns, at: npt.NDArray[np.intp], more: BarColumns) -> None:
    """One more row for each bar `at` of `out`, changed in place (`take` has copied it)."""
    opens = more.open_us < out.open_us[at]
    out.open[at] = np.where(opens, more.open, out.open[at])
    out.open_us[at] = np.minimum(out.open_us[at], more.open_us)
    out.start_us[at] = np.minimum(out.start_us[at], more.start_us)
    out.high[at] = np.maximum(out.high[at], more.high)
    out.low[at] = np.minimum(out.low[at], more.low)
    out.volume[at] += more.volume
    out.count[at] += more.count
    later = (more.grid_us >= out.grid_us[at]) & (more.grid_us != NEVER)
    out.grid_price[at] = np.where(later, more.grid_price, out.grid_price[at])
    out.grid_us[at] = np.where(later, more.grid_us, out.grid_us[at])


def _along_grid(bars: BarColumns, by_log: Flags) -> tuple[Floats, Floats, Floats]:
    """Price in the first and in the last filled slot, and the sum of squared moves between them, float64[n] each."""
    first = np.full(len(bars), np.nan)
    last, variance = first.copy(), np.zeros(len(bars))
    for slot in range(bars.grid_us.shape[1]):
        filled, price = bars.grid_us[:, slot] != NEVER, bounded(bars.grid_price[:, slot])
        if not filled.any():
            continue
        step = move(price, last, by_log)
        variance += np.where(filled & np.isfinite(step), step * step, 0.0)
        first = np.where(filled & np.isnan(first), price, first)
        last = np.where(filled, price, last)
    return first, last, variance
