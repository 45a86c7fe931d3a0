"""The archiver as tests run it: in this process, or in one of its own that can be killed."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from api.archive.archiver import archive
from api.archive.config import ArchiveConfig
from api.archive.metrics import Metrics
from tests import servers

FAST: dict[str, Any] = {"refresh_s": 0.1, "linger_s": 0.02, "metrics_port": None}

_PROGRAM = """
import json, sys, structlog
json_lines = [structlog.processors.JSONRenderer()]
structlog.configure(processors=json_lines, logger_factory=structlog.PrintLoggerFactory(sys.stderr))
from api.archive.main import ArchiveConfig, run
run(ArchiveConfig(**json.loads(sys.argv[1])))
"""


class ArchiverProcess:
    """`run` in a process of its own; its log lines are JSON objects."""

    def __init__(self, log: Path, **settings: Any) -> None:
        self._log = log
        self._settings = {**FAST, **settings}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it, or starts it again."""
        arguments = [sys.executable, "-c", _PROGRAM, json.dumps(self._settings)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(arguments, stdout=log, stderr=log, cwd=servers.CHECKOUT)

    def send(self, number: signal.Signals) -> int:
        """Sends a signal and gives the exit status."""
        assert self._process is not None
        self._process.send_signal(number)
        return self._process.wait(10)

    def kill(self) -> None:
        """Kills it with SIGKILL, if it runs."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def lines(self) -> list[dict[str, Any]]:
        """Everything it logged so far, over all its starts."""
        found = []
        for line in self._log.read_text().splitlines():
            with suppress(json.JSONDecodeError):  # a kill can cut a line in two
                found.append(json.loads(line))
        return found

    def count(self, event: str) -> int:
        """How often it logged this event."""
        return sum(line["event"] == event for line in self.lines())

    def said(self, **wanted: Any) -> bool:
        """Whether some log line has all of these values."""
        return any(wanted.items() <= line.items() for line in self.lines())


@pytest.fixture
def archiver_process(tmp_path: Path) -> Iterator[Callable[..., ArchiverProcess]]:
    made: list[ArchiverProcess] = []

    def make(**settings: Any) -> ArchiverProcess:
        made.append(ArchiverProcess(tmp_path / f"archiver-{len(made)}.log", **settings))
        return made[-1]

    yield make
    for process in made:
        process.kill()


@asynccontextmanager
async def archiving(redis_url: str, postgres_url: str, **settings: Any) -> AsyncIterator[Metrics]:
    """An archiver in this process; its failure is the test's."""
    metrics = Metrics()
    config = ArchiveConfig(redis_url, postgres_url, **{**FAST, **settings})
    task = asyncio.create_task(archive(config, metrics))
    try:
        yield metrics
        assert not task.done() or task.exception() is None
    finally:
        while not task.done():  # psycopg makes an error of its own of the first wish, and the archiver goes on
            task.cancel()
            await asyncio.wait([task], timeout=0.5)
        with suppress(asyncio.CancelledError):
            task.result()


async def until(check: Callable[[], object], seconds: float = 20) -> None:
    """`wait_until` that lets the archiver in this process go on meanwhile."""
    await asyncio.to_thread(servers.wait_until, check, seconds)


def value(metrics: Metrics, name: str, **labels: str) -> float:
    return metrics.registry.get_sample_value(name, labels) or 0.0


def archived(url: str, market: str) -> dict[str, list[tuple[str, bytes]]]:
    """By channel, (id, body) of a market's rows in the order of their ids; empty while there are no tables."""
    found: dict[str, list[tuple[str, bytes]]] = {}
    with psycopg.connect(url) as connection:
        for channel, column in (("readings", "reading"), ("bars", "bars"), ("details", "details")):
            query = f"SELECT id_ms, id_seq, {column} FROM {channel} WHERE market = %s ORDER BY id_ms, id_seq"
            rows = connection.execute(query.encode(), (market,)).fetchall()
            found[channel] = [(f"{ms}-{seq}", bytes(body)) for ms, seq, body in rows]
    return found


def row_count(url: str, table: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
    assert row is not None
    return int(row[0])
