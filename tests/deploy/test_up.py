"""`esi up` as people run it: real processes, kills, Ctrl-C, a second start; nothing may be left behind."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from deploy.model_settings import SHIPPED
from deploy.published import Published
from deploy.sockets import free_port
from deploy.state import Up
from deploy.status import report
from deploy.valkey import Valkey
from schemas.reference import file_of, manifest_of
from tests.disks import SmallDisk

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    """A data folder that the tests of this module use one after the other."""
    folder = Path(tempfile.mkdtemp(prefix="esi-up-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def _esi(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "deploy", *arguments]


def _once(data: Path, *flags: str) -> tuple[dict[str, Any], str]:
    """The last final that an `esi up --once` printed, that of us-open if there are several; and its messages."""
    done = subprocess.run(
        _esi("up", "--once", "--data", str(data), *flags), capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1]), done.stderr


def _left(data: Path) -> list[str]:
    """Processes that speak of this data folder, in their command or their environment."""
    found = []
    for process in psutil.process_iter():
        try:
            told = [*process.cmdline(), process.environ().get("ESI_DATA_DIR", "")]
            if process.pid != os.getpid() and process.status() != "zombie" and any(str(data) in one for one in told):
                found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found


def _wait(check: Callable[[], bool], seconds: float = 90, what: str = "") -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


@pytest.fixture(scope="module")
def last_final(data: Path) -> dict[str, Any]:
    """What an undisturbed replay prints; its hash covers every final before it."""
    reading, said = _once(data)
    assert "us-open: 100%" in said
    assert _left(data) == []
    return reading


def test_once_prints_the_last_final(last_final: dict[str, Any]) -> None:
    assert last_final["market"] == "us-open"
    assert last_final["at"] == "2018-12-31T21:00:00Z"
    assert last_final["final"] is True
    assert sum(last_final["contributions"].values()) == pytest.approx(last_final["index"], abs=1e-12)
    assert {"percentile", "coverage", "version", "hash"} <= set(last_final)


def test_the_market_with_an_artifact_is_there_without_a_replay(tmp_path: Path) -> None:
    """Up to the head of the artifact, which covers all before; a second start publishes nothing again."""
    manifest = manifest_of(file_of(SHIPPED, "us"))
    final, _ = _once(tmp_path, "--market", "us")
    assert (final["market"], final["at"], final["hash"]) == ("us", manifest.last, manifest.head)
    again, _ = _once(tmp_path, "--market", "us")
    assert again == final
    assert (tmp_path / "logs" / "flow us.log").read_text().count("reference_published") == 1
    assert _left(tmp_path) == []


KILLS = (
    ("flow us-open", 200),
    ("archive", 700),
    ("broker", 1300),
    ("valkey", 2000),
    ("history", 2700),
    ("postgres", 3300),
)
"""Who is killed, at how many finals."""


def test_killing_everybody_during_the_replay_changes_no_byte(last_final: dict[str, Any]) -> None:
    folder = Path(tempfile.mkdtemp(prefix="esi-kills-"))
    command = _esi("up", "--once", "--data", str(folder))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        killed = [name for name, finals in KILLS if _kill_at(folder, name, finals, process)]
        out, said = process.communicate(timeout=240)
    assert process.returncode == 0, said
    assert {"flow us-open", "broker", "valkey"} <= set(killed), said
    assert json.loads(out.splitlines()[-1]) == last_final
    assert _left(folder) == []
    shutil.rmtree(folder, ignore_errors=True)


def test_a_full_disk_is_named_and_waited_for_and_changes_no_byte(
    last_final: dict[str, Any], small_disk: Callable[[int], SmallDisk]
) -> None:
    """Everything lies on it: Kafka's bookmarks, Valkey's file, PostgreSQL, the flow's store, logs and state."""
    disk = small_disk(400)
    folder = disk.folder / "data"
    command = _esi("up", "--once", "--data", str(folder))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        published = Published(Valkey(folder / "valkey").url, "", "us-open")
        _wait(lambda: published.count() >= 300 or process.poll() is not None, what="300 finals")
        published.close()
        disk.fill()
        time.sleep(8)  # long enough for whoever writes to fall
        assert process.poll() is None, "it waits for room"
        disk.clear()
        out, said = process.communicate(timeout=240)
    assert process.returncode == 0, said
    assert re.search(
        rf"The disk {disk.folder} is full \(\d+ MiB are left\), and {folder}/logs lies on it: make room", said
    )
    assert f"There is room again on {disk.folder}: going on" in said
    assert json.loads(out.splitlines()[-1]) == last_final
    assert _left(folder) == []


