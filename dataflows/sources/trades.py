"""Trade and quote files as ticks of a run: `ts_ms,symbol,price,size` or `ts_ms,symbol,venue,bid,ask`, plain or gz."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import structlog
from pyarrow import csv

from dataflows.sources.sender import Sender, SenderConfig, Stopped
from schemas import names, ticks_wire
from schemas.arrow_schemas import TICKS_SCHEMA

log = structlog.get_logger()

_ROWS: Final = 8192
"""Ticks a record."""

_SLICE_US: Final = 1_000_000
"""Event time sent at once when the speed is limited: a second, then the time."""

_COLUMNS: Final = {
    "ts_ms": pa.int64(),
    "symbol": pa.string(),
    "price": pa.float64(),
    "size": pa.float64(),
    "bid": pa.float64(),
    "ask": pa.float64(),
}


class TradeFileError(ValueError):
    """A file that cannot be replayed; the message names it and says what to do."""


@dataclass(frozen=True)
class TradesConfig:
    """What is replayed into which feed, and how fast.

    Attributes:
        sender: where it writes.
        files: trade files, in time order.
        speed: event seconds a wall second, None for as fast as it goes.
        progress: told (ticks sent, ticks in all).
    """

    sender: SenderConfig
    files: tuple[Path, ...]
    speed: float | None = None
    progress: Callable[[int, int], None] = lambda _done, _all: None


@dataclass(frozen=True)
class Trades:
    """Ticks of one or several files in time order; `code` points into `symbols`."""

    symbols: tuple[str, ...]
    code: npt.NDArray[np.int32]
    columns: dict[str, npt.NDArray[Any]]

    @property
    def ts_us(self) -> npt.NDArray[np.int64]:
        """Event times, microseconds since 1970 (UTC)."""
        return self.columns["ts_us"]


def read(files: tuple[Path, ...]) -> Trades:
    """Reads trade files; rows that are out of order stay as they are, the flow judges them.

    Raises:
        TradeFileError: no file, no CSV, a column missing or of another type, or no row.
    """
    table = pa.concat_tables([_table(file) for file in files]).combine_chunks()
    if not table.num_rows:
        msg = f"{', '.join(map(str, files))}: no row in it"
        raise TradeFileError(msg)
    symbol = table["symbol"].dictionary_encode().combine_chunks()
    columns: dict[str, npt.NDArray[Any]] = {"ts_us": table["ts_ms"].to_numpy() * 1000}
    columns["seq"] = np.arange(table.num_rows)  # what is sent again after a crash is known by it
    for name in ("price", "size", "bid", "ask"):
        if name in table.column_names:
            columns[name] = table[name].to_numpy()
    return Trades(tuple(symbol.dictionary.to_pylist()), symbol.indices.to_numpy().astype(np.int32), columns)


def _parsed(file: Path, *, threads: bool) -> pa.Table:
    """All of a file; without threads, a fault names its row."""
    reading, options = csv.ReadOptions(use_threads=threads), csv.ConvertOptions(column_types=_COLUMNS)
    with pa.input_stream(str(file), compression="gzip" if file.suffix == ".gz" else None) as stream:
        return csv.read_csv(stream, reading, convert_options=options)


def _table(file: Path) -> pa.Table:
    try:
        try:
            table = _parsed(file, threads=True)
        except pa.ArrowInvalid:
            table = _parsed(file, threads=False)
    except FileNotFoundError as error:
        msg = f"{file}: no such file"
        raise TradeFileError(msg) from error
    except (pa.ArrowException, OSError) as error:
        msg = f"{file}: {error}; expected a CSV with the columns ts_ms,symbol,price,size (or bid,ask)"
        raise TradeFileError(msg) from error
    missing = {"ts_ms", "symbol"} - set(table.column_names)
    if missing or not ({"price"} <= set(table.column_names) or {"bid", "ask"} <= set(table.column_names)):
        msg = f"{file}: columns are {', '.join(table.column_names)}; needed are ts_ms,symbol and price (or bid,ask)"
        raise TradeFileError(msg)
    kept = table.select([name for name in _COLUMNS if name in table.column_names])
    if kept["ts_ms"].null_count or kept["symbol"].null_count:
        msg = f"{file}: {kept['ts_ms'].null_count + kept['symbol'].null_count} rows lack ts_ms or symbol"
        raise TradeFileError(msg)
    return kept.cast(pa.schema([(name, _COLUMNS[name]) for name in kept.column_names]))


def send(config: TradesConfig, trades: Trades) -> int:
    """Sends what the feed does not hold yet and the time behind it, and waits until the broker has it.

    Returns:
        Event time of the end, after the last tick's minute, microseconds since 1970 (UTC).

    Raises:
        Stopped: asked to stop meanwhile.
    """
    sender = Sender(config.sender)
    start = np.array([0 if until is None else until for until in sender.resume()])
    # a row that stands too late in its file counts as of the latest time before it: so the file's order is time's order
    times = np.maximum.accumulate(trades.ts_us)
    partition = trades.code % sender.partitions
    todo = np.flatnonzero(times >= start[partition])
    pace = _Pace(config.speed, int(times[todo[0]]) if todo.size else 0)
    done = len(times) - len(todo)
    for rows in _slices(times, todo, config.speed):
        until_us = int(times[rows[-1]]) + 1
        pace.wait(until_us, config.sender.stop)
        _send_rows(sender, trades, times, rows, partition[rows])
        done += len(rows)
        config.progress(done, len(times))
    end_us = (int(times[-1]) // 60_000_000 + 2) * 60_000_000
    sender.tock(end_us)
    sender.flush()
    return end_us


def _slices(
    times: npt.NDArray[np.int64], todo: npt.NDArray[np.intp], speed: float | None
) -> list[npt.NDArray[np.intp]]:
    """Rows to send at once, never parted within one time stamp, so that a resumed replay repeats and omits nothing."""
    if not todo.size:
        return []
    ordered = times[todo]
    if speed is None:
        wanted = np.arange(_ROWS * 4, len(todo), _ROWS * 4)
    else:
        wanted = np.flatnonzero(np.diff(ordered // _SLICE_US)) + 1
    changes = np.flatnonzero(np.diff(ordered) > 0) + 1
    nearest = np.searchsorted(changes, wanted)
    cuts = np.unique(changes[nearest[nearest < len(changes)]])
    return np.split(todo, cuts)


def _send_rows(
    sender: Sender,
    trades: Trades,
    times: npt.NDArray[np.int64],
    rows: npt.NDArray[np.intp],
    partition: npt.NDArray[np.int32],
) -> None:
    until_us = int(times[rows[-1]]) + 1
    for number in range(sender.partitions):
        mine = rows[partition == number]
        for first in range(0, len(mine), _ROWS):
            part = mine[first : first + _ROWS]
            last = first + _ROWS >= len(mine)
            columns = {name: column[part] for name, column in trades.columns.items()}
            columns["instrument"] = trades.code[part]
            raw = ticks_wire.encode(columns, trades.symbols, TICKS_SCHEMA, compress=False)
            # a record within its slice ends where its last tick stands: that one is sent again, and known by its seq
            sender.send(number, raw, names.TICKS_ARROW, until_us if last else int(times[part[-1]]), len(part))
    sender.tock(until_us)


class _Pace:
    """Event time against the wall clock."""

    def __init__(self, speed: float | None, first_us: int) -> None:
        self._speed, self._first, self._began = speed, first_us, time.monotonic()

    def wait(self, until_us: int, stop: Callable[[], bool]) -> None:
        """Sleeps until the wall clock, sped up, has reached an event time.

        Raises:
            Stopped: asked to stop.
        """
        due = 0.0 if self._speed is None else self._began + (until_us - self._first) / 1e6 / self._speed
        while not stop():
            if (left := due - time.monotonic()) <= 0:
                return
            time.sleep(min(left, 0.2))
        raise Stopped


__all__ = ["TradeFileError", "Trades", "TradesConfig", "read", "send"]
