"""One flow process from real Kafka to Redis: a filled topic is drained until its last reading is published."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import redis

from bench import tape
from bench.case import Figure, require
from bench.drain import BEGAN
from bench.servers import broker, running
from dataflows import kafka as clients
from models.pipeline import Pipeline
from models.signals.bars import BarFold
from schemas import json_wire, names
from schemas.bars import Partial
from schemas.instruments import Instruments
from schemas.ticks_wire import decode_ticks
from tests import servers

FEED: Final = "bench"
PARTITIONS: Final = 4
REPEATS: Final = 3
BAR: Final = 5.0
ARROW_TICKS: Final = 2048 * tape.ROWS
JSON_TICKS: Final = 4_000_000
MINUTES: Final = 41

WORK: Final = (
    "16,777,216 ticks of 500 instruments (41 minutes, a reading each) in uncompressed Arrow records of 8,192, in 4 "
    "filled partitions of real Apache Kafka, drained by one flow process with recovery on; from opening the first "
    "partition to the last reading in Redis"
)
JSON_WORK: Final = "the same with 4,000,000 ticks, each a JSON record of its own"
START_WORK: Final = "beside it: from starting that process to opening the first partition"

Readings = list[tuple[str, bytes]]


@dataclass(frozen=True)
class Job:
    """A filled topic and what must come of it.

    Attributes:
        name: of the figure.
        work: what is done.
        content_type: of the records.
        parts: records by partition.
        ticks: in all of them.
        want: the readings, by id.
        bar: million ticks a second.
    """

    name: str
    work: str
    content_type: str
    parts: list[list[bytes]]
    ticks: int
    want: Readings
    bar: float | None = None


def expected(parts: list[tape.Tape]) -> Readings:
    """What the same steps publish in this process, one whole partition after the other."""
    market = tape.market()
    pipeline, known, said = Pipeline(market, len(parts)), Instruments(tape.NAMES), []
    end_us = max(part.end_us for part in parts)
    for number, part in enumerate(parts):
        fold = BarFold(market)
        for record in [*part.records(), None]:
            folded = fold.update(end_us if record is None else decode_ticks(record, known))
            if len(folded.reached_us):
                said += pipeline.feed(Partial(number, folded.reached_us, folded.bars))
    return [(one.id, one.reading) for one in said]


def check(found: Readings, want: Readings) -> None:
    """Redis holds exactly the readings that the steps give in one process.

    Raises:
        WrongOutputError: one is missing, too much, or has other bytes.
    """
    require(bool(want), "no reading was expected: the tape is empty")
    require([one[0] for one in found] == [one[0] for one in want], f"{len(found)} readings for {len(want)}")
    wrong = [mine[0] for mine, theirs in zip(found, want, strict=True) if mine != theirs]
    require(not wrong, f"other bytes than in one process: {wrong[:3]}")


def json_records(part: tape.Tape) -> list[bytes]:
    """Each tick as a JSON record."""
    columns = zip(part.code.tolist(), part.ts_us.tolist(), part.price.tolist(), part.size.tolist(), strict=True)
    return [
        b'{"instrument":"I%03d","ts_us":%d,"price":%s,"size":%s}'
        % (code, ts, repr(price).encode(), repr(size).encode())
        for code, ts, price, size in columns
    ]


def fill(bootstrap: str, parts: Iterable[list[bytes]], content_type: str, end_us: int) -> None:
    """Writes all records and the time behind them."""
    topic = names.ticks_topic(FEED)
    clients.ensure_topic(bootstrap, topic, PARTITIONS)
    producer = clients.producer(bootstrap, linger_ms=20, batch_size=1_000_000, queue_buffering_max_messages=1_000_000)
    for number, records in enumerate(parts):
        for raw in records:
            _produce(producer, topic, raw, number, content_type)
        _produce(producer, topic, json_wire.encode_tock(end_us), number, names.TOCK_JSON)
    require(producer.flush(120) == 0, "Kafka did not take all records")


def _produce(producer: Any, topic: str, raw: bytes, partition: int, kind: str) -> None:
    while True:
        try:
            producer.produce(topic, raw, partition=partition, headers=[(names.CONTENT_TYPE, kind.encode())])
            return
        except BufferError:
            producer.poll(0.05)


def drain(bootstrap: str, want: Readings) -> tuple[float, float]:
    """One drain with fresh state and fresh Redis: seconds from first read to last reading, and of the start before."""
    with running(servers.Redis()) as store, tempfile.TemporaryDirectory(prefix="esi-bench-") as folder:
        command = [sys.executable, "-m", "bench.drain", bootstrap, store.url, folder, FEED]
        began_ns = time.time_ns()
        with (Path(folder) / "flow.log").open("ab") as log:
            flow = subprocess.Popen(command, stdout=log, stderr=log, cwd=servers.CHECKOUT)
        try:
            waited(store.client(), want[-1][0], [flow], Path(folder))
        finally:
            flow.send_signal(signal.SIGKILL)
            flow.wait()
        with store.client() as client:
            entries: Any = client.xrange(names.stream(FEED, "readings"))
        check([(name.decode(), fields[b"reading"]) for name, fields in entries], want)
        read_ns, last_ns = int((Path(folder) / BEGAN).read_text()), int(entries[-1][1][b"sent_ns"])
        return (last_ns - read_ns) / 1e9, (read_ns - began_ns) / 1e9


def waited(client: redis.Redis, last: str, flows: list[subprocess.Popen[bytes]], folder: Path) -> None:
    """Waits for the last reading.

    Raises:
        WrongOutputError: a process of the flow ended, or it did not come within two minutes.
    """
    deadline = time.monotonic() + 120
    with client:
        while client.hget(names.latest_key(FEED), "id") != last.encode():
            log = (folder / "flow.log").read_text()[-2000:]
            alive = all(flow.poll() is None for flow in flows)
            require(alive and time.monotonic() < deadline, f"no reading {last}: {log}")
            time.sleep(0.05)


def _measure(job: Job, end_us: int) -> list[Figure]:
    with broker() as kafka:
        fill(kafka.bootstrap, job.parts, job.content_type, end_us)
        job.parts.clear()
        drain(kafka.bootstrap, job.want)  # warm-up
        taken = [drain(kafka.bootstrap, job.want) for _ in range(REPEATS)]
    rates = tuple(job.ticks / 1e6 / drained for drained, _ in taken)
    starts = tuple(started for _, started in taken)
    return [
        Figure(job.name, rates, "million ticks/s", job.bar, work=job.work),
        Figure(f"{job.name}/start", starts, "s", higher_is_better=False, work=START_WORK),
    ]


def _partitions(ticks: int) -> list[tape.Tape]:
    whole = tape.make(ticks, MINUTES)
    return [whole.partition(number, PARTITIONS) for number in range(PARTITIONS)]


def measure_arrow() -> list[Figure]:
    """Million ticks a second of Arrow records."""
    parts = _partitions(ARROW_TICKS)
    end_us = max(part.end_us for part in parts)
    records, want = [part.records() for part in parts], expected(parts)
    return _measure(Job("kafka_to_redis", WORK, names.TICKS_ARROW, records, ARROW_TICKS, want, BAR), end_us)


def measure_json() -> list[Figure]:
    """Million ticks a second of single JSON ticks."""
    parts = _partitions(JSON_TICKS)
    end_us = max(part.end_us for part in parts)
    records, want = [json_records(part) for part in parts], expected(parts)
    return _measure(Job("json_ticks", JSON_WORK, names.TICKS_JSON, records, JSON_TICKS, want), end_us)
