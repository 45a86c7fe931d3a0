"""From the tick that closes a step, produced into Apache Kafka, to the reading in a WebSocket client."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
from hdrh.histogram import HdrHistogram

from bench import steady, tape
from bench.case import Figure, require
from bench.fanout import serving
from bench.listener import Listener
from bench.servers import running
from dataflows import kafka as clients
from dataflows.hops import HOPS
from schemas import names
from tests import servers

FEED: Final = "bench"
STEP_MS: Final = 40
SECONDS: Final = 60.0
WARM_UP: Final = 8.0
LOADED_ROWS: Final = 1_000_000 * steady.TURN_US // 1_000_000
LINGER_MS: Final = 0.0
BARS: Final = {50.0: 3.0, 99.0: 8.0, 99.9: 30.0}

WORK: Final = (
    f"1,000,000 ticks/s of 500 instruments in Arrow records of {LOADED_ROWS:,} into 4 partitions of Apache Kafka, one "
    f"record each 8 ms; a reading each {STEP_MS} ms, a final each second, recovery on; open loop, wall clock from the "
    f"time at which the record with the closing tick was due at the producer to the bytes in a WebSocket client, for "
    f"{SECONDS:g} s after {WARM_UP:g}; producer, broker, Redis, flow, api and client on the same cores"
)
FLOOR: Final = "the same with one tick a record: 125 ticks/s"
HOP: Final = "of these, by the flow's and the api's own histograms (medians, from buckets)"


def market_text() -> str:
    """The market of the other benchmarks, with bars and steps of a few milliseconds."""
    text = tape.market_text()
    for name, value in {"period": "1s", "step": f"{STEP_MS}ms", "bar": f"{STEP_MS}ms"}.items():
        text = re.sub(rf'^{name} = ".*"$', f'{name} = "{value}"', text, flags=re.MULTILINE)
    for name, value in {"volatility": "10s", "correlation": "48s", "correlation_short": "20s"}.items():
        text = re.sub(rf'^{name} = ".*"$', f'{name} = "{value}"', text, flags=re.MULTILINE)
    return text


class Update(msgspec.Struct):
    """What is needed of a frame."""

    type: str
    id: str | None = None


@dataclass
class Run:
    """What one run gave: latencies (µs), the steps they are of, medians of hops (ms), the source's own lateness."""

    taken: HdrHistogram
    steps: list[int]
    hops: dict[str, float]
    late_ms: dict[str, float]

    def check(self, seconds: float) -> None:
        """A reading of every step came, in order.

        Raises:
            WrongOutputError: one is missing, or the source itself was late.
        """
        want = int(seconds * 1000 / STEP_MS)
        require(self.steps == sorted(set(self.steps)), "readings came twice or out of order")
        gaps = sum((b - a) // STEP_MS - 1 for a, b in zip(self.steps, self.steps[1:], strict=False))
        require(gaps == 0, f"{gaps} steps had no reading")
        require(len(self.steps) >= want * 0.98, f"{len(self.steps)} readings instead of {want}")


@contextmanager
def _flow(bootstrap: str, redis_url: str, folder: Path) -> Iterator[int]:
    """A flow as it is shipped; gives the port of its metrics."""
    file, port = folder / "bench.toml", servers.free_port()
    file.write_text(market_text())
    command = [sys.executable, "-m", "deploy", "flow", "--feed", FEED, "--market", str(file)]
    command += ["--data", str(folder), "--metrics-port", str(port)]
    told = {**os.environ, "ESI_KAFKA_URL": bootstrap, "ESI_REDIS_URL": redis_url}
    with (folder / "flow.log").open("ab") as log:
        flow = subprocess.Popen(command, stdout=log, stderr=log, cwd=servers.CHECKOUT, env=told)
    try:
        yield port
        require(flow.poll() is None, (folder / "flow.log").read_text()[-2000:])
    finally:
        flow.kill()
        flow.wait()


def measured(rows: int, seconds: float) -> Run:
    """One run with fresh servers."""
    port = servers.free_port()
    with (
        tempfile.TemporaryDirectory(prefix="esi-bench-") as folder,
        running(servers.Kafka()) as kafka,
        running(servers.Redis()) as store,
    ):
        clients.ensure_topic(kafka.bootstrap, names.ticks_topic(FEED), steady.PARTITIONS)
        with _flow(kafka.bootstrap, store.url, Path(folder)) as page, serving(store.url, port, 1):
            with store.client() as client:
                servers.wait_until(lambda: client.sismember(names.MARKETS_KEY, FEED), 60, "the flow")
            return _listened(kafka.bootstrap, rows, seconds, port, page)


def _listened(bootstrap: str, rows: int, seconds: float, port: int, page: int) -> Run:
    command = [sys.executable, "-m", "bench.steady", bootstrap, FEED, str(rows), str(WARM_UP + seconds + 1)]
    taken, steps = HdrHistogram(1, 60_000_000, 3), []
    with Listener(port, f"/v1/feed?market={FEED}&channel=readings") as viewer:
        source = subprocess.Popen(
            [*command, str(LINGER_MS)], stdout=subprocess.PIPE, cwd=servers.CHECKOUT, start_new_session=True
        )
        try:
            begin = time.time() + WARM_UP + 3
            for at_ns, payload in viewer.messages(begin + seconds - 3):
                said = msgspec.json.decode(payload, type=Update)
                if said.type == "update" and said.id is not None and at_ns / 1e9 >= begin:
                    step_ms = int(said.id.partition("-")[0])
                    steps.append(step_ms)
                    taken.record_value(max(at_ns // 1000 - steady.due_us(step_ms * 1000), 1))
            said_late, _ = source.communicate(timeout=60)
        finally:
            source.kill()
    hops = _hops(page, port)
    return Run(taken, steps, hops, json.loads(said_late)["late_ms"])


def _hops(flow_port: int, api_port: int) -> dict[str, float]:
    """Medians of every hop in milliseconds."""
    text = _page(flow_port) + _page(api_port)
    found = {hop: median(text, "esi_hop_seconds", f'hop="{hop}"') for hop in HOPS}
    for name in ("esi_flow", "esi_api_read", "esi_api_write", "esi_api_send", "esi_poll"):
        found[name.removeprefix("esi_")] = median(text, f"{name}_seconds", "")
    return {name: value * 1e3 for name, value in found.items()}


def _page(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        return str(answer.read().decode())


def median(page: str, name: str, label: str, share: float = 0.5) -> float:
    """A quantile of a Prometheus histogram as its page says it, interpolated as Prometheus does."""
    pairs = []
    for line in page.splitlines():
        if line.startswith(f"{name}_bucket{{") and label in line:
            bound = re.search(r'le="([^"]+)"', line)
            assert bound is not None
            pairs.append((float(bound[1]), float(line.rpartition(" ")[2])))
    below = lower = 0.0
    wanted = share * (pairs[-1][1] if pairs else 0.0)
    for bound_s, count in pairs:
        if count >= wanted and count > below:
            return lower if bound_s == float("inf") else lower + (bound_s - lower) * (wanted - below) / (count - below)
        lower, below = bound_s, count
    return float("nan")


def figures(name: str, run: Run, work: str, bars: dict[float, float]) -> list[Figure]:
    """Percentiles of a run, and its hops."""
    made = [
        _figure(f"{name}/p{at:g}", run.taken.get_value_at_percentile(at) / 1e3, bars.get(at), work if at == 50 else "")
        for at in (50.0, 90.0, 99.0, 99.9)
    ]
    made += [_figure(f"{name}/hop_{hop}", value, None, HOP) for hop, value in run.hops.items()]
    late = "how late the source itself sent, 99th percentile: part of the latencies, as the loop is open"
    return [*made, _figure(f"{name}/source_late", run.late_ms["99"], None, late)]


def _figure(name: str, value: float, bar: float | None, work: str) -> Figure:
    return Figure(name, (value,), "ms", bar, higher_is_better=False, work=work)


def measure() -> list[Figure]:
    """Loaded and unloaded."""
    found: list[Any] = []
    for name, rows, work, bars in (("latency", LOADED_ROWS, WORK, BARS), ("latency/floor", 1, FLOOR, {})):
        run = measured(rows, SECONDS)
        run.check(SECONDS - 3)
        found += figures(name, run, work, bars)
    return found
