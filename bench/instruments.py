"""From ten to ten thousand instruments: time per tick, how long a save holds up a flow, how soon it is back."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench import product, tape
from bench.case import Figure, require
from bench.gaps import GAPS
from bench.heaps import Heap
from bench.servers import running
from dataflows import kafka as clients
from models.pipeline import Pipeline
from models.signals.bars import BarFold
from models.signals.correlation import move_pairs, pair_correlations
from schemas import names
from schemas.bars import Partial
from schemas.instruments import Instruments
from schemas.market_file import parse
from schemas.ticks_wire import decode_ticks
from tests import servers

FEED: Final = "bench"
COUNTS: Final = (10, 100, 1_000, 10_000)
MOST: Final = COUNTS[-1]
MINUTE: Final = 1_000_000
RECORDS: Final = 500
WARM_UP: Final = 60
RATE: Final = 100_000
SECONDS: Final = 25.0
SERIES: Final = 500
REPEATS: Final = 5
SEGMENT: Final = 1_000
"""Instruments of one indicator at most."""

WORK: Final = (
    "Arrow records of 8,192 ticks of so many instruments, each as likely as any other, a million ticks a minute: decoded, "
    "validated, folded into one-minute bars, and with every minute merged and taken to volatilities, index and bytes; "
    "processor time of one core a tick"
)
RATIO: Final = "a tick of 10,000 instruments by one of 10"
STALL: Final = (
    f"a flow of 10,000 instruments with {RATE:,} ticks/s in 4 partitions, which saves all of its state four times a second: "
    "longest time in which it does not look at its partitions because of a save, of all saves"
)
RESUME: Final = (
    "from starting it again after kill -9 to its first look at a partition, imports and compiled code included"
)
PAIRS: Final = f"EWMA of the products of {SERIES} series over three memories (124,750 pairs), and their correlations"


def market_text(count: int) -> str:
    """The market of the other benchmarks with so many instruments."""
    listed = [f"I{number:03d}" for number in range(count)]
    size = min(SEGMENT, max(1, count // tape.SEGMENTS))
    parts = [listed[first : first + size] for first in range(0, count, size)]
    head = tape.market_text().partition("[[instrument]]")[0]
    instruments = "".join(f'[[instrument]]\nname = "{name}"\n' for name in listed)
    return head + instruments + "".join(_segment(number, part) for number, part in enumerate(parts))


def _segment(number: int, part: list[str]) -> str:
    indicator = f'name = "volatility {number}"\nkind = "realized_volatility"\nof = {json.dumps(part)}\n'
    return f'[[segment]]\nname = "s{number}"\n[[segment.indicator]]\n{indicator}'


def nanoseconds(count: int) -> float:
    """Of one tick, by processor time."""
    market, heap = parse(market_text(count).encode(), "bench.toml"), Heap(8_192, count, MINUTE)
    fold, pipeline, known = BarFold(market), Pipeline(market), Instruments(heap.names)
    began = readings = 0
    for number in range(RECORDS):
        raw = heap.record(number)
        before = time.thread_time_ns()
        folded = fold.update(decode_ticks(raw, known))
        if len(folded.reached_us):
            readings += len(pipeline.feed(Partial(0, folded.reached_us, folded.bars)))
        began += time.thread_time_ns() - before if number >= WARM_UP else 0
        require(not folded.faults.any(), "good ticks were refused")
    require(readings == RECORDS * 8_192 // MINUTE, f"{readings} readings")
    return began / ((RECORDS - WARM_UP) * 8_192)


def _ticks(bootstrap: str, ended: threading.Event) -> None:
    """Ticks of all instruments at a steady rate, event time as fast as the wall clock."""
    heap, producer = Heap(RATE // 40, MOST, RATE * 60 // 4), clients.producer(bootstrap)
    headers: Any = [(names.CONTENT_TYPE, names.TICKS_ARROW.encode())]
    began, number = time.monotonic(), 0
    while not ended.is_set():
        raw = heap.record(number)
        for partition in range(4):
            producer.produce(names.ticks_topic(FEED), raw, partition=partition, headers=headers)
        producer.poll(0)
        number += 1
        ended.wait(max(0.0, began + number * 0.1 - time.monotonic()))
    producer.flush(10)


def stalls() -> tuple[dict[str, Any], float]:
    """Gaps of a flow of ten thousand instruments, and the seconds in which it is back after a kill."""
    with (
        running(servers.Kafka()) as kafka,
        running(servers.Redis()) as store,
        tempfile.TemporaryDirectory(prefix="esi-bench-") as name,
    ):
        folder, ended = Path(name), threading.Event()
        clients.ensure_topic(kafka.bootstrap, names.ticks_topic(FEED), 4)
        (folder / "market.toml").write_text(market_text(MOST))
        told = {"bootstrap": kafka.bootstrap, "redis": store.url, "feed": FEED, "port": str(servers.free_port())}
        (folder / "told.json").write_text(json.dumps(told))
        source = threading.Thread(target=_ticks, args=(kafka.bootstrap, ended))
        source.start()
        try:
            gaps = _gaps(folder, SECONDS, int(told["port"]))
            began = time.time()
            back = _gaps(folder, 3.0, int(told["port"]))["began"] - began
        finally:
            ended.set()
            source.join()
    return gaps, back


def _gaps(folder: Path, seconds: float, port: int) -> dict[str, Any]:
    (folder / GAPS).unlink(missing_ok=True)
    with (folder / "flow.log").open("ab") as log:
        flow = subprocess.Popen(
            [sys.executable, "-m", "bench.gaps", str(folder)], stdout=log, stderr=log, cwd=servers.CHECKOUT
        )
    try:
        servers.wait_until((folder / GAPS).exists, 60, (folder / "flow.log").read_text()[-2000:])
        time.sleep(seconds)
        read = product.total(product.page(port), "esi_ticks_total")
        require(flow.poll() is None, (folder / "flow.log").read_text()[-2000:])
        require(read > RATE * seconds * 0.8, f"only {read:.0f} ticks were read")
    finally:
        flow.kill()
        flow.wait()
    found: dict[str, Any] = json.loads((folder / GAPS).read_text())
    return found


def pairs() -> tuple[float, ...]:
    """Milliseconds of one update of all pairs, and of their correlations."""
    random = np.random.default_rng(7)
    products, squares, counts = np.zeros((3, SERIES, SERIES)), np.zeros((3, SERIES, SERIES)), np.full((SERIES,) * 2, 9)
    after, taken, matrix = (np.empty_like(products), np.empty_like(squares)), [], np.empty_like(products)
    for turn in range(20 + REPEATS):
        returns = random.standard_normal(SERIES)
        before = time.thread_time_ns()
        move_pairs(products, squares, returns, np.array([0.01, 0.05, 0.002]), *after, counts)
        pair_correlations(*after, counts, 0.9, matrix)
        if turn >= 20:
            taken.append((time.thread_time_ns() - before) / 1e6)
        (products, squares), after = after, (products, squares)
    require(bool(np.isfinite(matrix).all()) and bool((np.abs(matrix) <= 1).all()), "a correlation is none")
    return tuple(taken)


def measure() -> list[Figure]:
    """Time a tick by instruments, stalls, resume, correlation."""
    found = {count: tuple(nanoseconds(count) for _ in range(3)) for count in COUNTS}
    figures = [
        Figure(
            f"instruments/tick_{count}", values, "ns", higher_is_better=False, work=WORK if count == COUNTS[0] else ""
        )
        for count, values in found.items()
    ]
    ratio = min(found[MOST]) / min(found[COUNTS[0]])
    gaps, back = stalls()
    return [
        *figures,
        Figure("instruments/flat", (ratio,), "x", higher_is_better=False, work=RATIO),
        Figure("instruments/stall", (gaps["saves"]["p100"],), "ms", 50.0, higher_is_better=False, work=STALL),
        Figure(
            "instruments/stall_p50", (gaps["saves"]["p50"],), "ms", higher_is_better=False, work="the median of these"
        ),
        Figure(
            "instruments/gap_p99",
            (gaps["others"]["p99"],),
            "ms",
            higher_is_better=False,
            work="beside it: between saves",
        ),
        Figure("instruments/resume", (back,), "s", 5.0, higher_is_better=False, work=RESUME),
        Figure("instruments/pairs", pairs(), "ms", higher_is_better=False, work=PAIRS),
    ]