def _kill_at(folder: Path, name: str, finals: int, process: subprocess.Popen[str]) -> bool:
    """Kills a process once so many finals are published; whether it was there to be killed."""
    published = Published(Valkey(folder / "valkey").url, "", "us-open")
    try:
        _wait(lambda: published.count() >= finals or process.poll() is not None, what=f"{finals} finals")
        pid = _pids(folder).get(name)
        if pid is not None and process.poll() is None:
            os.kill(pid, signal.SIGKILL)
            return True
        return False
    finally:
        published.close()


@pytest.fixture
def up(data: Path) -> Iterator[subprocess.Popen[str]]:
    """A running `esi up` whose processes are all well."""
    port = str(free_port())
    command = _esi("up", "--data", str(data), "--no-page", "--api-port", port, "--rate", "1000")
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        _wait(lambda: _is_well(data) or process.poll() is not None, what="every process to be well")
        assert process.poll() is None, process.communicate()[1]
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
        _wait(lambda: _left(data) == [], 20, f"nothing to be left: {_left(data)}")


def _is_well(data: Path) -> bool:
    said = report(data)
    names = {one["name"] for one in said["processes"]}
    return bool(said["healthy"]) and names >= {"sim", "api", "archive", "broker", "valkey", "postgres", "flow sim"}


def _pids(data: Path) -> dict[str, int]:
    up = Up.read(data)
    assert up is not None
    return {one.name: one.pid for one in up.processes if one.pid is not None}


def test_whatever_is_killed_comes_back_and_ctrl_c_ends_it_all(
    data: Path, last_final: dict[str, Any], up: subprocess.Popen[str]
) -> None:
    _is_refused_a_second_time(data, up)
    for name in ("flow sim", "archive", "api", "sim", "valkey", "postgres", "broker"):
        before = _pids(data)[name]
        os.kill(before, signal.SIGKILL)
        _wait(
            lambda n=name, b=before: _pids(data).get(n) not in {None, b} and _is_well(data), what=f"{name} to be back"
        )
    _ticks_on(data)
    artifact = manifest_of(file_of(SHIPPED, "us"))
    assert _archived(data, "us") == (artifact.finals, artifact.head)
    assert _archived(data, "us-open") == (5031, last_final["hash"])
    up.send_signal(signal.SIGINT)
    began = time.monotonic()
    _, said = up.communicate(timeout=30)
    assert time.monotonic() - began < 10
    assert up.returncode == 0, said
    assert "The page: http://127.0.0.1:" in said
    assert "synthetic" in said
    assert re.search(r"Stopping: waiting for .*flow sim.*, then .*postgres\. Ctrl-C again does not wait\.", said)
    assert _left(data) == []


def _is_refused_a_second_time(data: Path, up: subprocess.Popen[str]) -> None:
    done = subprocess.run(_esi("up", "--data", str(data)), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert f"in use by `esi up`, process {up.pid}" in done.stderr
    done = subprocess.run(_esi("status", "--json", "--data", str(data)), capture_output=True, text=True, check=False)
    assert done.returncode == 0
    said = json.loads(done.stdout)
    assert said["pid"] == up.pid
    assert next(one for one in said["processes"] if one["name"] == "flow sim")["lag"] is not None


def _archived(data: Path, market: str) -> tuple[int, str]:
    """Finals of a market in the archive, and the hash of the newest."""
    state = Up.read(data)
    assert state is not None
    with psycopg.connect(state.postgres_url or "") as connection:
        rows = connection.execute(
            "SELECT reading FROM readings WHERE market = %s AND final ORDER BY id_ms", [market]
        ).fetchall()
    return len(rows), json.loads(rows[-1][0])["hash"]


def _ticks_on(data: Path) -> None:
    """The synthetic market still publishes."""
    state = Up.read(data)
    assert state is not None
    published = Published(state.redis_url or "", state.postgres_url or "", "sim")
    before = published.count()
    _wait(lambda: published.count() > before + 2, what="sim to publish again")
    published.close()


def test_a_killed_supervisor_leaves_nothing(data: Path, last_final: dict[str, Any], up: subprocess.Popen[str]) -> None:
    up.kill()
    up.communicate()
    _wait(lambda: _left(data) == [], 20, f"the kernel to end the children: {_left(data)}")


def test_a_market_that_is_none_is_named(tmp_path: Path) -> None:
    done = subprocess.run(
        _esi("up", "--market", "nothing", "--data", str(tmp_path / "data")),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("esi: no market 'nothing'"), "nothing is said of ports"
    assert list(tmp_path.iterdir()) == []
