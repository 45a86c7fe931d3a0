"""The whole truth of a live market with shipped settings: from the end of a step in event time to a viewer's socket."""

from __future__ import annotations

import json
import tempfile
import threading
import time
from pathlib import Path
from typing import Final

import msgspec
from hdrh.histogram import HdrHistogram

from bench import product
from bench.case import Figure, require
from bench.fanout import serving
from bench.listener import Listener
from bench.servers import broker, running
from dataflows import kafka as clients
from schemas import names
from tests import servers

FEED: Final = "desk"
SECONDS: Final = 20.0
WARM_UP: Final = 6.0
PACE_S: Final = 0.02
PRICES: Final = {"SPY": 500.0, "KRE": 50.0, "HY": 3.5}

WORK: Final = (
    "docs/examples/desk.toml as it is (live: steps of a second, ticks may be 500 ms late, four tocks a second), "
    "150 single JSON ticks/s into Apache Kafka: from a step's end in event time to the reading in a WebSocket client"
)


def _ticks(bootstrap: str, ended: threading.Event) -> None:
    """What the README shows, without its noise."""
    producer = clients.producer(bootstrap)
    headers: list[tuple[str, str | bytes | None]] = [(names.CONTENT_TYPE, names.TICKS_JSON.encode())]
    while not ended.wait(PACE_S):
        for name, price in PRICES.items():
            tick = {"instrument": name, "ts_us": time.time_ns() // 1000, "price": price}
            producer.produce(names.ticks_topic(FEED), json.dumps(tick), key=name, headers=headers)
        producer.poll(0)
    producer.flush(10)


class _Update(msgspec.Struct):
    type: str
    id: str | None = None


def listened(port: int, seconds: float) -> tuple[HdrHistogram, list[int]]:
    """Milliseconds from steps' ends to here (as µs), and the steps."""
    taken, steps = HdrHistogram(1, 60_000_000, 3), list[int]()
    begin = time.time() + WARM_UP
    with Listener(port, f"/v1/feed?market={FEED}&channel=readings") as viewer:
        for at_ns, payload in viewer.messages(begin + seconds):
            said = msgspec.json.decode(payload, type=_Update)
            if said.type == "update" and said.id is not None and at_ns / 1e9 >= begin:
                step_ms = int(said.id.partition("-")[0])
                steps.append(step_ms)
                taken.record_value(max(at_ns // 1000 - step_ms * 1000, 1))
    return taken, steps


def check(steps: list[int], seconds: float) -> None:
    """A reading of every second came, and once.

    Raises:
        WrongOutputError: otherwise.
    """
    require(len(steps) >= seconds - 2, f"{len(steps)} readings in {seconds} s")
    require(steps == list(range(steps[0], steps[-1] + 1, 1_000)), f"not one reading for each second: {steps}")


def measure() -> list[Figure]:
    """Median, 99th percentile and longest."""
    market = (servers.CHECKOUT / "docs" / "examples" / "desk.toml").read_text()
    port, ended = servers.free_port(), threading.Event()
    with (
        tempfile.TemporaryDirectory(prefix="esi-bench-") as folder,
        broker() as kafka,
        running(servers.Redis()) as store,
        product.flow(Path(folder) / "flow", FEED, market, kafka.bootstrap, store.url),
        product.process(Path(folder) / "tock", "tock", "--feed", FEED, ESI_KAFKA_URL=kafka.bootstrap),
        serving(store.url, port, 1),
        store.client() as client,
    ):
        servers.wait_until(lambda: client.sismember(names.MARKETS_KEY, FEED), 60, "the flow")
        source = threading.Thread(target=_ticks, args=(kafka.bootstrap, ended))
        source.start()
        try:
            taken, steps = listened(port, SECONDS)
        finally:
            ended.set()
            source.join()
    check(steps, SECONDS)
    found = {f"p{at}": taken.get_value_at_percentile(at) / 1e3 for at in (50, 99)} | {"max": taken.max_value / 1e3}
    return [
        Figure(f"latency_truth/{name}", (value,), "ms", higher_is_better=False, work=WORK if name == "p50" else "")
        for name, value in found.items()
    ]
