"""`esi up --once` in an installed checkout: how long until a reading, for the first time and the second."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.case import Figure, require
from deploy.published import Published
from deploy.state import Up
from tests import servers

WORK: Final = (
    "`esi up --once` with its embedded servers, an empty data folder and no compiled code kept from before: from the "
    "command to the first reading in Redis (installing and building the page are not in it)"
)
REPEATS: Final = 1
FIRST_BAR, SECOND_BAR = 60.0, 8.0
LIMIT_S: Final = 150.0
CONTINUES: Final = "2018-12-31"
"""Day of the history's last session."""


@dataclass(frozen=True)
class Start:
    """Seconds to the first reading and to the end of one start, and the last line it printed."""

    reading_s: float
    exit_s: float
    said: dict[str, Any]


def check(start: Start) -> None:
    """It printed the final of the history's last session.

    Raises:
        WrongOutputError: otherwise.
    """
    said = start.said
    require(said.get("market") == "us-open" and said.get("final") is True, f"no final of us-open: {said}")
    require(str(said.get("at", "")).startswith(CONTINUES), f"ended at {said.get('at')}, not on {CONTINUES}")
    require(start.reading_s <= start.exit_s, "it ended before its first reading")


def once(data: Path, compiled: Path) -> Start:
    """One `esi up --once` on a data folder, with numba's compiled code kept in another."""
    command = [sys.executable, "-m", "deploy", "up", "--once", "--data", str(data)]
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(compiled)}
    began, wall = time.perf_counter(), time.time()
    with (data / "stderr.txt").open("wb") as errors:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, cwd=servers.CHECKOUT, env=environment
        )
    try:
        reading_s = _first_reading(process, data, began, wall)
        said, _ = process.communicate(timeout=LIMIT_S)
    finally:
        process.terminate()  # it ends what it has started
        process.wait(60)
    require(process.returncode == 0, f"esi up ended with {process.returncode}: {(data / 'stderr.txt').read_text()}")
    return Start(reading_s, time.perf_counter() - began, json.loads(said.splitlines()[-1]))


def _first_reading(process: subprocess.Popen[bytes], data: Path, began: float, wall: float) -> float:
    """Seconds until Redis gives a final reading."""
    published: Published | None = None
    while process.poll() is None and time.perf_counter() - began < LIMIT_S:
        up = Up.read(data)
        if published is None and up is not None and up.started >= wall - 1 and up.redis_url and up.postgres_url:
            published = Published(up.redis_url, up.postgres_url, "us-open")
        if published is not None and published.final():
            published.close()
            return time.perf_counter() - began
        time.sleep(0.02)
    require(process.poll() is None, f"esi up ended early: {(data / 'stderr.txt').read_text()[-2000:]}")
    require(False, f"no reading within {LIMIT_S} s")
    raise AssertionError


def measure() -> list[Figure]:
    """Seconds of first and second starts."""
    first, second = [], []
    for _ in range(REPEATS):
        with tempfile.TemporaryDirectory(prefix="esi-bench-") as folder:
            data, compiled = Path(folder) / "data", Path(folder) / "compiled"
            data.mkdir()
            first.append(once(data, compiled))
            second.append(once(data, compiled))
    for start in (*first, *second):
        check(start)
    again = "the same again on the same data folder"
    return [
        _figure("start/first_reading", [s.reading_s for s in first], FIRST_BAR, WORK),
        _figure("start/first_exit", [s.exit_s for s in first], None, "the same until everything is archived"),
        _figure("start/second_reading", [s.reading_s for s in second], SECOND_BAR, again),
        _figure("start/second_exit", [s.exit_s for s in second], None, f"{again}, until it ends"),
    ]


def _figure(name: str, values: list[float], bar: float | None, work: str) -> Figure:
    return Figure(name, tuple(values), "s", bar, higher_is_better=False, work=work)
