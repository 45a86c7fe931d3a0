"""From the tick that closes a step, produced into Apache Kafka, to the reading in a WebSocket client."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
from hdrh.histogram import HdrHistogram

from bench import bare_chain, product, steady, tape
from bench.case import Figure, require
from bench.fanout import serving
from bench.listener import Listener
from bench.servers import broker, running
from dataflows import kafka as clients
from dataflows.hops import HOPS
from schemas import names
from schemas.instruments import Instruments
from schemas.ticks_wire import decode_ticks
from tests import servers

FEED: Final = "bench"
STEP_MS: Final = 40
SECONDS: Final = 60.0
FLOOR_SECONDS: Final = 30.0
BARE_SECONDS: Final = 20.0
"""At 125 readings a second; the others have 25."""

WARM_UP: Final = 8.0
LOADED_ROWS: Final = 1_000_000 * steady.TURN_US // 1_000_000
LINGER_MS: Final = 0.0
_KNOWN: Final = Instruments(tape.NAMES)
BARS: Final = {50.0: 3.0, 99.0: 8.0, 99.9: 30.0}

WORK: Final = (
    f"1,000,000 ticks/s of 500 instruments in Arrow records of {LOADED_ROWS:,} into 4 partitions of Apache Kafka, one "
    f"record each 8 ms; a reading each {STEP_MS} ms, a final each second, recovery on; open loop, wall clock from the "
    f"time at which the record with the closing tick was due at the producer to the bytes in a WebSocket client, for "
    f"{SECONDS:g} s after {WARM_UP:g}; producer, broker, Redis, flow, api and client on the same cores"
)
FLOOR: Final = f"the same with one tick a record: 125 ticks/s, for {FLOOR_SECONDS:g} s"
BARE: Final = (
    "one tick a record, 125 ticks/s, from the due time at the producer through Apache Kafka, a Bytewax flow with "
    "recovery whose only step passes on what it gets, and XADD to a client in XREAD BLOCK: the floor below what is ours"
)
ENGINE: Final = "Bytewax alone, recovery on: from a time that a thread puts down beside a source to the sink"
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


def measured(rows: int, seconds: float) -> Run:
    """One run with fresh servers."""
    port = servers.free_port()
    with (
        tempfile.TemporaryDirectory(prefix="esi-bench-") as folder,
        broker() as kafka,
        running(servers.Redis()) as store,
    ):
        clients.ensure_topic(kafka.bootstrap, names.ticks_topic(FEED), steady.PARTITIONS)
        with (
            product.flow(Path(folder), FEED, market_text(), kafka.bootstrap, store.url) as flow,
            serving(store.url, port, 1),
            store.client() as client,
        ):
            servers.wait_until(lambda: client.sismember(names.MARKETS_KEY, FEED), 60, "the flow")
            return _listened(kafka.bootstrap, rows, seconds, port, flow.port)


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
    text = product.page(flow_port) + product.page(api_port)
    found = {hop: product.quantile(text, "esi_hop_seconds", f'hop="{hop}"') for hop in HOPS}
    for name in ("flow", "poll", "api_read", "api_write", "api_send"):
        found[name] = product.quantile(text, f"esi_{name}_seconds")
    return {name: value * 1e3 for name, value in found.items()}


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


def bare(seconds: float) -> HdrHistogram:
    """The unloaded floor without us: the same source, a bare chain, a client in XREAD BLOCK."""
    taken = HdrHistogram(1, 60_000_000, 3)
    topic = names.ticks_topic(FEED)
    with (
        tempfile.TemporaryDirectory(prefix="esi-bench-") as folder,
        broker() as kafka,
        running(servers.Redis()) as store,
        store.client() as client,
    ):
        clients.ensure_topic(kafka.bootstrap, topic, steady.PARTITIONS)
        chain = [sys.executable, "-m", "bench.bare_chain", folder, kafka.bootstrap, store.url, topic]
        source = [sys.executable, "-m", "bench.steady", kafka.bootstrap, FEED, "1", str(WARM_UP + seconds), "0"]
        started = [
            subprocess.Popen(command, cwd=servers.CHECKOUT, stdout=subprocess.DEVNULL) for command in (chain, source)
        ]
        try:
            begin, last = time.time() + WARM_UP, "0"
            while time.time() < begin + seconds - 3:
                for at_ns, name, raw in _added(client, last):
                    last, due_us = name, int(decode_ticks(raw, _KNOWN).ts_us[-1])
                    if at_ns / 1e9 >= begin:
                        taken.record_value(max(at_ns // 1000 - due_us, 1))
        finally:
            for process in started:
                process.kill()
                process.wait()
    require(taken.total_count > 100 * (seconds - 3) * 0.95, f"{taken.total_count} records in {seconds} s")
    return taken


def _added(client: Any, last: str) -> list[tuple[int, str, bytes]]:
    answer = client.xread({bare_chain.STREAM: last}, None, 1_000)
    at_ns = time.time_ns()
    entries = answer[0][1] if answer else []
    return [(at_ns, name.decode(), fields[b"record"]) for name, fields in entries]


def engine() -> dict[str, float]:
    """How long Bytewax alone takes from a source to a sink, by percentile, in milliseconds."""
    with tempfile.TemporaryDirectory(prefix="esi-bench-") as folder:
        command = [sys.executable, "-m", "bench.bare_chain", folder]
        done = subprocess.run(command, cwd=servers.CHECKOUT, capture_output=True, text=True, check=True, timeout=120)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def measure() -> list[Figure]:
    """Loaded, unloaded, without us, and the engine alone."""
    found: list[Figure] = []
    for name, rows, length, work, bars in (
        ("latency", LOADED_ROWS, SECONDS, WORK, BARS),
        ("latency/floor", 1, FLOOR_SECONDS, FLOOR, dict[float, float]()),
    ):
        run = measured(rows, length)
        run.check(length - 3)
        found += figures(name, run, work, bars)
    chain = bare(BARE_SECONDS)
    found += [
        _figure(f"latency/bare_p{at:g}", chain.get_value_at_percentile(at) / 1e3, None, BARE if at == 50 else "")
        for at in (50.0, 99.0, 99.9)
    ]
    found += [_figure(f"latency/engine_p{at}", value, None, ENGINE) for at, value in engine().items()]
    return found
