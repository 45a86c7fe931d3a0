"""One child and its group."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from deploy.child import Child, put_aside, stop
from tests.disks import SmallDisk
from tests.servers import wait_until

GRANDCHILD = "sleep 61 & echo $! > $FOLDER/pid; wait"
DEAF = "trap '' TERM; echo deaf > $FOLDER/pid; while true; do sleep 0.1; done"


def _start(folder: Path, script: str) -> Child:
    return Child(["sh", "-c", script], folder / "logs" / "x.log", {**os.environ, "FOLDER": str(folder)})


def _written(folder: Path) -> str:
    wait_until(lambda: (folder / "pid").exists() and (folder / "pid").read_text().strip())
    return (folder / "pid").read_text().strip()


def _gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_output_goes_to_the_log_and_the_status_is_told(tmp_path: Path) -> None:
    child = _start(tmp_path, "echo out; echo err >&2; exit 4")
    wait_until(lambda: child.status() is not None)
    assert child.status() == 4
    assert (tmp_path / "logs" / "x.log").read_text() == "out\nerr\n"
    assert abs(child.started - time.time()) < 30


@pytest.mark.parametrize("politely", [True, False])
def test_the_whole_group_ends(tmp_path: Path, politely: bool) -> None:
    child = _start(tmp_path, GRANDCHILD)
    grandchild = int(_written(tmp_path))
    if politely:
        stop([child], 5)
    else:
        child.kill()
    assert child.status() is not None
    wait_until(lambda: _gone(grandchild), what="the grandchild to end")


def test_who_does_not_listen_is_killed_in_time(tmp_path: Path) -> None:
    child = _start(tmp_path, DEAF)
    _written(tmp_path)
    began = time.monotonic()
    stop([child], 0.3)
    assert child.status() == -9
    assert time.monotonic() - began < 5


def test_a_child_that_has_ended_can_be_stopped(tmp_path: Path) -> None:
    child = _start(tmp_path, "true")
    wait_until(lambda: child.status() == 0)
    stop([child], 1)
    assert child.status() == 0


def test_a_long_log_is_put_aside_while_it_is_written(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"1" * 100)
        assert not put_aside(log, limit=101)
        assert put_aside(log, limit=100)
        writer.write(b"2")
    assert log.read_bytes() == b"2"
    assert (tmp_path / "x.log.1").read_bytes() == b"1" * 100
    assert not put_aside(tmp_path / "none.log")


def test_a_long_log_gives_way_where_there_is_no_room_for_its_copy(small_disk: Callable[[int], SmallDisk]) -> None:
    disk = small_disk(1)
    log = disk.folder / "x.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"1" * 300_000)
        disk.fill()
        assert put_aside(log, limit=300_000)
        writer.write(b"2")
    assert log.read_bytes() == b"2"
    assert not (disk.folder / "x.log.1").exists()
