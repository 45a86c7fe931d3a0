"""Reads topics as they are, and stands in for a flow that says how far it is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Self

from confluent_kafka import Consumer, TopicPartition

from dataflows import kafka
from schemas import names

PARTITIONS = 4


@dataclass(frozen=True)
class Found:
    """One record of a topic; `until_us` and `kind` are of its headers."""

    partition: int
    offset: int
    raw: bytes
    kind: str
    until_us: int | None
    headers: Mapping[str, bytes] = field(default_factory=dict)


def contents(bootstrap: str, topic: str) -> list[list[Found]]:
    """All records of a topic, by partition."""
    reader: Consumer = kafka.consumer(bootstrap, "test-contents")
    found: list[list[Found]] = [[] for _ in range(PARTITIONS)]
    for number in range(PARTITIONS):
        low, high = reader.get_watermark_offsets(TopicPartition(topic, number), timeout=10)
        reader.assign([TopicPartition(topic, number, low)])
        while len(found[number]) < high - low:
            found[number] += [_found(message) for message in reader.consume(1000, 0.05)]
    reader.close()
    return found


def _found(message: object) -> Found:
    assert message.error() is None, message.error()  # type: ignore[attr-defined]
    headers = dict(message.headers() or ())  # type: ignore[attr-defined]
    until = headers.get("esi-until-us")
    return Found(
        message.partition(), message.offset(), message.value(), headers.get(names.CONTENT_TYPE, b"").decode(),  # type: ignore[attr-defined]
        None if until is None else int(until), headers,
    )  # fmt: skip


class Follower:
    """Reads a feed like a flow: keeps every record, and commits as durable what it has read.

    Args:
        bootstrap: the broker.
        feed: the feed.
        pause_s: how long it sleeps after each few records.
        closed: event time that a record closes, for the progress it commits.
    """

    def __init__(
        self, bootstrap: str, feed: str, pause_s: float = 0.005, closed: Callable[[Found], int | None] = lambda _: None
    ) -> None:
        self._topic, self._pause, self._closed = names.ticks_topic(feed), pause_s, closed
        kafka.ensure_topic(bootstrap, self._topic, PARTITIONS)
        self._reader = kafka.consumer(bootstrap, names.flow_group(feed))
        self.read: list[list[Found]] = [[] for _ in range(PARTITIONS)]
        self.failed: list[str] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow)

    def __enter__(self) -> Self:
        """Begins at the start of every partition."""
        self._reader.assign([TopicPartition(self._topic, number, 0) for number in range(PARTITIONS)])
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Ends the thread."""
        self._stop.set()
        self._thread.join()
        self._reader.close()

    def _follow(self) -> None:
        while not self._stop.is_set():
            for message in self._reader.consume(20, 0.01):
                if message.error() is not None:
                    self.failed.append(message.error().str())
                    return
                self.read[message.partition() or 0].append(_found(message))
            time.sleep(self._pause)
            for number, read in enumerate(self.read):
                if read:
                    closed = self._closed(read[-1])
                    kafka.Progress(len(read), closed, closed, "i").commit(self._reader, self._topic, number)
