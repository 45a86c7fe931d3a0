"""Bars of one instrument and end, merged across partitions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from models.signals.compiled import compiled
from models.signals.moves import bounded, move
from models.signals.step import Flags, Floats, Ints
from schemas.bars import NEVER, BarColumns


@dataclass(frozen=True, slots=True)
class MergedBars:
    """Whole bars, sorted by end and instrument; times in microseconds since 1970 (UTC).

    Attributes:
        code: position of the instrument in its market's list, int64[n].
        end_us: end of the bar, int64[n].
        count: number of ticks, int64[n].
        open: first price, float64[n].
        high: highest price, float64[n].
        low: lowest price, float64[n].
        volume: sum of sizes, float64[n].
        first: price in the first filled slot of the grid, where the variance within the bar begins, float64[n].
        close: price in its last filled slot, float64[n].
        realized_variance: sum of squared moves between successive filled slots, float64[n].
    """

    code: Ints
    end_us: Ints
    count: Ints
    open: Floats
    high: Floats
    low: Floats
    volume: Floats
    first: Floats
    close: Floats
    realized_variance: Floats

    def __len__(self) -> int:
        """Number of bars."""
        return len(self.code)

    def slice(self, start: int, stop: int) -> MergedBars:
        """Rows start..stop."""
        if start == 0 and stop == len(self):
            return self
        return MergedBars(*(getattr(self, name)[start:stop] for name in self.__slots__))


_OPEN, _HIGH, _LOW, _VOLUME, _FIRST, _CLOSE, _VARIANCE = range(7)
_FLOATS: Final = 7


def merge_bars(bars: BarColumns, by_log: Flags) -> MergedBars:
    """Bars of all partitions, in order of partition, as one; `by_log` says who moves by logarithms, bool[N].

    Open is the one with the least time, high and low the extremes, volume and count sums in order of partition,
    and each slot of the grid the price with the greatest time; the earlier partition opens and the later one closes
    where times are equal.
    """
    order = np.lexsort((bars.code, bars.end_us))  # stable: rows of one bar stay in order of partition
    ints, floats = np.empty((3, len(bars)), np.int64), np.empty((_FLOATS, len(bars)))
    n = _merge(
        order, bars.code, bars.end_us, bars.open_us, bars.open, bars.high, bars.low, bars.volume, bars.count,
        bars.grid_us, bars.grid_price, by_log, ints, floats,
    )  # fmt: skip
    return MergedBars(*ints[:, :n], *floats[:, :n])


@compiled
def _merge(  # noqa: PLR0917  (one loop over plain arrays, as compiled code wants it)
    order: npt.NDArray[np.intp], code: npt.NDArray[np.int32], end_us: Ints, open_us: Ints,
    opens: Floats, highs: Floats, lows: Floats, volumes: Floats, counts: Ints,
    grid_us: Ints, grid_price: Floats, by_log: Flags, ints: Ints, floats: Floats,
) -> int:  # fmt: skip
    """Merged rows into `ints` (code, end, count) and `floats`; returns how many."""
    n, before = -1, -1
    slots = grid_us.shape[1]
    times, prices = np.empty(slots, np.int64), np.empty(slots)
    opened = 0
    for i in order:
        if before < 0 or code[i] != code[before] or end_us[i] != end_us[before]:
            if n >= 0:
                _walk(times, prices, by_log[ints[0, n]], floats, n)
            n += 1
            ints[0, n], ints[1, n], ints[2, n] = code[i], end_us[i], counts[i]
            floats[_OPEN, n], floats[_HIGH, n], floats[_LOW, n] = opens[i], highs[i], lows[i]
            floats[_VOLUME, n] = volumes[i]
            opened = open_us[i]
            times[:], prices[:] = grid_us[i], grid_price[i]
        else:
            if open_us[i] < opened:
                opened, floats[_OPEN, n] = open_us[i], opens[i]
            floats[_HIGH, n] = max(floats[_HIGH, n], highs[i])
            floats[_LOW, n] = min(floats[_LOW, n], lows[i])
            floats[_VOLUME, n] += volumes[i]
            ints[2, n] += counts[i]
            for k in range(slots):
                if grid_us[i, k] != NEVER and grid_us[i, k] >= times[k]:
                    times[k], prices[k] = grid_us[i, k], grid_price[i, k]
        before = i
    if n >= 0:
        _walk(times, prices, by_log[ints[0, n]], floats, n)
    return n + 1


@compiled
def _walk(times: Ints, prices: Floats, by_log: bool, floats: Floats, n: int) -> None:
    """First and last price along the grid and the sum of squared moves between them, into row `n`."""
    first, last, variance = np.nan, np.nan, 0.0
    for k in range(len(times)):
        if times[k] == NEVER:
            continue
        price = bounded(prices[k])
        step = move(price, last, by_log)
        if np.isfinite(step):
            variance += step * step
        if np.isnan(first):
            first = price
        last = price
    floats[_FIRST, n], floats[_CLOSE, n], floats[_VARIANCE, n] = first, last, variance
