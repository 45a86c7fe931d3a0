"""A flow that starts behind a full topic: how much memory it takes, and whether the heap's size matters to it."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench import product, tape
from bench.case import Figure, require
from bench.heaps import Heap, pile
from bench.servers import broker, running
from schemas import names
from tests import servers

FEED: Final = "bench"
RSS_BAR: Final = 1_500.0
GIGABYTE: Final = 1_000_000_000
RECORD: Final = 8_192
LIMIT_S: Final = 240.0

WORK: Final = (
    "2 GB of Arrow records of 8,192 ticks of 500 instruments in 4 partitions of Apache Kafka, drained by one flow "
    "process with recovery on: most resident memory on the way"
)
LESS: Final = "the same with 0.5 GB"
MANY: Final = "1 GB in 64 partitions, all of them on one worker"
ONE: Final = "1 GB in one partition of 4, and nothing but its time in the others"


@dataclass(frozen=True)
class Drained:
    """One drain: most memory in MB (RSS of the process), its most threads, seconds, bytes that were in the topic."""

    rss: float
    threads: int
    seconds: float
    written: int


def drained(partitions: int, counts: list[int], heap: Heap, market: str) -> Drained:
    """Fills a fresh topic and drains it."""
    with (
        broker() as kafka,
        running(servers.Redis()) as store,
        tempfile.TemporaryDirectory(prefix="esi-bench-") as folder,
        store.client() as client,
    ):
        written = pile(kafka.bootstrap, FEED, partitions, heap, counts)
        last, ticks = f"{heap.end_us(max(counts)) // 1000}-1", sum(counts) * heap.rows
        with product.flow(Path(folder), FEED, market, kafka.bootstrap, store.url) as flow:
            rss, threads, began = 0, 0, time.monotonic()
            deadline = began + LIMIT_S
            while client.hget(names.latest_key(FEED), "id") != last.encode():
                flow.must_run()
                require(time.monotonic() < deadline, f"no reading {last} in {LIMIT_S:g} s: {flow.log()}")
                with flow.itself.oneshot():
                    rss, threads = max(rss, flow.itself.memory_info().rss), max(threads, flow.itself.num_threads())
                time.sleep(0.05)
            seconds = time.monotonic() - began
            servers.wait_until(lambda: product.total(flow.page(), "esi_ticks_total") == ticks, 10, "all ticks counted")
            check(flow.page(), ticks)
    return Drained(rss / 1e6, threads, seconds, written)


def check(page: str, ticks: int) -> None:
    """All ticks were read, and none was refused.

    Raises:
        WrongOutputError: otherwise.
    """
    read, refused = product.total(page, "esi_ticks_total"), product.total(page, "esi_rejects_total")
    require(read == ticks, f"{read:.0f} ticks were read instead of {ticks}")
    require(refused == 0, f"{refused:.0f} ticks were refused")


def _even(partitions: int, size: int, heap: Heap) -> list[int]:
    return [size // partitions // len(heap.record(0))] * partitions


def measure() -> list[Figure]:
    """Memory behind heaps of several shapes."""
    heap, market = Heap(RECORD), tape.market_text()
    shapes = [
        ("full", WORK, 4, _even(4, 2 * GIGABYTE, heap)),
        ("less", LESS, 4, _even(4, GIGABYTE // 2, heap)),
        ("many", MANY, 64, _even(64, GIGABYTE, heap)),
        ("one", ONE, 4, [*_even(1, GIGABYTE, heap), 0, 0, 0]),
    ]
    found = []
    for name, work, partitions, counts in shapes:
        one = drained(partitions, counts, heap, market)
        found += [
            Figure(f"backlog/{name}_rss", (one.rss,), "MB", RSS_BAR, higher_is_better=False, work=work),
            Figure(
                f"backlog/{name}_threads", (one.threads,), "threads", higher_is_better=False, work="of that process"
            ),
        ]
    return found
