"""One market from its partitions: partial bars merged, time cut into windows that end at steps and closes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np

from models.signals.merged_bars import MergedBars, merge_bars
from models.signals.moves import logarithmic
from models.signals.orders import Orders, Pairs
from models.signals.schedule import Period, Schedule
from models.signals.step import Flags, Ints, State, Step
from schemas.bars import NEVER, BarColumns, Partial
from schemas.duration import DAY_US
from schemas.market import Market

_Columns = tuple[Any, ...]
"""`BarColumns` as plain data."""

_CHUNKS: Final = 64
"""Chunks of waiting bars that are kept apart before they are joined into one."""


@dataclass(frozen=True, slots=True)
class Window:
    """Event time from the end of the window before to `at_us`, and the bars that ended in it.

    Attributes:
        at_us: its end, microseconds since 1970 (UTC).
        final: whether it ends at the close of its period.
        period_open_us: open of its period (excluded).
        period_close_us: close of its period (included).
        fraction: elapsed share of the period, 1.0 at its close.
        no_data: True at a close when no bar came in the whole period.
        bars: merged bars, by end and instrument.
        models: version in force of each model that a control record promoted, by name.
        remarks: text of each remark that control records made since the last close, by name.
    """

    at_us: int
    final: bool
    period_open_us: int
    period_close_us: int
    fraction: float
    no_data: bool
    bars: MergedBars
    models: Pairs = ()
    remarks: Pairs = ()


@dataclass(frozen=True, slots=True)
class _Change:
    """What one partial does to the state; `rest` is None while the market's time stands still."""

    partial: Partial
    steps: tuple[int, ...]
    rest: tuple[tuple[_Columns, ...], ...] | None
    last_us: int
    started: bool
    any_bars: bool
    outside: int
    orders: Orders


