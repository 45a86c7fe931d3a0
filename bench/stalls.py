"""A flow of ten thousand instruments: how long a save of all of its state holds it up, and how soon it is back."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from bench import instruments, product
from bench.case import Figure, require
from bench.gaps import GAPS
from bench.heaps import Heap
from bench.servers import broker, running
from dataflows import kafka as clients
from models.warm import warm
from schemas import names
from schemas.market_file import parse
from tests import servers

FEED: Final = "bench"
COUNT: Final = 10_000
PARTITIONS: Final = 4
RATE: Final = 100_000
RECORDS_A_SECOND: Final = 10
SECONDS: Final = 30.0
BACK_SECONDS: Final = 3.0

STALL: Final = (
    f"a flow of {COUNT:,} instruments, {RATE:,} ticks/s in {PARTITIONS} partitions of Apache Kafka, a bar of each "
    "instrument and a reading a second, all state saved four times a second: the longest time by the wall clock in "
    "which it does not look at its partitions around a save, of all saves; producer, broker and Redis on the same cores"
)
OWN: Final = (
    "of these the longest without the time in which others had the processor: work and disk, with the steps of a "
    "reading where both fall together"
)
BESIDE: Final = "beside it, the 99.9th percentile of the gaps between saves, in which readings are made"
RESUME: Final = (
    "from starting that flow again after kill -9 to its first look at a partition, imports and loading of compiled "
    "code included"
)


def heaps() -> list[Heap]:
    """What each partition is given: every fourth instrument."""
    given = [
        Heap(RATE // PARTITIONS // RECORDS_A_SECOND, COUNT // PARTITIONS, RATE // PARTITIONS) for _ in range(PARTITIONS)
    ]
    for number, heap in enumerate(given):
        heap.names = tuple(f"I{code:03d}" for code in range(number, COUNT, PARTITIONS))
    return given


def _sent(bootstrap: str, ended: threading.Event) -> None:
    """Ticks of all instruments at a steady rate; a minute of event time each second."""
    given, producer = heaps(), clients.producer(bootstrap)
    headers: Any = [(names.CONTENT_TYPE, names.TICKS_ARROW.encode())]
    began, number = time.monotonic(), 0
    while not ended.is_set():
        for partition, heap in enumerate(given):
            producer.produce(names.ticks_topic(FEED), heap.record(number), partition=partition, headers=headers)
        producer.poll(0)
        number += 1
        ended.wait(max(0.0, began + number / RECORDS_A_SECOND - time.monotonic()))
    producer.flush(10)


@contextmanager
def _steady(bootstrap: str) -> Iterator[None]:
    ended = threading.Event()
    source = threading.Thread(target=_sent, args=(bootstrap, ended))
    source.start()
    try:
        yield
    finally:
        ended.set()
        source.join()


def found() -> tuple[dict[str, Any], float]:
    """Gaps of a flow, and the seconds in which it is back after a kill."""
    with (
        broker() as kafka,
        running(servers.Redis()) as store,
        tempfile.TemporaryDirectory(prefix="esi-bench-") as name,
    ):
        folder, port = Path(name), servers.free_port()
        clients.ensure_topic(kafka.bootstrap, names.ticks_topic(FEED), PARTITIONS)
        (folder / "market.toml").write_text(instruments.market_text(COUNT))
        told = {"bootstrap": kafka.bootstrap, "redis": store.url, "feed": FEED, "port": str(port)}
        (folder / "told.json").write_text(json.dumps(told))
        warm(parse(instruments.market_text(100).encode(), "market.toml"))  # code is compiled once for all flows
        with _steady(kafka.bootstrap):
            gaps, _ = _ran(folder, SECONDS, port)
            _, back = _ran(folder, BACK_SECONDS, port)
    return gaps, back


def _ran(folder: Path, seconds: float, port: int) -> tuple[dict[str, Any], float]:
    """The gaps of a flow that runs for so long and is killed, and the seconds until its first look."""
    (folder / GAPS).unlink(missing_ok=True)
    began, log = time.time(), folder / "flow.log"
    with log.open("ab") as written:
        flow = subprocess.Popen(
            [sys.executable, "-m", "bench.gaps", str(folder)], stdout=written, stderr=written, cwd=servers.CHECKOUT
        )
    try:
        servers.wait_until((folder / GAPS).exists, 60, "the flow")
        back = (folder / GAPS).stat().st_mtime - began
        time.sleep(seconds)
        read = product.total(product.page(port), "esi_ticks_total")
        require(flow.poll() is None, log.read_text()[-2000:])
        require(read > RATE * seconds * 0.8, f"only {read:.0f} ticks were read in {seconds:g} s")
    finally:
        flow.kill()
        flow.wait()
    gaps: dict[str, Any] = json.loads((folder / GAPS).read_text())
    return gaps, back


def measure() -> list[Figure]:
    """Stalls and the return."""
    gaps, back = found()
    least = (SECONDS - 10) * 4
    require(gaps["saves"]["count"] > least, f"{gaps['saves']['count']:.0f} gaps around saves instead of {least:.0f}")
    told = [
        ("wall", gaps["saves"]["p100"], 50.0, STALL),
        ("own", gaps["saves_own"]["p100"], 50.0, OWN),
        ("wall_p99", gaps["saves"]["p99"], None, "the 99th percentile by the wall clock"),
        ("between_p99.9", gaps["others"]["p99.9"], None, BESIDE),
    ]
    made = [
        Figure(f"stalls/{name}", (value,), "ms", bar, higher_is_better=False, work=work)
        for name, value, bar, work in told
    ]
    return [*made, Figure("stalls/resume", (back,), "s", 5.0, higher_is_better=False, work=RESUME)]
