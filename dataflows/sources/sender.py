"""Writes a feed's records: paced by what the flow has made durable, resumed where the topic ends."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import structlog
from confluent_kafka import KafkaError, Message, TopicPartition

from dataflows import kafka, metrics
from dataflows.trouble import WAY
from schemas import json_wire, names

log = structlog.get_logger()

UNTIL: Final = "esi-until-us"
"""Header: everything of this partition before this event time (microseconds, UTC) was sent by now."""

BUDGET: Final = 3 * 1024 * 1024
"""Bytes a partition may hold that the flow has not made durable; a broker that forgets keeps 5 MiB."""

_RECORDS: Final = 20_000
"""Records likewise."""

_POLL_S: Final = 0.02
_WARN_S: Final = 10.0


@dataclass(frozen=True)
class SenderConfig:
    """Where a source writes.

    Attributes:
        kafka: bootstrap servers.
        feed: name of the feed.
        incarnation: identity of a broker that forgets: sending is paced then. Empty for real Kafka: it runs free.
        partitions: partitions to make, if the topic is not there yet.
        stop: asked between records; True ends the source.
    """

    kafka: str
    feed: str
    incarnation: str = ""
    partitions: int = 4
    stop: Callable[[], bool] = lambda: False

    @property
    def topic(self) -> str:
        """The feed's topic."""
        return names.ticks_topic(self.feed)


class Stopped(Exception):  # noqa: N818 - the wish to stop is no error
    """The source was asked to stop while it waited."""


class _Patience:
    """Says that the flow is waited for, after twice as long each time: a flow that starts compiles for a while."""

    def __init__(self, feed: str) -> None:
        self._feed, self._pause, self._due = feed, _WARN_S, time.monotonic() + _WARN_S

    def warn(self) -> None:
        """Says so if it is time."""
        if time.monotonic() < self._due:
            return
        log.warning("waiting_for_flow", feed=self._feed, advice="is `esi flow` of this feed running, or starting?")
        self._pause *= 2
        self._due = time.monotonic() + self._pause