class BarMerge(Step[Partial, list[Window], _Change]):
    """Partial bars of all partitions to windows of the market.

    The market's time is the least time that every partition has reached. It emits a final for every close that it
    passes and a provisional window for every step end that some partition stood at or just behind, each once and in
    order of time, so that the output depends on the partials' content only and not on how partitions interleave or
    how records were batched.

    Bars shorter than a day that end outside of every period are left out and counted in `outside`; daily bars and
    instruments with a lag of publication enter with the next window. Before the first bar nothing is emitted. A
    control record takes effect with the first window that ends after its time.
    """

    name: ClassVar[str] = "merge"
    version: ClassVar[int] = 2
    fields: ClassVar[tuple[str, ...]] = (
        "reached", "waiting", "steps", "last_us", "started", "any_bars", "outside", "orders",
    )  # fmt: skip

    def __init__(self, market: Market, schedule: Schedule, partitions: int) -> None:
        """`partitions` is the number of the feed's partitions; all of them must be heard before time moves."""
        self.layout = (tuple(i.name for i in market.instrument), partitions)
        self._schedule = schedule
        self._step_us = None if market.step == "period" else market.step
        self._by_log = logarithmic(market)
        self._anywhere = np.array([i.lag > 0 or market.bar >= DAY_US for i in market.instrument], np.bool_)
        self._everywhere = bool(schedule.period_us) or bool(self._anywhere.all())
        self.reached: tuple[int, ...] = (NEVER,) * partitions
        self.waiting: tuple[tuple[_Columns, ...], ...] = ((),) * partitions
        self.steps: tuple[int, ...] = ()
        self.last_us: int = NEVER
        self.started = False
        self.any_bars = False
        self.outside = 0
        self.orders: Any = Orders()

    def advance(self, x: Partial) -> tuple[list[Window], _Change]:
        """Windows that the partial completes, in order of time; usually none or one."""
        others = [at_us for p, at_us in enumerate(self.reached) if p != x.partition]
        now_us = min([*others, max(self.reached[x.partition], x.newest_us)])
        steps, orders = self._witnessed(x.reached_us), Orders.of(self.orders).given(x.controls)
        if now_us == NEVER or now_us <= self.last_us:
            return [], _Change(x, steps, None, self.last_us, self.started, self.any_bars, self.outside, orders)
        last_us, started = (self.last_us, True) if self.started else self._start(x, now_us)
        ends = self._ends(steps, last_us, now_us) if started else []
        if not ends:
            left = steps if started else tuple(t for t in steps if t > now_us)
            return [], _Change(x, left, None, last_us, started, self.any_bars, self.outside, orders)
        return self._emit(x, steps, ends, last_us, orders)

    def commit(self, change: _Change) -> None:
        """Takes the partial in: its time, its bars, and what is left of the others."""
        partial, p = change.partial, change.partial.partition
        reached = list(self.reached)
        reached[p] = max(reached[p], partial.newest_us)
        self.reached = tuple(reached)
        self.steps = change.steps
        if change.rest is not None:
            self.waiting = change.rest
        elif len(partial.bars):
            waiting = list(self.waiting)
            waiting[p] = _compact((*waiting[p], partial.bars.columns()))
            self.waiting = tuple(waiting)
        self.last_us, self.started, self.any_bars = change.last_us, change.started, change.any_bars
        self.outside, self.orders = change.outside, change.orders

    @staticmethod
    def spread(state: State, partitions: int) -> State:
        """The state of a feed of one partition as that of a feed of several, all of which have reached its time."""
        names, one = state["layout"]
        assert one == 1, "only a feed of one partition can be spread"
        waiting = (*state["waiting"], *((),) * (partitions - 1))
        return state | {"layout": (names, partitions), "reached": state["reached"] * partitions, "waiting": waiting}

    def _heap(self, x: Partial) -> tuple[BarColumns, Ints]:
        """The bars that wait, those of the partial included, by partition and arrival, and each one's partition."""
        chunks = [
            (p, columns)
            for p, waiting in enumerate(self.waiting)
            for columns in ((*waiting, x.bars.columns()) if p == x.partition else waiting)
        ]
        if len(chunks) == 1:
            p, columns = chunks[0]
            return BarColumns(*columns), np.full(len(columns[0]), p)
        owner = np.repeat([p for p, _ in chunks], [len(columns[0]) for _, columns in chunks])
        return BarColumns(*map(np.concatenate, zip(*(columns for _, columns in chunks), strict=True))), owner

    def _start(self, x: Partial, now_us: int) -> tuple[int, bool]:
        """Where time begins: just before the end of the first usable bar, if there is one by now."""
        bars, _ = self._heap(x)
        first_us = int(bars.end_us[self._fits(bars)].min(initial=now_us + 1))
        return (first_us - 1, True) if first_us <= now_us else (now_us, False)

    def _emit(
        self, x: Partial, steps: tuple[int, ...], ends: list[tuple[int, Period]], last_us: int, orders: Orders
    ) -> tuple[list[Window], _Change]:
        """The windows with these ends, and what waits for later ones."""
        end_us = ends[-1][0]
        bars, owner = self._heap(x)
        later = bars.end_us > end_us
        usable = ~later & (bars.end_us > last_us) & self._fits(bars)
        outside = self.outside + int(np.count_nonzero(~later & ~usable))
        merged = merge_bars(bars if usable.all() else bars.take(usable), self._by_log)
        windows, any_bars, orders = self._cut(merged, ends, last_us, orders)
        rest = self._rest(bars, owner, later)
        left = tuple(t for t in steps if t > end_us)
        return windows, _Change(x, left, rest, end_us, True, any_bars, outside, orders)

    def _rest(self, bars: BarColumns, owner: Ints, later: Flags) -> tuple[tuple[_Columns, ...], ...]:
        """The later bars as `waiting`, by partition."""
        if not later.any():
            return ((),) * len(self.waiting)
        masks = [later & (owner == p) for p in range(len(self.waiting))]
        return tuple((bars.take(mask).columns(),) if mask.any() else () for mask in masks)

    def _fits(self, bars: BarColumns) -> Flags:
        """Which bars belong into some window."""
        if self._everywhere:
            return np.ones(len(bars), np.bool_)
        return self._schedule.inside(bars.end_us) | self._anywhere[bars.code]

    def _cut(
        self, bars: MergedBars, ends: list[tuple[int, Period]], last_us: int, orders: Orders
    ) -> tuple[list[Window], bool, Orders]:
        """Windows that end there, whether bars came since the last close, and the orders behind them."""
        windows: list[Window] = []
        any_bars = self.any_bars
        for at_us, period in ends:
            i, j = np.searchsorted(bars.end_us, (last_us, at_us), side="right").tolist()
            any_bars = any_bars or j > i
            final = at_us == period[1]
            fraction = (at_us - period[0]) / (period[1] - period[0])
            no_data, orders = final and not any_bars, orders.by(at_us)
            told = (orders.models, orders.remarks)
            windows.append(Window(at_us, final, *period, fraction, no_data, bars.slice(i, j), *told))
            any_bars, orders = any_bars and not final, orders.closed() if final else orders
            last_us = at_us
        return windows, any_bars, orders

    def _ends(self, steps: tuple[int, ...], last_us: int, now_us: int) -> list[tuple[int, Period]]:
        """Ends of windows in (last, now] with their periods, in order: closes, and steps that are no closes."""
        closes = {period[1]: period for period in self._schedule.closes_between(last_us, now_us)}
        ends = dict(closes)
        for at_us in steps:
            if last_us < at_us <= now_us and at_us not in closes:
                period = self._schedule.period_at(at_us)
                if period is not None:
                    ends[at_us] = period
        return sorted(ends.items())

    def _witnessed(self, reached_us: Ints) -> tuple[int, ...]:
        """Step ends that wait for the market's time, with those that the partial's times stand for."""
        if self._step_us is None:
            return ()
        steps = set(self.steps)
        for at_us in reached_us.tolist():
            period = self._schedule.period_at(at_us)
            if period is not None:
                end_us = at_us - (at_us - period[0]) % self._step_us
                if period[0] < end_us < period[1] and end_us > self.last_us:
                    steps.add(end_us)
        return tuple(sorted(steps))


def _compact(chunks: tuple[_Columns, ...]) -> tuple[_Columns, ...]:
    """The same bars in fewer chunks, so that a partition that runs ahead stays cheap."""
    if len(chunks) < _CHUNKS:
        return chunks
    return (BarColumns.join([BarColumns(*c) for c in chunks]).columns(),)
