"""Ticks and ready-made bars of one partition, folded into the bars that its time has passed."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from models.signals import fold_kernel as k
from models.signals import fold_layout as layout
from models.signals.leaps import Leaps
from models.signals.ready_bars import PRICES, whole_bars
from models.signals.recall import recall, unclosed
from models.signals.step import State, StateVersionError, Step
from schemas.bars import NEVER, BarColumns
from schemas.control import Control
from schemas.market import Market
from schemas.rejects import Reason
from schemas.ticks import BarBatch, TickBatch

TOCK_US: Final = 250_000
"""Pace of `esi tock`: how far past its last tock a live partition's time may run ahead."""

FUTURE_US: Final = 5_000_000
"""A live tick further past its partition's last tock is from the future."""

LEAP: Final = 10_000
"""Periods that a tick may leap over: one wrong date must not publish a century of empty finals."""

_ROWS: Final = 4096
_NO_TIMES: Final = np.empty(0, np.int64)
_FLOOR_OF_BARS: Final = 0.6
"""Ready-made bars are a vendor's, already cleaned: only moves beyond 60 % (or 60 units) are looked at twice."""

Input = TickBatch | BarBatch | int | Control
"""Ticks, ready-made bars, a tock (event time in microseconds, UTC, that its partition has reached), or a control."""


@dataclass(frozen=True, slots=True)
class Folded:
    """What a batch led to.

    Attributes:
        reached_us: pace-grid times the partition became closed through, ascending, int64[k].
        bars: bars that closed, in order of closing.
        faults: reason code per row of the batch, 0 for good ones, int8[n].
        controls: the control that was given, with the partition's time.
    """

    reached_us: npt.NDArray[np.int64]
    bars: BarColumns
    faults: npt.NDArray[np.int8]
    controls: tuple[Control, ...] = ()


