"""Topics full of ticks that were never read, of any size, made as they are written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from bench import tape
from bench.case import require
from dataflows import kafka as clients
from schemas import json_wire, names
from schemas.arrow_schemas import TICKS_SCHEMA
from schemas.ticks_wire import encode

TICKS_A_MINUTE: Final = 100_000
"""Of each partition."""

_WALK: Final = 64
"""Records' worth of prices, used again and again."""


class Heap:
    """What is written to each partition: Arrow records of ticks in order of time.

    Args:
        rows: ticks of a record.
        instruments: so many names, each in every record if there are rows enough.
        minute: ticks of a partition in a minute of event time.
        compress: whether records are compressed.
    """

    def __init__(
        self, rows: int, instruments: int = tape.INSTRUMENTS, minute: int = TICKS_A_MINUTE, *, compress: bool = False
    ) -> None:
        self.rows, self._minute, self._compress = rows, minute, compress
        self.names = tuple(f"I{number:03d}" for number in range(instruments))
        random = np.random.default_rng(7)
        count = rows * min(_WALK, max(1, 600_000 // rows))
        self._code = random.integers(0, instruments, count, dtype=np.int32)
        self._price = np.round(100 + np.cumsum(random.standard_normal(count)) * 1e-3, 4)
        self._size = random.integers(1, 100, count).astype(np.float64)

    def record(self, number: int) -> bytes:
        """The record of that number in its partition."""
        first = number * self.rows
        place = slice(first % len(self._code), first % len(self._code) + self.rows)
        ts_us = tape.START_US + (first + np.arange(self.rows, dtype=np.int64)) * tape.MINUTE_US // self._minute
        columns: dict[str, npt.NDArray[Any]] = {
            "instrument": self._code[place], "ts_us": ts_us, "price": self._price[place], "size": self._size[place],
        }  # fmt: skip
        return encode(columns, self.names, TICKS_SCHEMA, compress=self._compress)

    def end_us(self, records: int) -> int:
        """The full minute after the last tick of so many records."""
        return tape.START_US + (records * self.rows // self._minute + 1) * tape.MINUTE_US


def pile(bootstrap: str, feed: str, partitions: int, heap: Heap, counts: list[int]) -> int:
    """Writes so many records to each partition, in turns, and the time behind them; returns bytes."""
    topic, written = names.ticks_topic(feed), 0
    require(clients.ensure_topic(bootstrap, topic, partitions) == partitions, f"{topic} has other partitions already")
    producer = clients.producer(bootstrap, linger_ms=20, batch_size=4_000_000)
    for number, partition in _turns(counts):
        raw = heap.record(number)
        written += len(raw)
        produce(producer, topic, raw, partition, names.TICKS_ARROW)
    for partition in range(partitions):
        tock = json_wire.encode_tock(heap.end_us(max(counts)))
        produce(producer, topic, tock, partition, names.TOCK_JSON)
    require(producer.flush(300) == 0, "Kafka did not take all records")
    return written


def _turns(counts: list[int]) -> Iterator[tuple[int, int]]:
    for number in range(max(counts)):
        yield from ((number, partition) for partition, count in enumerate(counts) if number < count)


def produce(producer: Any, topic: str, raw: bytes, partition: int, kind: str) -> None:
    """Queues a record, waiting where the queue is full."""
    while True:
        try:
            producer.produce(topic, raw, partition=partition, headers=[(names.CONTENT_TYPE, kind.encode())])
        except BufferError:
            producer.poll(0.05)
        else:
            return
