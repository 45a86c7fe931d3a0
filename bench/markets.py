"""A hundred markets in one flow, beside one: a filled topic of Apache Kafka drained to the last reading of each."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Final

import redis

from bench import product
from bench.backlog import check
from bench.case import Figure, require
from bench.heaps import Heap, pile
from bench.instruments import market_text
from bench.servers import broker, running
from schemas import names
from tests import servers

FEED: Final = "bench"
MARKETS: Final = 100
EACH: Final = 10
PARTITIONS: Final = 4
RECORDS: Final = 244
"""Of each partition: two million ticks."""

MINUTE: Final = 100_000
REPEATS: Final = 2
LIMIT_S: Final = 120.0

WORK: Final = (
    f"{PARTITIONS * RECORDS * 8192:,} ticks of {MARKETS * EACH:,} instruments in Arrow records of 8,192, in "
    f"{PARTITIONS} filled partitions of Apache Kafka, drained by one flow process with recovery on for {MARKETS} "
    f"markets of {EACH} instruments each (20 minutes: {20 * MARKETS:,} readings); from when all are known to the "
    "last reading of each, making their steps included"
)
ONE: Final = "beside it: the same topic for one market of all instruments"


def texts(count: int) -> dict[str, str]:
    """So many markets that share the feed's instruments, by name."""
    each = MARKETS * EACH // count
    whole = market_text(each)
    found = {}
    for number in range(count):
        text = whole.replace('name = "bench"', f'name = "{_name(number)}"', 1)
        for code in reversed(range(each)):
            text = text.replace(f'"I{code:03d}"', f'"I{number * each + code:03d}"')
        found[_name(number)] = text
    return found


def _name(number: int) -> str:
    return f"m{number:02d}"


def last_readings(client: redis.Redis, markets: list[str]) -> set[str]:
    """The newest reading's id of each market, empty where there is none."""
    with client.pipeline(transaction=False) as pipe:
        for market in markets:
            pipe.hget(names.latest_key(market), "id")
        return {(said or b"").decode() for said in pipe.execute()}


def drained(bootstrap: str, heap: Heap, markets: dict[str, str]) -> float:
    """Million ticks a second to the last reading of all markets.

    Raises:
        WrongOutputError: a market has no last reading, or another number of them than the others.
    """
    last, listed = f"{heap.end_us(RECORDS) // 1000}-1", list(markets)
    with running(servers.Redis()) as store, tempfile.TemporaryDirectory(prefix="esi-bench-") as folder:
        files = [Path(folder) / f"{market}.toml" for market in listed]
        for file, text in zip(files, markets.values(), strict=True):
            file.write_text(text)
        more = [argument for file in files[1:] for argument in ("--market", str(file))]
        with (
            product.flow(Path(folder), FEED, markets[listed[0]], bootstrap, store.url, *more) as flow,
            store.client() as client,
        ):
            deadline = time.monotonic() + LIMIT_S
            while client.scard(names.MARKETS_KEY) < len(listed):
                flow.must_run()
                time.sleep(0.02)
            began = time.monotonic()
            while last_readings(client, listed) != {last}:
                flow.must_run()
                require(time.monotonic() < deadline, f"no reading {last} of all in {LIMIT_S:g} s: {flow.log()}")
                time.sleep(0.02)
            taken = time.monotonic() - began
            counts = {int(client.xlen(names.stream(market, "readings"))) for market in listed}
            require(len(counts) == 1, f"markets have {sorted(counts)} readings")
            ticks = PARTITIONS * RECORDS * heap.rows
            servers.wait_until(lambda: product.total(flow.page(), "esi_ticks_total") == ticks, 10, "all ticks counted")
            check(flow.page(), ticks)
    return ticks / 1e6 / taken


def measure() -> list[Figure]:
    """A hundred markets, one, and their ratio pair by pair."""
    heap = Heap(8_192, MARKETS * EACH, MINUTE)
    with broker() as kafka:
        pile(kafka.bootstrap, FEED, PARTITIONS, heap, [RECORDS] * PARTITIONS)
        pairs = [
            (drained(kafka.bootstrap, heap, texts(MARKETS)), drained(kafka.bootstrap, heap, texts(1)))
            for _ in range(REPEATS)
        ]
    many, one = (tuple(values) for values in zip(*pairs, strict=True))
    ratio = tuple(a / b for a, b in pairs)
    return [
        Figure("markets/hundred", many, "million ticks/s", work=WORK),
        Figure("markets/one", one, "million ticks/s", work=ONE),
        Figure("markets/ratio", ratio, "of one market", work="pair by pair"),
    ]
