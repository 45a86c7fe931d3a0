"""Ticks at a steady pace of the wall clock: `python -m bench.steady BOOTSTRAP FEED ROWS SECONDS LINGER`.

Partitions take turns, an Arrow record each `TURN_US`; it holds the ticks since its partition's last, spread evenly.
What is late is sent at once, and its time stays the one at which it was due: nothing waits for whoever is measured. At
its end it prints how late it was itself.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from hdrh.histogram import HdrHistogram

from bench import tape
from dataflows import kafka
from schemas import names
from schemas.arrow_schemas import TICKS_SCHEMA
from schemas.ticks_wire import encode

PARTITIONS: Final = 4
TURN_US: Final = 8_000
"""From one record to the next; a partition has one in four."""

PHASE_US: Final = 4_000
"""Records are due so long after a whole multiple of `TURN_US`: steps end in between."""

UNCOUNTED_US: Final = 3_000_000
"""At the beginning everything has to be made ready: that it is late then matters to nobody."""

HEADERS: Final[list[tuple[str, str | bytes | None]]] = [(names.CONTENT_TYPE, names.TICKS_ARROW.encode())]


def due_us(at_us: int) -> int:
    """When the last record was due without which a step that ends at `at_us` cannot close: each partition's next."""
    return (at_us - PHASE_US) // TURN_US * TURN_US + PHASE_US + PARTITIONS * TURN_US


class Ticks:
    """Rows of a walk, again and again, with the times they are asked for."""

    def __init__(self, rows: int) -> None:
        self._rows, self._walk, self._next = rows, tape.make(rows * 32, 1), 0

    def record(self, from_us: int, until_us: int) -> bytes:
        """The next rows as an Arrow record, with times from `from_us` (excluded) to `until_us` (included)."""
        part = self._walk.take(slice(self._next, self._next + self._rows))
        self._next = (self._next + self._rows) % len(self._walk)
        span = np.arange(1, self._rows + 1, dtype=np.int64) * (until_us - from_us) // self._rows
        columns: dict[str, npt.NDArray[Any]] = {
            "instrument": part.code,
            "ts_us": from_us + span,
            "price": part.price,
            "size": part.size,
        }
        return encode(columns, tape.NAMES, TICKS_SCHEMA, compress=False)


def main(arguments: list[str]) -> None:
    """Sends for so long."""
    bootstrap, feed, rows, seconds, linger = arguments
    producer = kafka.producer(bootstrap, linger_ms=float(linger))
    topic, ticks, late = names.ticks_topic(feed), Ticks(int(rows)), HdrHistogram(1, 60_000_000, 3)
    first = due_us(time.time_ns() // 1000)
    for turn in range(int(float(seconds) * 1e6) // TURN_US):
        due = first + turn * TURN_US
        raw = ticks.record(due - PARTITIONS * TURN_US, due)
        time.sleep(max(due * 1000 - time.time_ns(), 0) / 1e9)
        if due >= first + UNCOUNTED_US:
            late.record_value(max(time.time_ns() // 1000 - due, 1))
        producer.produce(topic, raw, partition=turn % PARTITIONS, headers=HEADERS)
        producer.poll(0)
    producer.flush(30)
    told = {str(p): late.get_value_at_percentile(p) / 1e3 for p in (50, 99, 99.9)}
    print(json.dumps({"first_us": first, "late_ms": told}))


if __name__ == "__main__":
    main(sys.argv[1:])
