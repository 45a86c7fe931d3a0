"""Counts what a feed rejects, by reason, as its dead letters come in: a replay says at its end what was bad."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any, Final

from confluent_kafka import Message, TopicPartition

from dataflows import kafka
from schemas.names import REJECTS_TOPIC

_AT_ONCE: Final = 1_000


class Tally:
    """Rejects of one feed from now on.

    A flow that falls writes the dead letters of its last epoch again: each is counted once, by where the record stood.

    Attributes:
        counts: rejected ticks (or whole records that hold none that can be read) by reason.
        complete: whether no dead letter was gone before it was counted; the embedded broker keeps 5 MiB a partition.

    Args:
        bootstrap: Kafka.
        feed: name of the feed, with its run.
    """

    def __init__(self, bootstrap: str, feed: str) -> None:
        self._feed = feed
        self.counts: Counter[str] = Counter()
        self.complete = True
        self._seen: set[tuple[bytes, str]] = set()
        partitions = range(kafka.ensure_topic(bootstrap, REJECTS_TOPIC, 4))
        self._reader = kafka.consumer(bootstrap, f"esi-tally-{feed}", auto_offset_reset="earliest")
        self._next = {number: kafka.bounds(self._reader, REJECTS_TOPIC, number)[1] for number in partitions}
        self._reader.assign([TopicPartition(REJECTS_TOPIC, number, offset) for number, offset in self._next.items()])

    def poll(self) -> None:
        """Takes in what is there; never waits."""
        for letter in self._reader.consume(_AT_ONCE, 0):
            self._take(letter)

    def finish(self) -> None:
        """Takes in everything that the topic holds now, and leaves the broker; waits a while for a slow one."""
        deadline = time.monotonic() + kafka.CALL_S
        ends = {number: kafka.bounds(self._reader, REJECTS_TOPIC, number)[1] for number in self._next}
        while any(self._next[number] < end for number, end in ends.items()):
            if time.monotonic() > deadline:
                self.complete = False
                break
            for letter in self._reader.consume(_AT_ONCE, 0.1):
                self._take(letter)
        self._reader.close()

    def _take(self, letter: Message) -> None:
        partition, offset = letter.partition(), letter.offset()
        if letter.error() is not None or partition is None or offset is None:
            return  # librdkafka mends it by itself
        self.complete &= offset == self._next[partition]
        self._next[partition] = offset + 1
        headers: Any = letter.headers() or ()
        said = {name: (value or b"").decode() for name, value in headers}
        known = (bytes(letter.key() or b""), said["reason"])
        if said["feed"] == self._feed and known not in self._seen:
            self._seen.add(known)
            self.counts[said["reason"]] += int(said["count"])


def sentence(tally: Tally) -> str:
    """What was rejected, the most frequent reason first."""
    if not tally.counts:
        return "No tick was rejected."
    whole = f"{'' if tally.complete else 'at least '}{tally.counts.total():,}"
    frequent = sorted(tally.counts.items(), key=lambda one: (-one[1], one[0]))
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in frequent)
    return f"Ticks rejected: {whole} ({reasons}); they are kept in the topic {REJECTS_TOPIC}."