class BarFold(Step[Input, Folded, State]):
    """Bars of one partition: its open bars, its time, and what is needed to judge its next tick.

    One instance a partition; markets of one feed share it (see `schemas.market.Market.feed`).
    """

    name = "bars"
    version = 3

    def __init__(self, market: Market) -> None:
        instruments = market.instrument
        self.layout = (*(i.name for i in instruments), market.bar)
        slack = FUTURE_US + TOCK_US if market.clock == "wall" else 0
        self._ring = (market.lateness + market.pace_us + slack) // market.bar + 3
        self._rules = np.array(
            [market.bar, market.pace_us, market.lateness, market.clock == "wall", self._ring,
             market.validation.agree, TOCK_US, FUTURE_US, LEAP * market.period_us], np.int64,
        )  # fmt: skip
        self._deviations = market.validation.deviations
        self._flags = np.array([(i.allow_negative, i.kind == "price") for i in instruments])
        self._floors = np.array([market.validation.floor if i.max_move is None else i.max_move for i in instruments])
        self._bar_floors = np.maximum(self._floors, _FLOOR_OF_BARS)
        n, rows = len(instruments), self._ring * len(instruments)
        self._clock = np.array([NEVER, NEVER, NEVER, layout.NONE_OPEN, -1], np.int64)
        self._ints = np.full((rows, layout.BAR_INTS), NEVER)
        self._floats = np.zeros((rows, layout.BAR_FLOATS))
        self._values = np.full((n, layout.JUDGE_FLOATS), (np.nan, 0.0, np.nan))
        self._memory = np.full((n, layout.JUDGE_INTS), (-1, 0, 0), np.int64)
        self._leaps = Leaps(market)
        self._waiting = BarColumns.none()
        self._out_ints = np.empty((rows + max(_ROWS, rows), 1 + layout.BAR_INTS), np.int64)
        self._out_floats = np.empty((len(self._out_ints), layout.BAR_FLOATS))
        self._out_reached = np.empty(_ROWS, np.int64)

    @property
    def time_us(self) -> int:
        """Event time of the partition, `NEVER` before its first record."""
        return int(self._clock[layout.TIME])

    @property
    def closed_us(self) -> int:
        """Event time through which its bars are closed, `NEVER` before its first record."""
        return int(self._clock[layout.CLOSED])

    def advance(self, x: Input) -> tuple[Folded, State]:
        """What `update` would say, and the state after it; nothing changes."""
        before = self.snapshot()
        folded = self.update(x)
        after = self.snapshot()
        self.restore(before)
        return folded, after

    def commit(self, change: State) -> None:
        """Takes on the state that `advance` found."""
        self.restore(change)

    def update(self, x: Input) -> Folded:
        """Folds a batch, or moves time by a tock; in place, since every tick passes here."""
        if isinstance(x, TickBatch):
            return self._ticks(x)
        if isinstance(x, BarBatch):
            return self._ready_made(x)
        if isinstance(x, Control):
            return Folded(_NO_TIMES, BarColumns.none(), np.zeros(1, np.int8), (x._replace(at_us=self.time_us),))
        return self._tock(x)

    def forget_open(self) -> None:
        """Drops what is not closed yet and goes back to the last closed time: the feed will be sent again from there.

        For a broker that lost its memory. Prices are judged by what was known then, not beside later ones.
        """
        recall(unclosed(self._ints, self._clock, self._rules), self._ints, self._floats, self._values, self._memory)
        self._ints[:, [layout.INDEX, layout.KEPT]] = NEVER
        self._leaps.forget()
        self._waiting = BarColumns.none()
        self._clock[:] = (self.closed_us, self.closed_us, NEVER, layout.NONE_OPEN, -1)

    def snapshot(self) -> State:
        """Plain copies of the open bars (only those that are open), the time and the memory of prices."""
        rows = np.flatnonzero(unclosed(self._ints, self._clock, self._rules))
        return self._header() | {
            "clock": self._clock.copy(),
            "rows": rows,
            "ints": self._ints[rows],
            "floats": self._floats[rows],
            "values": self._values.copy(),
            "memory": self._memory.copy(),
            "leapt": self._leaps.memory.copy(),
            "waiting": tuple(column.copy() for column in self._waiting.columns()),
        }

    def restore(self, state: State) -> None:
        """Continues from a snapshot.

        Raises:
            StateVersionError: the snapshot is of another step, version or list of instruments.
        """
        wanted, found = self._header(), {key: state.get(key) for key in self._header()}
        if found != wanted:
            raise StateVersionError(self.name, found, wanted)
        self._clock[:] = state["clock"]
        self._ints[:, [layout.INDEX, layout.KEPT]] = NEVER
        self._ints[state["rows"]] = state["ints"]
        self._floats[state["rows"]] = state["floats"]
        self._values[:] = state["values"]
        self._memory[:] = state["memory"]
        self._leaps.memory[:] = state["leapt"]
        self._waiting = BarColumns(*(column.copy() for column in state["waiting"]))

    def _ticks(self, batch: TickBatch) -> Folded:
        faults = np.zeros(len(batch), np.int8)
        done, reached, bars = 0, [], []
        while done < len(batch):
            done, closed, times = k.fold_ticks(  # type: ignore[call-arg] # numba hides the signature
                done, *batch.columns(), self._clock, self._rules, self._deviations, self._flags, self._floors,
                self._ints, self._floats, self._values, self._memory,
                faults, self._out_ints, self._out_floats, self._out_reached,
            )  # fmt: skip
            if times:
                reached.append(self._out_reached[:times].copy())
                bars.append(self._bars(closed))
        return self._folded(reached, bars, faults)

    def _tock(self, ts_us: int) -> Folded:
        if not 0 <= ts_us <= layout.LATEST_US:
            return self._folded([], [], np.array([Reason.BAD_TIME.code], np.int8))
        if self._leaps.leaps(ts_us, self.closed_us, self.time_us):
            return self._folded([], [], np.array([Reason.FUTURE.code], np.int8))
        self._clock[layout.TOCK] = max(self._clock[layout.TOCK], ts_us)
        return self._folded(*self._advance(ts_us), np.zeros(1, np.int8))

    def _ready_made(self, batch: BarBatch) -> Folded:
        """Bars wait until their partition's time passes the moment from which they were public."""
        faults, prices = np.zeros(len(batch), np.int8), np.array([getattr(batch, name) for name in PRICES])
        reached: list[npt.NDArray[np.int64]] = []
        bars: list[BarColumns] = []
        turns = np.flatnonzero(np.diff(batch.available_us, prepend=-1, append=-1) != 0).tolist()
        for first, last in pairwise(turns):
            self._judge(batch, prices, slice(first, last), faults[first:last])
            if not faults[first:last].all():
                # one microsecond short: others that became public at the same time may still follow
                times, closed = self._advance(int(batch.available_us[first]) - 1)
                reached += times
                bars += closed
        self._waiting = BarColumns.join([self._waiting, whole_bars(batch, np.flatnonzero(faults == 0))])
        return self._folded(reached, bars, faults)

    def _judge(
        self, batch: BarBatch, prices: npt.NDArray[np.float64], rows: slice, faults: npt.NDArray[np.int8]
    ) -> None:
        """Reasons against bars of one moment, into `faults`."""
        k.judge_bars(
            batch.code[rows], batch.start_us[rows], batch.end_us[rows], batch.available_us[rows], prices[:, rows],
            self._clock, self._rules, self._deviations, self._flags, self._bar_floors,
            self._values, self._memory, faults,
        )  # fmt: skip

    def _advance(self, ts_us: int) -> tuple[list[npt.NDArray[np.int64]], list[BarColumns]]:
        if not k.advance(self._clock, self._rules, ts_us):
            return [], []
        closed = k.close_bars(self._clock, self._rules, self._ints, self._floats, self._out_ints, self._out_floats, 0)
        return [self._clock[layout.CLOSED : layout.CLOSED + 1].copy()], [self._bars(closed)] if closed else []

    def _bars(self, count: int) -> BarColumns:
        """The first `count` output rows as bars."""
        ints, floats = self._out_ints[:count], self._out_floats[:count]
        start = ints[:, 1 + layout.INDEX] * self._rules[layout.BAR]
        return BarColumns(
            ints[:, 0].astype(np.int32),
            start,
            start + self._rules[layout.BAR],
            ints[:, 1 + layout.OPEN_US].copy(),
            floats[:, layout.OPEN].copy(),
            floats[:, layout.HIGH].copy(),
            floats[:, layout.LOW].copy(),
            floats[:, layout.VOLUME].copy(),
            ints[:, 1 + layout.COUNT].copy(),
            ints[:, 1 + layout.GRID_US :].copy(),
            floats[:, layout.GRID_PRICE :].copy(),
        )

    def _folded(
        self, reached: list[npt.NDArray[np.int64]], bars: list[BarColumns], faults: npt.NDArray[np.int8]
    ) -> Folded:
        due = self._waiting.end_us <= self._clock[layout.CLOSED]
        if len(due) and due.all():
            bars, self._waiting = [*bars, self._waiting], BarColumns.none()
        elif due.any():
            bars = [*bars, self._waiting.take(np.flatnonzero(due))]
            self._waiting = self._waiting.take(~due)
        times = np.concatenate(reached) if reached else _NO_TIMES
        return Folded(times, BarColumns.join(bars), faults)
