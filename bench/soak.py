"""`python -m bench.soak [--ticks N]`: hours' worth of ticks through one flow: does it grow?

Ticks are made as they are read, and Kafka forgets what is behind: a topic of any length needs a gigabyte of disk. The
result is kept in bench/results/soak.json.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

from bench import product, results, tape
from bench.backlog import FEED, RECORD, check
from bench.case import Figure, require
from bench.heaps import Heap, produce
from bench.servers import running
from dataflows import kafka as clients
from schemas import json_wire, names
from tests import servers

TICKS: Final = 5_000_000_000
"""Eight hours at 174,000 ticks a second."""

PARTITIONS: Final = 4
ROUND: Final = 32
"""Records of each partition that are written before the flow is looked at."""

FINALS: Final = 1_000
"""Finals that ranks remember; the shipped markets remember 20,000, and grow until then."""

AHEAD: Final = 12_000_000
"""Ticks that may wait in the topic: a third of what Kafka keeps."""

TELL_EVERY: Final = 50
LIMIT_S: Final = 600.0
GROWTH_BAR: Final = 1.05
STORE_BAR_MB: Final = 100.0
FORGETFUL: Final = {
    "log.retention.bytes": "268435456",
    "log.segment.bytes": "33554432",
    "log.retention.check.interval.ms": "1000",
    "log.segment.delete.delay.ms": "1000",
}
"""Of each partition Kafka keeps a quarter of a gigabyte."""

WORK: Final = "ticks of 500 instruments in Arrow records of 8,192 through one flow process with recovery on"


@dataclass
class Seen:
    """What was seen of the flow on its way: ticks read, resident memory and size of the recovery store, in MB."""

    ticks: list[float] = field(default_factory=list)
    rss: list[float] = field(default_factory=list)
    store: list[float] = field(default_factory=list)

    def growth(self, of: list[float]) -> float:
        """Median of the last tenth over that of the second: the first one is the start."""
        tenth = max(len(of) // 10, 1)
        return median(of[-tenth:]) / median(of[tenth : 2 * tenth] or of)


def soak(ticks: int, told: Callable[[str], None] = lambda _: None) -> list[Figure]:
    """Figures of one run.

    Args:
        ticks: how many; whole rounds of records are written.
        told: is told what was done, in a line, now and then.

    Raises:
        WrongOutputError: a tick was lost or refused, the last reading did not come, or the flow ended.
    """
    heap, rounds = Heap(RECORD), max(1, ticks // (PARTITIONS * ROUND * RECORD))
    with (
        running(servers.Kafka(settings=FORGETFUL)) as kafka,
        running(servers.Redis()) as store,
        tempfile.TemporaryDirectory(prefix="esi-bench-") as folder,
        store.client() as client,
        product.flow(Path(folder), FEED, market_text(), kafka.bootstrap, store.url) as flow,
    ):
        servers.wait_until(flow.page, 60, "the flow's page")
        began, seen = time.monotonic(), Seen()
        _feed(kafka.bootstrap, heap, rounds, lambda ticks: _wait(flow, seen, ticks, told))
        last = f"{heap.end_us(rounds * ROUND) // 1000}-1".encode()
        servers.wait_until(lambda: client.hget(names.latest_key(FEED), "id") == last, 120, "the last reading")
        seconds, total = time.monotonic() - began, rounds * ROUND * PARTITIONS * RECORD
        servers.wait_until(lambda: product.total(flow.page(), "esi_ticks_total") == total, 10, "all ticks counted")
        check(flow.page(), total)
        _look(flow, seen)
    return _figures(seen, total, seconds)


def market_text() -> str:
    """The benchmarks' market with a memory of finals that is full within the first tenth: what grows then is a leak."""
    return tape.market_text().replace("[history]", f"[history]\ncapacity = {FINALS}")


def _figures(seen: Seen, total: int, seconds: float) -> list[Figure]:
    def lower(name: str, value: float, unit: str, bar: float | None = None) -> Figure:
        return Figure(f"soak/{name}", (value,), unit, bar, higher_is_better=False, work=WORK)

    return [
        Figure("soak/ticks", (total / 1e6,), "million ticks", work=WORK),
        Figure(
            "soak/rate", (total / 1e6 / seconds,), "million ticks/s", work="made, written and read on the same cores"
        ),
        lower("rss", max(seen.rss), "MB"),
        lower("rss_growth", seen.growth(seen.rss), "last tenth over second", GROWTH_BAR),
        lower("store", max(seen.store), "MB", STORE_BAR_MB),
        lower("store_growth", seen.growth(seen.store), "last tenth over second"),
    ]


def _feed(bootstrap: str, heap: Heap, rounds: int, wait_for: Callable[[int], None]) -> None:
    """Writes rounds of records, no further ahead of the flow than Kafka remembers."""
    topic = names.ticks_topic(FEED)
    require(clients.ensure_topic(bootstrap, topic, PARTITIONS) == PARTITIONS, f"{topic} has other partitions")
    producer = clients.producer(bootstrap, linger_ms=20, batch_size=4_000_000)
    for done in range(rounds):
        for number in range(done * ROUND, (done + 1) * ROUND):
            raw = heap.record(number)
            for partition in range(PARTITIONS):
                produce(producer, topic, raw, partition, names.TICKS_ARROW)
        require(producer.flush(300) == 0, "Kafka did not take all records")
        wait_for((done + 1) * ROUND * PARTITIONS * RECORD - AHEAD)
    for partition in range(PARTITIONS):
        tock = json_wire.encode_tock(heap.end_us(rounds * ROUND))
        produce(producer, topic, tock, partition, names.TOCK_JSON)
    require(producer.flush(300) == 0, "Kafka did not take the end")


def _wait(flow: product.Running, seen: Seen, ticks: int, told: Callable[[str], None]) -> None:
    """Until the flow has read so many."""
    deadline = time.monotonic() + LIMIT_S
    while True:
        _look(flow, seen)
        if seen.ticks[-1] >= ticks:
            break
        require(time.monotonic() < deadline, f"the flow stands at {seen.ticks[-1]:.0f} ticks: {flow.log()}")
        time.sleep(0.1)
    if len(seen.ticks) % TELL_EVERY == 1:
        told(f"  {seen.ticks[-1] / 1e6:,.0f} million ticks, {seen.rss[-1]:.0f} MB, store {seen.store[-1]:.1f} MB")


def _look(flow: product.Running, seen: Seen) -> None:
    flow.must_run()
    seen.ticks.append(product.total(flow.page(), "esi_ticks_total"))
    seen.rss.append(flow.itself.memory_info().rss / 1e6)
    seen.store.append(sum(file.stat().st_size for file in _files(flow.folder / "data")) / 1e6)


def _files(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]


def main(arguments: list[str] | None = None) -> int:
    """One run, kept and printed."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--ticks", type=int, default=TICKS, help=f"by default {TICKS:,}")
    asked = parser.parse_args(arguments)
    on, at = results.machine(), results.commit()
    figures = soak(asked.ticks, lambda line: print(line, file=sys.stderr, flush=True))
    kept = results.RESULTS / "soak.json"
    kept.write_text(json.dumps(results.document(figures, {}, at, on), indent=1) + "\n")
    print("\n".join(figure.line() for figure in figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
