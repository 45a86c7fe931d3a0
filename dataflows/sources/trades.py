"""Trades and quotes of files as ticks of a run: what can be read into its feed, what cannot to the dead letters."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from dataflows.rejects import DeadLetters
from dataflows.sources.sender import Sender, SenderConfig, Stopped
from dataflows.sources.trade_rows import Refused
from dataflows.sources.trade_table import Trades
from schemas import names, ticks_wire
from schemas.arrow_schemas import TICKS_SCHEMA
from schemas.rejects import UNREAD, Reject

_ROWS: Final = 8192
"""Ticks a record."""

_SLICE_US: Final = 1_000_000
"""Event time sent at once when the speed is limited: a second, then the time."""


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


def send(config: TradesConfig, trades: Trades) -> int:
    """Sends what the feed does not hold yet and the time behind it, and waits until the broker has it.

    Rows that cannot be read go to the dead letters first, at each call.

    Returns:
        Event time of the end, after the last tick's minute, microseconds since 1970 (UTC).

    Raises:
        Stopped: asked to stop meanwhile.
    """
    sender = Sender(config.sender)
    _set_aside(config.sender, trades.refused)
    start = np.array([0 if until is None else until for until in sender.resume()])
    times = _in_order(trades)
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


def counter(trades: Trades) -> Callable[[int], int]:
    """Counts the ticks before an event time (microseconds since 1970, UTC)."""
    times = _in_order(trades)
    return lambda until_us: int(np.searchsorted(times, until_us))


def _in_order(trades: Trades) -> npt.NDArray[np.int64]:
    """Event times, each at least that before it: so the file's order is time's order, though a row stands too late."""
    return np.maximum.accumulate(trades.ts_us)


def _set_aside(config: SenderConfig, refused: tuple[Refused, ...]) -> None:
    """Writes a dead letter for each row that cannot be read."""
    if not refused:
        return
    letters = DeadLetters(config.kafka, config.partitions, tells=False)
    for number, row in enumerate(refused):
        letters.send(Reject(config.feed, UNREAD, number, row.reason, row.raw, (), names.TRADES_CSV, str(row)))
    letters.flush()


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
