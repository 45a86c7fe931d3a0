"""The source: each Kafka partition is read, validated and folded into bars where it is; only closed bars leave."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import structlog
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from confluent_kafka import Consumer, KafkaException

from dataflows import kafka, metrics, stopping
from dataflows.config import FlowConfig, FlowError, NotNowError
from dataflows.desk import Desk
from dataflows.doorbell import Bell
from dataflows.hops import Sampler, Trace
from dataflows.intake import Intake
from dataflows.lanes import open_lane
from models.signals.bars import BarFold, Folded
from models.signals.carried import carried_over
from models.signals.step import State
from schemas import names
from schemas.bars import NEVER, BarColumns, Partial
from schemas.control import Control
from schemas.instruments import Instruments

log = structlog.get_logger()

Addressed = tuple[str, tuple[str, Partial, Trace]]
"""A partial with its market and the beginning of its trace, keyed by market."""

_NO_TIMES: Final = np.empty(0, np.int64)


class FeedPartition(StatefulSourcePartition[Addressed, State]):
    """One partition of a feed; its saved state holds the offset and the open bars together."""

    def __init__(
        self,
        config: FlowConfig,
        partition: int,
        resume: State | None,
        begun: State | None = None,
        desk: Desk | None = None,
    ) -> None:
        self._config, self._partition = config, partition
        self._desk = desk or Desk(config)
        self._desk.enter()
        feed_market = config.feed_market()
        self._fold = BarFold(feed_market)
        if begun is not None:
            self._fold.restore(begun)
        self._codes = {config.market_name(m): _codes(feed_market.instrument, m.instrument) for m in config.markets}
        self._letters, self._reader = self._desk.letters, self._desk.reader
        known = Instruments(tuple(i.name for i in feed_market.instrument))
        markets = tuple(m.name for m in config.markets)
        self._intake = Intake(config.feed, partition, self._fold, known, self._letters.send, markets=markets)
        self._incarnation = self._desk.incarnation
        self._offset = self._resume(resume)
        self._lane = open_lane(config, partition, self._offset)
        self._bell = Bell(self._desk.door, self._lane.ring)
        self._saved: deque[kafka.Progress] = deque()
        self._progress().commit(self._reader, config.topic, partition)
        self._quiet = 0
        self._epoch = time.monotonic()
        self._label = (config.feed, str(partition))
        self._sampler = Sampler()
        self._looked_ns = time.time_ns()

    def next_batch(self) -> Iterable[Addressed]:
        """What the records that are here lead to; nothing once the flow was asked to stop."""
        if stopping.asked():
            if self._quiet > stopping.QUIET_EPOCHS:
                stopping.leave(self._config.single)
            return self._nothing()
        before, self._looked_ns = self._looked_ns, time.time_ns()
        folded, behind = self._lane.take(self._intake)
        if behind is None:
            return self._nothing()
        self._bell.heard()
        self._offset = behind
        return self._addressed(folded, before)

    def next_awake(self) -> datetime | None:
        """At once, where a silent partition has waited in `next_batch` already."""
        return self._bell.awake_at

    def _nothing(self) -> list[Addressed]:
        self._bell.silent()
        return []

    def snapshot(self) -> State:
        """Offset and open bars; before that, the dead letters of the epoch are with the broker."""
        self._letters.flush()
        self._saved.append(self._progress())
        if len(self._saved) > stopping.QUIET_EPOCHS:
            # what was saved two epochs ago is in the recovery store for certain
            self._saved.popleft().commit(self._reader, self._config.topic, self._partition)
        self._quiet = self._quiet + 1 if stopping.asked() else 0
        self._measure()
        return {
            "version": 1,
            "incarnation": self._incarnation,
            "offset": self._offset,
            "fold": self._fold.snapshot(),
        }

    def close(self) -> None:
        """Leaves the broker."""
        self._lane.close()
        self._bell.close()
        self._desk.leave()

    def _resume(self, state: State | None) -> int:
        """Offset to go on from."""
        low, high = kafka.bounds(self._reader, self._config.topic, self._partition)
        if state is None:
            return int(low)
        self._fold.restore(carried_over(state["fold"], self._fold.snapshot()))
        if state["incarnation"] != self._incarnation:
            return self._new_broker(state["incarnation"])
        if not low <= state["offset"] <= high:
            msg = (
                f"offset {state['offset']} of {self._config.topic}/{self._partition} is gone: the broker has "
                f"{low} to {high}. Restore the topic, or start anew with an empty state folder "
                f"({self._config.state_dir}) and empty streams"
            )
            raise FlowError(msg)
        return int(state["offset"])

    def _new_broker(self, before: str) -> int:
        if not self._config.incarnation:
            msg = (
                f"the state in {self._config.state_dir} counts offsets of Kafka cluster {before}, but this is "
                f"{self._incarnation}: point ESI_KAFKA_URL at the old one, or start with an empty state folder"
            )
            raise FlowError(msg)
        log.info("broker_forgot", feed=self._config.feed, partition=self._partition, advice="the feed is sent again")
        self._fold.forget_open()
        return 0

    def _addressed(self, folded: list[Folded], before_ns: int) -> list[Addressed]:
        """For every market of the feed, what concerns it; `before_ns` is when we looked the last time before this."""
        reached = [f.reached_us for f in folded if len(f.reached_us)]
        controls = tuple(control for f in folded for control in f.controls)
        if not reached and not controls:
            return []
        for control in controls:
            log.info("control_taken", feed=self._config.feed, kind=control.kind, name=control.name, value=control.value)
        times = np.concatenate([*reached, _NO_TIMES])
        bars = BarColumns.join([f.bars for f in folded if len(f.bars)])
        metrics.BARS.labels(*self._label).inc(len(bars))
        trace = self._traced(before_ns)
        return [
            (market, (market, self._partial(times, _of_market(bars, codes), _for_market(controls, market)), trace))
            for market, codes in self._codes.items()
        ]

    def _partial(self, times: npt.NDArray[np.int64], bars: BarColumns, controls: tuple[Control, ...]) -> Partial:
        return Partial(self._partition, times, bars, controls)

    def _traced(self, before_ns: int) -> Trace:
        trace = self._sampler.begin(self._lane.appended_ms(), self._looked_ns)
        if trace:
            metrics.POLL.labels(self._config.feed).observe(max(self._looked_ns - before_ns, 0) / 1e9)
        return trace

    def _progress(self) -> kafka.Progress:
        closed = self._fold.closed_us
        if closed == NEVER:
            return kafka.Progress(self._offset, None, None, self._incarnation)
        bar = self._config.markets[0].bar
        return kafka.Progress(self._offset, closed, closed // bar * bar, self._incarnation)

    def _measure(self) -> None:
        now = time.monotonic()
        metrics.EPOCH.labels(self._config.feed).observe(now - self._epoch)
        metrics.LAST_EPOCH.labels(self._config.feed).set_to_current_time()
        self._epoch = now
        metrics.TICKS.labels(*self._label).inc(self._intake.ticks)
        self._intake.ticks = 0
        if self._fold.time_us != NEVER:
            metrics.WATERMARK.labels(*self._label).set(self._fold.time_us / 1e6)
        metrics.LAG.labels(*self._label).set(max(0, self._lane.newest() - self._offset))


def _codes(feed: tuple[Any, ...], market: tuple[Any, ...]) -> np.ndarray[Any, np.dtype[np.int32]] | None:
    """Position in the market of each instrument of the feed, -1 where it is not in it; None if both are the same."""
    places = {instrument.name: place for place, instrument in enumerate(market)}
    codes = [places.get(instrument.name, -1) for instrument in feed]
    return None if codes == list(range(len(places))) else np.array(codes, np.int32)


def _of_market(bars: BarColumns, codes: np.ndarray[Any, np.dtype[np.int32]] | None) -> BarColumns:
    if codes is None:
        return bars
    mapped = codes[bars.code]
    kept = bars.take(np.flatnonzero(mapped >= 0))
    return BarColumns(mapped[mapped >= 0], *kept.columns()[1:])


def _for_market(controls: tuple[Control, ...], market: str) -> tuple[Control, ...]:
    name = market.partition(names.RUN_MARK)[0]
    return tuple(control for control in controls if control.market in (None, name))


class FeedSource(FixedPartitionedSource[Addressed, State]):
    """All partitions of a feed's topic."""

    def __init__(self, config: FlowConfig, begun: tuple[State, ...] = ()) -> None:
        """Of a flow; `begun` are the states that partitions begin with, if they do not begin with nothing."""
        self._config, self._begun = config, begun
        self._desk, self._one_by_one = Desk(config), threading.Lock()

    def list_parts(self) -> list[str]:
        """Partition numbers as text, of the same width so that they sort as numbers."""
        return [f"{number:05d}" for number in range(self._config.partitions)]

    def build_part(self, _step_id: str, for_part: str, resume_state: State | None) -> FeedPartition:
        """Opens a partition where the saved state says."""
        try:
            begun = self._begun[int(for_part)] if self._begun else None
            with self._one_by_one:  # workers of one process share the desk
                return FeedPartition(self._config, int(for_part), resume_state, begun, self._desk)
        except KafkaException as error:
            msg = f"partition {int(for_part)} of {self._config.topic} cannot be opened: {error}"
            raise NotNowError(msg) from error


def reader_of(config: FlowConfig) -> Consumer:
    """A consumer that only looks: for those who pace by what the flow has committed."""
    return kafka.consumer(config.kafka, config.group)
