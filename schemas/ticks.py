"""Ticks as columns: many ticks of one Kafka partition, never one object a tick."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

NO_SEQ: Final = -1
"""Sequence number of a tick whose producer gave none."""

UNKNOWN: Final = -1
"""Code of an instrument that the feed does not know."""


NO_QUOTES: Final[npt.NDArray[np.float64]] = np.empty(0)
NO_SEQS: Final[npt.NDArray[np.int64]] = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class TickBatch:
    """Ticks of one record (or of several JSON records of one partition, in offset order).

    Attributes:
        code: position of the instrument in the feed's list, or `UNKNOWN`, int32[n].
        ts_us: event time, microseconds since 1970 (UTC), int64[n].
        price: trade price; NaN where only a quote is given, float64[n].
        size: traded quantity; 0 where none is given, float64[n].
        bid: best bid; NaN where none, float64[n]; empty where no tick has a quote (`NO_QUOTES`).
        ask: best ask, as `bid`.
        seq: the producer's sequence number, or `NO_SEQ`, int64[n]; empty where no tick has one (`NO_SEQS`).
    """

    code: npt.NDArray[np.int32]
    ts_us: npt.NDArray[np.int64]
    price: npt.NDArray[np.float64]
    size: npt.NDArray[np.float64]
    bid: npt.NDArray[np.float64]
    ask: npt.NDArray[np.float64]
    seq: npt.NDArray[np.int64]

    def __len__(self) -> int:
        """Number of ticks."""
        return len(self.code)

    def columns(self) -> tuple[npt.NDArray[Any], ...]:
        """The arrays, in the order of the attributes."""
        return tuple(getattr(self, name) for name in self.__slots__)


@dataclass(frozen=True, slots=True)
class BarBatch:
    """Ready-made bars of one record, as vendors give them; no path inside them is invented.

    Attributes:
        code: position of the instrument in the feed's list, or `UNKNOWN`, int32[n].
        start_us: beginning of the bar, microseconds since 1970 (UTC), int64[n].
        end_us: its end, int64[n].
        available_us: when it was public; it enters only then, int64[n].
        open: first price, float64[n].
        high: highest price, float64[n].
        low: lowest price, float64[n].
        close: last price, float64[n].
        volume: traded quantity, 0 where unknown, float64[n].
        count: number of trades, 0 where unknown, int64[n].
    """

    code: npt.NDArray[np.int32]
    start_us: npt.NDArray[np.int64]
    end_us: npt.NDArray[np.int64]
    available_us: npt.NDArray[np.int64]
    open: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    low: npt.NDArray[np.float64]
    close: npt.NDArray[np.float64]
    volume: npt.NDArray[np.float64]
    count: npt.NDArray[np.int64]

    def __len__(self) -> int:
        """Number of bars."""
        return len(self.code)
