"""The bare loops beside which the lanes are measured: consume, decode, fold; no checks, no state, no output.

`python -m bench.bare_lanes KIND BOOTSTRAP FEED MINUTES PARTITION,..` is one process. It says `ready`, waits for a line,
reads its partitions to their ends and says how many ticks of what volume there were, and when it began and ended.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa
from confluent_kafka import Consumer, TopicPartition

from bench import tape
from bench.bare_fold import COLUMNS, bare_fold
from bench.bare_scan import bare_scan
from dataflows import kafka
from dataflows.drain import native
from dataflows.drain.memory import destroy
from schemas.names import ticks_topic

AT_ONCE: Final = 10_000
GROUP: Final = "esi-bench-bare"
_CODES: Final = {name: code for code, name in enumerate(tape.NAMES)}


class Row(msgspec.Struct):
    """A single JSON tick."""

    instrument: str
    ts_us: int
    price: float
    size: float


class Bars:
    """What the ticks are folded into."""

    def __init__(self, minutes: int) -> None:
        self._bars = np.zeros((minutes + 2, tape.INSTRUMENTS, COLUMNS))

    def fold(self, code: Any, ts_us: Any, price: Any, size: Any) -> None:
        """Adds ticks."""
        bare_fold(code, ts_us, price, size, tape.START_US, tape.MINUTE_US, self._bars)

    @property
    def told(self) -> dict[str, float]:
        """Ticks and volume."""
        return {"ticks": float(self._bars[..., 5].sum()), "volume": float(self._bars[..., 4].sum())}


def _values(reader: Consumer, left: int) -> Iterator[list[bytes]]:
    while left > 0:
        records: list[Any] = reader.consume(min(AT_ONCE, left), 0.05)
        left -= len(records)
        yield [record.value() for record in records if len(record.value()) > 40]  # the time behind the ticks is short


def arrow(bootstrap: str, topic: str, places: list[TopicPartition], left: int) -> Callable[[Bars], None]:
    """Arrow records by the client's `consume`."""
    reader = _reader(bootstrap, topic, places)

    def run(bars: Bars) -> None:
        for values in _values(reader, left):
            for value in values:
                with pa.ipc.open_stream(pa.py_buffer(value)) as stream:
                    instrument, *columns = stream.read_next_batch().columns
                bars.fold(*[column.to_numpy() for column in (instrument.indices, *columns)])

    return run


def ordinary(bootstrap: str, topic: str, places: list[TopicPartition], left: int) -> Callable[[Bars], None]:
    """Single JSON ticks by `consume`, decoded together: one Python object a record, and one a tick."""
    reader, decoder = _reader(bootstrap, topic, places), msgspec.json.Decoder(list[Row])

    def run(bars: Bars) -> None:
        for values in _values(reader, left):
            rows = decoder.decode(b"[" + b",".join(values) + b"]")
            code = np.array([_CODES[row.instrument] for row in rows], np.int32)
            ts_us = np.array([row.ts_us for row in rows], np.int64)
            bars.fold(code, ts_us, np.array([row.price for row in rows]), np.array([row.size for row in rows]))

    return run


def fast(bootstrap: str, topic: str, places: list[TopicPartition], left: int) -> Callable[[Bars], None]:
    """Single JSON ticks where librdkafka holds them."""
    settings = kafka.consumer_settings(bootstrap, GROUP)
    clients = [native.Client(settings, topic, place.partition, 0, lambda *_: None) for place in places]
    release = native.address(native.library().rd_kafka_message_destroy)
    messages = np.zeros(AT_ONCE, np.int64)
    code, ts_us = np.zeros(AT_ONCE, np.int32), np.zeros(AT_ONCE, np.int64)
    price, size = np.zeros(AT_ONCE), np.zeros(AT_ONCE)
    bare_scan(messages[:0], code, ts_us, price, size)
    destroy(messages[:0], release)

    def run(bars: Bars) -> None:
        gone = 0
        while gone < left:
            for client in clients:
                got = max(client.take(messages.ctypes.data, AT_ONCE), 0)
                gone += got
                found = bare_scan(messages[:got], code, ts_us, price, size)
                destroy(messages[:got], release)
                bars.fold(code[:found], ts_us[:found], price[:found], size[:found])

    return run


LOOPS: Final = {"arrow": arrow, "ordinary": ordinary, "fast": fast}


def _reader(bootstrap: str, topic: str, places: list[TopicPartition]) -> Consumer:
    reader = kafka.consumer(bootstrap, GROUP)
    reader.assign([TopicPartition(topic, place.partition, 0) for place in places])
    return reader


def main(arguments: Sequence[str]) -> None:
    """One process."""
    kind, bootstrap, feed, minutes, numbers = arguments
    topic = ticks_topic(feed)
    places = [TopicPartition(topic, int(number)) for number in numbers.split(",")]
    looker = kafka.consumer(bootstrap, GROUP)
    left = sum(kafka.bounds(looker, topic, place.partition)[1] for place in places)
    looker.close()
    none = np.zeros(0)
    Bars(1).fold(none.astype(np.int32), none.astype(np.int64), none, none)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    bars = Bars(int(minutes))
    began = time.time_ns()
    LOOPS[kind](bootstrap, topic, places, left)(bars)
    sys.stdout.write(json.dumps({"began": began, "ended": time.time_ns(), **bars.told}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
