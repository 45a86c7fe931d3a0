"""The dead-letter topic: what could not be used, with its original bytes, counted and kept."""

from __future__ import annotations

import os
import time
from typing import Final

import structlog
from confluent_kafka import KafkaError, Message

from dataflows import metrics, stopping
from dataflows.kafka import ensure_topic, producer
from dataflows.trouble import WAY
from schemas.names import REJECTS_TOPIC
from schemas.rejects import Reject

log = structlog.get_logger()

_WARN_EVERY_S: Final = 5.0


class DeadLetters:
    """Writes rejects; nothing of an epoch counts as done before the broker has them.

    Args:
        bootstrap: Kafka.
        partitions: of the topic, if it has to be made.
        tells: whether a line of the log says now and then what is rejected.
    """

    def __init__(self, bootstrap: str, partitions: int, *, tells: bool = True) -> None:
        self._tells = tells
        ensure_topic(bootstrap, REJECTS_TOPIC, partitions)
        self._producer = producer(bootstrap)
        self._failed: KafkaError | None = None
        self._warned = 0.0

    def send(self, reject: Reject) -> None:
        """Queues one reject; waits only while the local queue is full."""
        metrics.REJECTS.labels(reject.feed, reject.reason.value).inc(len(reject.rows) or 1)
        if self._tells:
            self._tell(reject)
        key = f"{reject.feed}/{reject.partition}/{reject.offset}".encode()
        while True:
            try:
                self._producer.produce(
                    REJECTS_TOPIC, reject.raw, key, headers=reject.headers(), on_delivery=self._delivered
                )
            except BufferError:
                self._leave_if_asked()
                self._producer.poll(0.1)
            else:
                return

    def flush(self) -> None:
        """Waits until the broker has everything; says so when it takes long.

        Raises:
            RuntimeError: a reject cannot be written, so going on would lose it.
        """
        while self._producer.flush(1.0):
            self._leave_if_asked()
            log.warning("waiting_for_dead_letters", topic=REJECTS_TOPIC, left=len(self._producer))
        if self._failed is not None:
            msg = f"the dead-letter topic {REJECTS_TOPIC} refuses records: {self._failed.str()}"
            raise RuntimeError(msg)

    def _leave_if_asked(self) -> None:
        """An epoch without its dead letters is not saved as done: the next start reads it again."""
        if stopping.asked():
            os._exit(0)

    def _delivered(self, error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            self._failed = error
        else:
            WAY.works()

    def _tell(self, reject: Reject) -> None:
        """One line every few seconds at most: rejects come in floods."""
        now = time.monotonic()
        if now - self._warned < _WARN_EVERY_S:
            return
        self._warned = now
        log.warning(
            "rejected", feed=reject.feed, reason=reject.reason.value, partition=reject.partition,
            offset=reject.offset, rows=len(reject.rows) or 1, note=reject.note[:200],
        )  # fmt: skip
