"""`esi up` from outside: one command, one JSON line, no process left, clear refusals; and the same line again."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from deploy import state, up
from deploy.choice import Choice
from deploy.console import Console
from deploy.settings import Settings
from deploy.state import Lock, Up
from deploy.supervisor import Service
from schemas.market_file import load
from tests.servers import CHECKOUT, wait_until

ONCE = ("up", "--once", "--no-page")
FIELDS = {"market", "at", "final", "index", "percentile", "contributions", "coverage", "version"}


def environment() -> dict[str, str]:
    """Ours without settings, so that nothing but the flags counts."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("ESI_")}
    return {**ours, "PYTHONPATH": str(CHECKOUT)}


def esi(*arguments: str, data: Path) -> subprocess.CompletedProcess[str]:
    """Runs a verb to its end."""
    command = [sys.executable, "-m", "deploy", *arguments, "--data", str(data)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=data.parent, env=environment(), timeout=150
    )


def processes_of(data: Path) -> list[int]:
    """Live processes that an `esi up` wrote down."""
    written = Up.read(data)
    pids = [one.pid for one in written.processes if one.pid is not None] if written else []
    return [pid for pid in pids if psutil.pid_exists(pid)]


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    """A data folder that the tests of this module share.

    Not pytest's: its folders are for their owner only, and root's PostgreSQL runs as another user.
    """
    with tempfile.TemporaryDirectory(prefix="esi-up-") as folder:
        yield Path(folder, "data")


@pytest.fixture(scope="module")
def line(data: Path) -> str:
    """Last line of a first `esi up --once`."""
    done = esi(*ONCE, data=data)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def test_once_prints_the_last_final_as_one_object(line: str, data: Path) -> None:
    reading: dict[str, Any] = json.loads(line)
    assert reading.keys() >= FIELDS
    assert (reading["market"], reading["final"]) == ("us-open", True)
    assert reading["at"] == "2018-12-31T21:00:00Z"
    assert 0 <= reading["index"] <= 100
    assert 0 <= reading["percentile"] <= 100
    assert reading["coverage"] == 1.0
    assert reading["contributions"].keys() == {segment.name for segment in load("us-open").segment}
    assert sum(reading["contributions"].values()) == pytest.approx(reading["index"], abs=1e-9)
    assert processes_of(data) == []


def test_a_second_run_goes_on_from_the_first_and_gives_the_same_line(line: str, data: Path) -> None:
    done = esi(*ONCE, data=data)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [line]


def test_a_folder_in_use_is_refused_with_the_process_and_the_remedy(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "data")
    done = esi(*ONCE, data=tmp_path / "data")
    lock.release()
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"esi: {tmp_path / 'data'} is in use by `esi up`, process {os.getpid()}")
    assert "--data" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_was_asked_for_and_is_taken_is_refused(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        done = esi("up", "--no-page", "--api-port", str(port), data=tmp_path / "data")
    assert done.returncode == 2
    assert done.stderr.startswith(f"esi: port {port} on 127.0.0.1 is taken")
    assert "--api-port" in done.stderr
    assert processes_of(tmp_path / "data") == []


def test_a_wrong_market_is_refused_before_anything_starts(tmp_path: Path) -> None:
    done = esi("up", "--no-page", "--market", "us-opne", data=tmp_path / "data")
    assert done.returncode == 2
    assert "us-opne" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "data" / "up.json").exists()


@pytest.fixture
def alive(line: str, data: Path) -> Iterator[subprocess.Popen[str]]:
    """A long-lived `esi up` on the folder of the first, with every process running."""
    assert line
    command = [sys.executable, "-m", "deploy", "up", "--no-page", "--market", "us-open", "--data", str(data)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=data.parent, env=environment())
    try:
        wait_until(lambda: _all_run(data, process.pid), 60, "esi up")
        yield process
    finally:
        process.kill()
        process.communicate()
        state.end_leftovers(Up.read(data))


def _all_run(data: Path, pid: int) -> bool:
    written = Up.read(data)
    states = {one.state for one in written.processes} if written and written.pid == pid else set()
    return bool(states) and states <= {"running", "done"}


def test_a_killed_process_comes_back_and_ctrl_c_leaves_none(alive: subprocess.Popen[str], data: Path) -> None:
    wait_until(lambda: esi("status", data=data).returncode == 0, 20, "all well")
    said = json.loads(esi("status", "--json", data=data).stdout)
    assert (said["running"], said["healthy"], said["pid"]) == (True, True, alive.pid)
    rows = {one["name"]: one for one in said["processes"]}
    assert rows.keys() == {"broker", "valkey", "postgres", "archive", "flow us-open", "history", "api"}
    assert all(row.keys() >= {"name", "pid", "url", "health", "lag"} for row in rows.values())
    assert {row["health"] for row in rows.values()} <= {"ok", "done"}, rows
    assert isinstance(rows["flow us-open"]["lag"], int)
    assert rows["api"]["url"] == said["page"]

    before = rows["archive"]["pid"]
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: (pid := _pid(data, "archive")) not in {None, before} and psutil.pid_exists(pid), 20, "archive")
    left = processes_of(data)
    assert len(left) >= 5
    alive.send_signal(signal.SIGINT)
    _, errors = alive.communicate(timeout=30)
    assert alive.returncode == 0
    assert "archive: was killed by SIGKILL; starting it again" in errors
    wait_until(lambda: not any(psutil.pid_exists(pid) for pid in left), 5, "processes after Ctrl-C")
    assert json.loads(esi("status", "--json", data=data).stdout)["running"] is False


def _pid(data: Path, name: str) -> int | None:
    written = Up.read(data)
    return next((one.pid for one in written.processes if one.name == name), None) if written else None


def test_the_number_of_sessions_is_unknown_until_it_is_written(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path)
    assert up._sessions(settings) == 0
    (tmp_path / "history.json").write_text('{"sent": 3')
    assert up._sessions(settings) == 0
    (tmp_path / "history.json").write_text('{"sent": 3, "sessions": 5033}')
    assert up._sessions(settings) == 5033


def test_once_gives_up_on_a_program_that_falls_again_and_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    session = up.Session(Settings(_env_file=None, data_dir=tmp_path), Choice(once=True), Console())
    service: Service = session._supervisor.services["archive"]
    service.falls = up.GIVE_UP_AFTER
    began = time.monotonic()
    assert session._wait(lambda: False) is False
    assert time.monotonic() - began < 5
    assert session._verdict() == 1
    assert "Giving up: archive fell 7 times" in capsys.readouterr().err