class Sender:
    """One source's way into its feed."""

    def __init__(self, config: SenderConfig) -> None:
        self.config = config
        self.partitions = kafka.ensure_topic(config.kafka, config.topic, config.partitions)
        self._producer = kafka.producer(config.kafka)
        self._reader = kafka.consumer(config.kafka, names.flow_group(config.feed))
        self._held: list[deque[tuple[int, int]]] = [deque() for _ in range(self.partitions)]
        self._bytes = [0] * self.partitions
        self._records = [0] * self.partitions  # with those that are on their way, of which `_held` does not know yet
        self._failed: KafkaError | None = None

    def resume(self, *, whole_bars: bool = False) -> list[int | None]:
        """Event time from which each partition must be sent, None for all of it.

        Args:
            whole_bars: the feed holds ready-made bars, of which none is half folded: only what came after is missing.

        That is where the topic ends; if the broker has forgotten the topic, it is where the flow stands.
        """
        return [self._end_of(partition, whole_bars) for partition in range(self.partitions)]

    def send(self, partition: int, raw: bytes, content_type: str, until_us: int, ticks: int = 0) -> None:
        """Queues a record.

        Args:
            partition: where it goes.
            raw: its bytes.
            content_type: its kind, of `schemas.names`.
            until_us: event time before which, with this record, everything of the partition was sent.
            ticks: how many ticks it holds, for the counter.

        Raises:
            Stopped: asked to stop while waiting for room.
        """
        headers: list[tuple[str, str | bytes | None]] = [
            (names.CONTENT_TYPE, content_type.encode()),
            (UNTIL, b"%d" % until_us),
        ]
        if self.config.incarnation:
            self._wait_for_room(partition, len(raw))
        while True:
            try:
                self._producer.produce(
                    self.config.topic, raw, partition=partition, headers=headers, on_delivery=self._delivered
                )
                break
            except BufferError:
                self._producer.poll(0.05)
        metrics.SENT.labels(self.config.feed).inc(ticks)
        self._producer.poll(0)

    def tock(self, ts_us: int, until_us: int | None = None) -> None:
        """Tells every partition that it has reached an event time."""
        for partition in range(self.partitions):
            self.send(partition, json_wire.encode_tock(ts_us), names.TOCK_JSON, ts_us if until_us is None else until_us)
        metrics.TOCKS.labels(self.config.feed).inc(self.partitions)

    def flush(self) -> None:
        """Waits until the broker has everything.

        Raises:
            RuntimeError: the broker refused a record for good.
            Stopped: asked to stop meanwhile.
        """
        while self._producer.flush(0.5):
            self._check()
        self._check()

    def _check(self) -> None:
        if self._failed is not None:
            msg = f"the broker refuses records of {self.config.topic}: {self._failed.str()}"
            raise RuntimeError(msg)
        if self.config.stop():
            raise Stopped

    def wait_until_durable(self, until_us: int, tell: Callable[[int], None] = lambda _: None) -> None:
        """Waits until the flow has closed and saved everything before an event time, in every partition.

        Args:
            until_us: event time, microseconds since 1970 (UTC).
            tell: gets the event time through which everything is closed and saved, again and again.

        Raises:
            Stopped: asked to stop meanwhile.
        """
        patience = _Patience(self.config.feed)
        while (closed := self.closed_us()) is None or closed < until_us:
            if closed is not None:
                tell(closed)
            self._check()
            patience.warn()
            time.sleep(_POLL_S)

    def closed_us(self) -> int | None:
        """Event time that the flow has closed and saved in every partition, None if it has not begun."""
        times = [p.closed_us for p in kafka.progress(self._reader, self.config.topic, self.partitions)]
        known = [t for t in times if t is not None]
        return min(known) if len(known) == len(times) else None

    def _wait_for_room(self, partition: int, size: int) -> None:
        patience = _Patience(self.config.feed)
        while self._bytes[partition] + size > BUDGET or self._records[partition] >= _RECORDS:
            self._producer.poll(_POLL_S)
            self._check()
            self._release()
            patience.warn()
        self._bytes[partition] += size
        self._records[partition] += 1

    def _release(self) -> None:
        """Gives back the room of records that the flow has made durable."""
        progress = kafka.progress(self._reader, self.config.topic, self.partitions)
        for partition, durable in enumerate(progress):
            held = self._held[partition]
            while held and held[0][0] < durable.offset:
                self._bytes[partition] -= held.popleft()[1]
                self._records[partition] -= 1

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self._failed = error
            return
        WAY.works()
        if self.config.incarnation:
            self._held[int(message.partition() or 0)].append((int(message.offset() or 0), len(message.value() or b"")))

    def _end_of(self, partition: int, whole_bars: bool) -> int | None:
        low, high = kafka.bounds(self._reader, self.config.topic, partition)
        if low == high:
            return self._resend_from(partition, whole_bars)
        headers = self._newest_headers(partition, low, high)
        self._reader.unassign()  # or it would fetch what is sent from here on
        if self.config.incarnation:
            self._hold_all(partition, high)
        return int(headers[UNTIL] or 0) if UNTIL in headers else None

    def _newest_headers(self, partition: int, low: int, high: int) -> dict[str, Any]:
        """Headers of the newest record that is no control: those come from others, and say nothing of ticks."""
        for offset in range(high - 1, low - 1, -1):
            self._reader.assign([TopicPartition(self.config.topic, partition, offset)])
            (last,) = self._reader.consume(1, kafka.CALL_S)
            headers: dict[str, Any] = dict(last.headers() or ())
            if headers.get(names.CONTENT_TYPE) != names.CONTROL_JSON.encode():
                return headers
        return {}

    def _hold_all(self, partition: int, high: int) -> None:
        """Counts what the topic holds already, of unknown size, as all the room there is, until it is durable."""
        self._held[partition].append((high - 1, BUDGET))
        self._bytes[partition] += BUDGET
        self._records[partition] += 1

    def _resend_from(self, partition: int, whole_bars: bool) -> int | None:
        """Where the flow stands; a broker that forgets has forgotten that too, until the flow has said it again."""
        deadline = time.monotonic() + kafka.CALL_S
        while self.config.incarnation and time.monotonic() < deadline:
            progress = kafka.progress(self._reader, self.config.topic, self.partitions)[partition]
            if progress.offset >= 0:
                if whole_bars and progress.closed_us is not None:
                    return progress.closed_us + 1
                return progress.resend_us
            self._check()
            time.sleep(_POLL_S)
        return None
