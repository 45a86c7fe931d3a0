"""From XADD to the sockets of a thousand, ten thousand and a hundred thousand viewers, beside bare writes."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import psutil
import redis

from api.frames import Channel
from api.streams import Entry, Id
from bench.case import Figure, require
from bench.crowd import Counted, Crowd, files_allowed, percentile
from bench.servers import running
from schemas.names import stream
from schemas.reading import canonical
from tests import servers
from tests.api.publisher import Publisher, reading

MARKET: Final = "bench"
PATH: Final = f"/v1/feed?market={MARKET}&channel=readings"
FIRST_MS: Final = 10**13
WARM_UP_S: Final = 3.0
DRAIN_S: Final = 20
FIRST_COMERS: Final = 200
RESERVE: Final = 3_000
"""Files that a process of the api keeps for other things than viewers."""


@dataclass(frozen=True)
class Size:
    """How many, how often, in how many processes of the api, and what is promised."""

    clients: int
    hz: float
    processes: int
    seconds: float
    p99_ms: float

    def fitted(self) -> Size:
        """The same as far as the limit of open files allows: processes hold so many viewers each."""
        held = self.processes * max(files_allowed() - RESERVE - files_allowed() // 8, 100)
        return self if held >= self.clients else Size(held, self.hz, self.processes, self.seconds, self.p99_ms)


ONE_K: Final = Size(1_000, 1, 1, 10, 15)
TEN_K: Final = Size(10_000, 10, 2, 10, 150)
HUNDRED_K: Final = Size(100_000, 1, 7, 10, 1_000)


def work(size: Size) -> str:
    """What is done, in a sentence."""
    return (
        f"{size.clients:,} WebSocket clients on {size.processes} processes of the api at {size.hz:g} readings a second "
        "by XADD, with our own load generator (raw epoll, compiled) on the same cores; latency from the due time of a "
        "reading to the client's socket, every client and reading counted; beside it processes that write the same "
        "bytes and do nothing else"
    )


@dataclass
class Run:
    """What one run gave."""

    counted: Counted
    clients: int
    seconds: float
    connect_seconds: float
    cpu_us: float
    load_cpu_us: float
    bytes_each: float

    def check(self, size: Size) -> None:
        """Everybody was served every time.

        Raises:
            WrongOutputError: a gap, a client lost or refused, a message too few.
        """
        counted, wanted = self.counted, size.clients * size.hz * self.seconds
        require(self.clients == size.clients, f"{self.clients} of {size.clients} clients were connected")
        require(counted.gaps == 0 and counted.conflated == 0, f"{counted.gaps} gaps, {counted.conflated} conflated")
        require(counted.lost == 0, f"{counted.lost} connections ended")
        require(
            abs(counted.messages - wanted) <= 2 * size.clients, f"{counted.messages} messages instead of {wanted:.0f}"
        )


def cpu_of(processes: list[psutil.Process]) -> float:
    """Processor seconds that processes have taken so far."""
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def _memory(processes: list[psutil.Process]) -> int:
    return sum(process.memory_info().rss for process in processes)


def _measure(size: Size, port: int, processes: list[psutil.Process], publish: Callable[[float], None]) -> Run:
    Crowd(port, PATH, FIRST_COMERS).close()  # what the first viewers bring for all is no cost of one
    time.sleep(1)
    before = _memory(processes)
    crowd = Crowd(port, PATH, size.clients)
    try:
        require(crowd.connected == size.clients, f"refused: {dict(crowd.refused)}")
        publish(WARM_UP_S)
        memory = _memory(processes)
        crowd.begin()
        _, load = crowd.end()
        crowd.begin()
        cpu = cpu_of(processes)
        publish(size.seconds)
        counted, load_after = _drained(crowd, round(size.clients * size.hz * size.seconds))
        used = cpu_of(processes) - cpu
    finally:
        crowd.close()
    million = counted.messages / 1e6
    return Run(
        counted, crowd.connected, size.seconds, crowd.seconds, used / million,
        (load_after - load) / million, (memory - before) / size.clients,
    )  # fmt: skip


def _drained(crowd: Crowd, wanted: int) -> tuple[Counted, float]:
    """What was counted when everything had come, or no more came: what is late is no gap."""
    counted, load = crowd.end()
    for _ in range(DRAIN_S):
        if counted.messages >= wanted:
            break
        time.sleep(1)
        counted, load = crowd.end()
    return counted, load


def ours(size: Size) -> Run:
    """The api as it is shipped."""
    port = servers.free_port()
    with running(servers.Redis()) as store, store.client() as client:
        Publisher(client, MARKET)
        source = _Source(client, size.hz)
        with serving(store.url, port, size.processes) as processes:
            run = _measure(size, port, processes, source.publish)
    run.check(size)
    return run


@contextmanager
def serving(redis_url: str, port: int, count: int, *more: str) -> Iterator[list[psutil.Process]]:
    """Processes of `esi api`, every one of them ready."""
    options = ["--redis-url", redis_url, "--api-port", str(port), "--api-host", "127.0.0.1", "--processes", str(count)]
    options += more
    with tempfile.TemporaryDirectory() as data:
        command = [sys.executable, "-m", "deploy", "api", "--data", data, *options]
        api = subprocess.Popen(command, cwd=servers.CHECKOUT, stderr=subprocess.DEVNULL)
        try:
            servers.wait_until(lambda: _ready(port, api.pid, count), 60)
            yield _members(api.pid, count)
        finally:
            api.terminate()
            api.wait()


def _members(pid: int, count: int) -> list[psutil.Process]:
    parent = psutil.Process(pid)
    return [parent] if count == 1 else parent.children(recursive=True)


def _ready(port: int, pid: int, count: int) -> bool:
    members = _members(pid, count)
    listening = sum(any(c.laddr.port == port for c in member.net_connections("tcp")) for member in members)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz") as answer:
        return listening == count and answer.status == 200


class _Source:
    """Publishes readings at a steady pace, each stamped with the time at which it was due."""

    def __init__(self, client: redis.Redis, hz: float) -> None:
        self._client, self._period, self._number = client, int(1e9 / hz), 0
        self._add(0)  # what clients begin with: the next one follows it without a gap

    def publish(self, seconds: float) -> None:
        """For so long, beginning at the next due time."""
        first = time.time_ns() // self._period + 1
        end = first + round(seconds * 1e9 / self._period)
        for due in range(first, end):
            time.sleep(max(due * self._period - time.time_ns(), 0) / 1e9)
            self._number += 1
            self._add(due * self._period)
        time.sleep(max(end * self._period - time.time_ns(), 0) / 1e9)

    def _add(self, due_ns: int) -> None:
        fields: Any = {"reading": canonical(reading(MARKET, self._number % 1_000)), "sent_ns": due_ns}
        self._client.xadd(stream(MARKET, "readings"), fields, id=f"{FIRST_MS + self._number}-0", maxlen=1_000)


def bare(size: Size, frame_bytes: int) -> Run:
    """The same bytes, written by nothing but a loop."""
    port = servers.free_port()
    command = [sys.executable, "-m", "bench.bare_writes", str(port), str(size.hz), str(frame_bytes)]
    started = [subprocess.Popen(command, cwd=servers.CHECKOUT) for _ in range(size.processes)]
    try:
        processes = [psutil.Process(one.pid) for one in started]
        servers.wait_until(lambda: sum(bool(p.net_connections("tcp")) for p in processes) == size.processes, 30)
        return _measure(size, port, processes, time.sleep)
    finally:
        for one in started:
            one.kill()
            one.wait()


def figures(name: str, size: Size) -> list[Figure]:
    """Latency, processor time beside bare writes, memory and the rate of connecting."""
    fitted = size.fitted()
    run = ours(fitted)
    frame_bytes = _frame_bytes()
    base = bare(fitted, frame_bytes)
    ratio = run.cpu_us / base.cpu_us
    told = (
        ""
        if fitted == size
        else f" (scaled down from {size.clients:,} clients: {files_allowed():,} open files allowed)"
    )
    return [
        _figure(f"{name}/p99", percentile(run.counted.bins, 0.99), "ms", size.p99_ms, work(fitted) + told),
        _figure(f"{name}/p50", percentile(run.counted.bins, 0.5), "ms", None, "the median of the same"),
        _figure(f"{name}/bare_p99", percentile(base.counted.bins, 0.99), "ms", None, "the same by bare writes"),
        _figure(f"{name}/cpu", run.cpu_us, "CPU-s/million", None, "of all processes of the api, per million messages"),
        _figure(f"{name}/bare_cpu", base.cpu_us, "CPU-s/million", None, f"of bare writes of {frame_bytes} bytes"),
        # a reading costs what it costs: only a crowd spreads it thin enough to compare a message with a bare write
        _figure(
            f"{name}/cpu_ratio",
            ratio,
            "x",
            1.4 if size.clients > ONE_K.clients else None,
            "the api's processor time by that of bare writes",
        ),
        _figure(f"{name}/load_cpu", run.load_cpu_us, "CPU-s/million", None, "of the load generator meanwhile"),
        _figure(f"{name}/memory", run.bytes_each, "bytes/client", 4_096, "resident memory that a client adds"),
        _figure(f"{name}/connect", run.connect_seconds, "s", 40.0, f"until all {fitted.clients:,} were connected"),
    ]


def _frame_bytes() -> int:
    """Size of the shipped frame that carries a reading."""
    entry = Entry(Id(FIRST_MS, 0), canonical(reading(MARKET, 500)), time.time_ns())
    return len(Channel(MARKET, "readings", 1, 1).encode(entry).wire())


def _figure(name: str, value: float, unit: str, bar: float | None, done: str) -> Figure:
    return Figure(name, (value,), unit, bar, higher_is_better=False, work=done)


def measure_1k() -> list[Figure]:
    """A thousand at 1 Hz."""
    return figures("fanout_1k", ONE_K)


def measure_10k() -> list[Figure]:
    """Ten thousand at 10 Hz."""
    return figures("fanout_10k_10hz", TEN_K)


def measure_100k() -> list[Figure]:
    """A hundred thousand at 1 Hz, or as many as the limit of open files allows."""
    return figures("fanout_100k", HUNDRED_K)
