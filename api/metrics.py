"""What Prometheus is told about the api: by one process alone, or by any of several about all of them.

Several processes on one port count in files that they share (`PROMETHEUS_MULTIPROC_DIR`, prometheus_client's own way):
whichever of them is asked answers for all. Counters outlive a process that fell; gauges are of the living.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import psutil
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_SEND_SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)


class Metrics:
    """The counters of one app, in a registry of its own."""

    def __init__(self) -> None:
        self._folder = os.environ.get(FOLDER)
        self._registry = registry = CollectorRegistry()
        if self._folder is None:
            ProcessCollector(registry=registry)
            PlatformCollector(registry=registry)
        self.clients = Gauge(
            "esi_api_clients", "WebSocket clients connected", registry=registry, multiprocess_mode="livesum"
        )
        self.messages = Counter(
            "esi_api_messages", "Updates written to sockets", ["market", "channel"], registry=registry
        )
        self.conflated = Counter(
            "esi_api_conflated", "Provisional readings left out for slow clients", ["market"], registry=registry
        )
        self.refused = Counter("esi_api_refused", "Connections refused or cut off", ["why"], registry=registry)
        self.closed = Counter("esi_api_closed", "Sockets closed by us", ["code"], registry=registry)
        self.send_seconds = Histogram(
            "esi_api_send_seconds",
            "From the flow's publishing to the write on the last socket that could take it at once, and later writes",
            ["market"],
            buckets=_SEND_SECONDS,
            registry=registry,
        )
        self.read_seconds = Histogram(
            "esi_api_read_seconds",
            "From the flow's publishing until the feed's reader has it from Redis",
            ["market"],
            buckets=_SEND_SECONDS,
            registry=registry,
        )
        self.write_seconds = Histogram(
            "esi_api_write_seconds",
            "From the feed's reader to the write on the last socket that could take it at once",
            ["market"],
            buckets=_SEND_SECONDS,
            registry=registry,
        )
        self.resets = Counter("esi_api_resets", "Streams begun anew", ["market", "channel"], registry=registry)
        self.redis_up = Gauge(
            "esi_api_redis_up",
            "Whether the feed's reader reaches Redis, that of every process",
            registry=registry,
            multiprocess_mode="livemin",
        )
        self.requests = Counter(
            "esi_api_http_requests", "HTTP requests", ["method", "route", "status"], registry=registry
        )
        self.request_seconds = Histogram(
            "esi_api_http_seconds", "Time to answer an HTTP request", ["route"], registry=registry
        )

    def page(self) -> bytes:
        """The metrics page, of this process or of all that count together."""
        if self._folder is None:
            return generate_latest(self._registry)
        pids = _living(Path(self._folder))
        together = CollectorRegistry()
        MultiProcessCollector(together, self._folder)  # type: ignore[no-untyped-call]  # the library leaves it so
        together.register(_Processes(pids))
        return generate_latest(together)


def _living(folder: Path) -> list[int]:
    """Processes that count in a folder; gauges of the dead are taken out of it."""
    known = {int(file.stem.rpartition("_")[2]) for file in folder.glob("*.db")}
    for pid in known:
        if not psutil.pid_exists(pid):
            mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]  # the library leaves it so
    return sorted(pid for pid in known if psutil.pid_exists(pid))


class _Processes(Collector):
    """Memory and processor time of each, by its process id."""

    def __init__(self, pids: Iterable[int]) -> None:
        self._pids = list(pids)

    def collect(self) -> Iterator[Metric]:
        memory = GaugeMetricFamily("esi_api_resident_bytes", "Resident memory", labels=["pid"])
        seconds = CounterMetricFamily("esi_api_cpu_seconds", "User and system time", labels=["pid"])
        for pid in self._pids:
            try:
                process: Any = psutil.Process(pid)
                used = process.cpu_times()
                memory.add_metric([str(pid)], process.memory_info().rss)
                seconds.add_metric([str(pid)], used.user + used.system)
            except psutil.Error:
                continue  # it has ended since
        yield from (memory, seconds)
