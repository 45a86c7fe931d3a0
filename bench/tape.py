"""A market of 500 instruments and its ticks: the same for every benchmark, a function of a seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from schemas.arrow_schemas import TICKS_SCHEMA
from schemas.market import Market
from schemas.market_file import parse
from schemas.ticks_wire import encode

INSTRUMENTS: Final = 500
ROWS: Final = 8192
MINUTE_US: Final = 60_000_000
START_US: Final = 1_700_000_040_000_000 // MINUTE_US * MINUTE_US
SEGMENTS: Final = 5

NAMES: Final = tuple(f"I{number:03d}" for number in range(INSTRUMENTS))

_HEAD: Final = """version = 1
name = "bench"
feed = "bench"
calendar = "24x7"
period = "1m"
step = "1m"
bar = "1m"
lateness = "0s"
clock = "records"
synthetic = true

[half_life]
volatility = "11m"
correlation = "48m"
correlation_short = "20m"
correlation_long = "250m"

[history]
warm_up = 5
"""


def market_text() -> str:
    """The market's file: bars, periods and steps of a minute; one indicator a segment over all its instruments."""
    instruments = "".join(f'[[instrument]]\nname = "{name}"\n' for name in NAMES)
    size = INSTRUMENTS // SEGMENTS
    segments = "".join(
        f'[[segment]]\nname = "s{number}"\n[[segment.indicator]]\nname = "volatility {number}"\n'
        f'kind = "realized_volatility"\nof = {list(NAMES[number * size : (number + 1) * size])}\n'
        for number in range(SEGMENTS)
    )
    return _HEAD + instruments + segments.replace("'", '"')


def market() -> Market:
    """The market of the benchmarks."""
    return parse(market_text().encode(), "bench.toml")


@dataclass(frozen=True)
class Tape:
    """Ticks in time order: `code` int32[n], `ts_us` int64[n], `price` and `size` float64[n]."""

    code: npt.NDArray[np.int32]
    ts_us: npt.NDArray[np.int64]
    price: npt.NDArray[np.float64]
    size: npt.NDArray[np.float64]

    def __len__(self) -> int:
        """Number of ticks."""
        return len(self.code)

    @property
    def end_us(self) -> int:
        """The full minute after the last tick."""
        return int(self.ts_us[-1]) // MINUTE_US * MINUTE_US + MINUTE_US

    def take(self, rows: npt.NDArray[Any] | slice) -> Tape:
        """The given rows."""
        return Tape(self.code[rows], self.ts_us[rows], self.price[rows], self.size[rows])

    def partition(self, number: int, partitions: int) -> Tape:
        """The ticks of one partition: instruments go by their position."""
        return self.take(np.flatnonzero(self.code % partitions == number))

    def records(self) -> list[bytes]:
        """Uncompressed Arrow records of `ROWS` ticks each; the last may be shorter."""
        return [self.take(slice(first, first + ROWS)).record() for first in range(0, len(self), ROWS)]

    def record(self) -> bytes:
        """All of it as one Arrow record."""
        columns: dict[str, npt.NDArray[Any]] = {
            "instrument": self.code,
            "ts_us": self.ts_us,
            "price": self.price,
            "size": self.size,
        }
        return encode(columns, NAMES, TICKS_SCHEMA, compress=False)


def make(ticks: int, minutes: int, seed: int = 7) -> Tape:
    """Random walks of all instruments, each step of one tick; ticks spread evenly over the minutes."""
    random = np.random.default_rng(seed)
    code = random.integers(0, INSTRUMENTS, ticks, dtype=np.int32)
    ts_us = START_US + np.arange(ticks, dtype=np.int64) * (minutes * MINUTE_US) // ticks
    order = np.argsort(code, kind="stable")
    walk = np.cumsum(random.standard_normal(ticks))
    sorted_code = code[order]
    first = np.searchsorted(sorted_code, sorted_code)
    price = np.empty(ticks)
    price[order] = 100 * np.exp(1e-5 * (walk - walk[first]))
    return Tape(code, ts_us, np.round(price, 4), random.integers(1, 100, ticks).astype(np.float64))
