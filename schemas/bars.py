"""Bars as columns: what leaves a partition, once its time has passed them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from schemas.control import Control

Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]

GRID: Final = 6
"""Slots into which a bar is cut; realized variance uses the last price of each, so that partial bars merge exactly."""

NEVER: Final = np.iinfo(np.int64).min
"""Time of a slot in which no tick fell."""


@dataclass(frozen=True, slots=True)
class BarColumns:
    """Bars, one a row; all times in microseconds since 1970 (UTC).

    Attributes:
        code: position of the instrument in its market's list, int32[n].
        start_us: beginning of the bar, included, int64[n].
        end_us: its end, excluded for ticks; the time from which the bar may be used, int64[n].
        open_us: time of its first tick, int64[n].
        open: price of the first tick by (time, partition, offset), float64[n].
        high: highest price, float64[n].
        low: lowest price, float64[n].
        volume: sum of sizes, float64[n].
        count: number of ticks, int64[n].
        grid_us: time of the last tick in each slot, `NEVER` where none, int64[n, GRID].
        grid_price: price of that tick, float64[n, GRID].
    """

    code: npt.NDArray[np.int32]
    start_us: Int64
    end_us: Int64
    open_us: Int64
    open: Float64
    high: Float64
    low: Float64
    volume: Float64
    count: Int64
    grid_us: Int64
    grid_price: Float64

    def __len__(self) -> int:
        """Number of bars."""
        return len(self.code)

    def take(self, rows: npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> BarColumns:
        """The given rows, in the given order (indices) or in theirs (mask)."""
        return BarColumns(*(column[rows] for column in self.columns()))

    def columns(self) -> tuple[npt.NDArray[Any], ...]:
        """The arrays, in the order of the attributes."""
        return (
            self.code, self.start_us, self.end_us, self.open_us, self.open, self.high, self.low, self.volume,
            self.count, self.grid_us, self.grid_price,
        )  # fmt: skip

    @staticmethod
    def none() -> BarColumns:
        """No bars."""
        ints, floats = np.empty(0, np.int64), np.empty(0, np.float64)
        return BarColumns(
            np.empty(0, np.int32), ints, ints, ints, floats, floats, floats, floats, ints,
            np.empty((0, GRID), np.int64), np.empty((0, GRID), np.float64),
        )  # fmt: skip

    @staticmethod
    def join(parts: list[BarColumns]) -> BarColumns:
        """The bars of all parts, one after the other; a single part with bars is given as it is."""
        parts = [part for part in parts if len(part)]
        if len(parts) < 2:
            return parts[0] if parts else BarColumns.none()
        return BarColumns(*(np.concatenate(columns) for columns in zip(*(p.columns() for p in parts), strict=True)))


@dataclass(frozen=True, slots=True)
class Partial:
    """What one partition says about its past: the times it has passed, and the bars that closed on the way.

    Attributes:
        partition: number of the Kafka partition.
        reached_us: ascending event times (on the market's pace grid) through which the partition became closed;
            each stands for a record that moved its time there, int64[k]; none where nothing but controls came.
        bars: the bars that closed, each with `end_us <= reached_us[-1]`.
        controls: control records of the market that stood between those times, each with the partition's time.
    """

    partition: int
    reached_us: Int64
    bars: BarColumns
    controls: tuple[Control, ...] = ()

    @property
    def newest_us(self) -> int:
        """The last of the times reached, `NEVER` if there is none."""
        return int(self.reached_us[-1]) if len(self.reached_us) else NEVER
