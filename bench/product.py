"""Processes of the product as benchmarks run them: as they are shipped, in a folder of their own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.case import require
from tests import servers


@dataclass(frozen=True)
class Running:
    """A process with a Prometheus page.

    Attributes:
        process: it.
        port: of its page.
        folder: of its data and its log.
    """

    process: subprocess.Popen[bytes]
    port: int
    folder: Path

    def page(self) -> str:
        """What it tells Prometheus."""
        return page(self.port)

    def log(self) -> str:
        """The end of its log."""
        return (self.folder / "process.log").read_text(errors="replace")[-4000:]

    @property
    def itself(self) -> psutil.Process:
        """For its memory and its processor time."""
        return psutil.Process(self.process.pid)

    def must_run(self) -> None:
        """Looks whether it still does.

        Raises:
            WrongOutputError: it has ended.
        """
        require(self.process.poll() is None, self.log())


@contextmanager
def process(folder: Path, *arguments: str, **environment: str) -> Iterator[Running]:
    """A verb of `esi` with its flags; ended at once when it is no longer needed."""
    folder.mkdir(parents=True, exist_ok=True)
    port = servers.free_port()
    command = [sys.executable, "-m", "deploy", *arguments, "--metrics-port", str(port)]
    told = {**os.environ, "ESI_LOG_FORMAT": "json", **environment}
    with (folder / "process.log").open("ab") as log:
        running = subprocess.Popen(command, stdout=log, stderr=log, cwd=servers.CHECKOUT, env=told)
    try:
        yield Running(running, port, folder)
    finally:
        running.kill()
        running.wait()


@contextmanager
def flow(
    folder: Path, feed: str, market: str, bootstrap: str, redis_url: str, *arguments: str, **environment: str
) -> Iterator[Running]:
    """`esi flow` of one market, given as the text of its file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "market.toml"
    file.write_text(market)
    where = {"ESI_KAFKA_URL": bootstrap, "ESI_REDIS_URL": redis_url, "ESI_DATA_DIR": str(folder / "data")}
    with process(
        folder, "flow", "--feed", feed, "--market", str(file), *arguments, **{**where, **environment}
    ) as running:
        yield running
        running.must_run()


def page(port: int) -> str:
    """A Prometheus page."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        return str(answer.read().decode())


def total(text: str, name: str, label: str = "") -> float:
    """Sum of a metric's samples with a label, such as `partition="2"`."""
    found = re.findall(rf"^{name}(?:\{{([^}}]*)\}})? (\S+)$", text, re.MULTILINE)
    return sum(float(value) for labels, value in found if label in labels)


def quantile(text: str, name: str, label: str = "", share: float = 0.5) -> float:
    """A quantile of a histogram, interpolated within its bucket as Prometheus does; NaN where nothing was counted."""
    counts: dict[float, float] = {}
    for labels, value in re.findall(rf"^{name}_bucket\{{([^}}]*)\}} (\S+)$", text, re.MULTILINE):
        bound = re.search(r'le="([^"]+)"', labels)
        if label in labels and bound is not None:
            counts[float(bound[1])] = counts.get(float(bound[1]), 0.0) + float(value)
    bounds, lower, below = sorted(counts), 0.0, 0.0
    wanted = share * (counts[bounds[-1]] if bounds else 0.0)
    for upper in bounds:
        if counts[upper] >= wanted and counts[upper] > below:
            return (
                lower if upper == float("inf") else lower + (upper - lower) * (wanted - below) / (counts[upper] - below)
            )
        lower, below = upper, counts[upper]
    return float("nan")
