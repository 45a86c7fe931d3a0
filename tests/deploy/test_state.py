"""The lock and the state file."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from deploy.child import Child
from deploy.state import STATE, BusyError, Lock, Running, Up, end_leftovers, held
from tests.servers import wait_until

UP = Up(
    pid=1, started=2.0, api_url="http://127.0.0.1:8137", kafka_url=None, redis_url="redis://:secret@h/0",
    postgres_url=None, markets=("sim",), processes=(Running("api", "running", 5, "u", 6, 7.0, 1),),
)  # fmt: skip


def test_two_cannot_have_one_folder_and_the_second_is_told_who_has_it(tmp_path: Path) -> None:
    lock = Lock(tmp_path)
    assert held(tmp_path)
    with pytest.raises(BusyError, match=f"in use by `esi up`, process {os.getpid()}: stop it, or give another folder"):
        Lock(tmp_path)
    lock.release()
    assert not held(tmp_path)
    Lock(tmp_path).release()


def test_the_lock_ends_with_a_killed_holder(tmp_path: Path) -> None:
    code = f"from pathlib import Path; from deploy.state import Lock; l = Lock(Path({str(tmp_path)!r})); input()"
    holder = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)
    wait_until(lambda: held(tmp_path))
    holder.kill()
    holder.communicate()
    assert not held(tmp_path)
    assert not held(tmp_path / "never")


def test_what_is_written_is_read_and_only_by_us(tmp_path: Path) -> None:
    UP.write(tmp_path)
    assert Up.read(tmp_path) == UP
    assert (tmp_path / STATE).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"pid": 1, "processes": [{"nome": 1}]}'])
def test_a_broken_state_file_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / STATE).write_text(text)
    assert Up.read(tmp_path) is None


def test_leftovers_are_ended_and_others_with_their_numbers_are_not(tmp_path: Path) -> None:
    ours = Child(["sleep", "64"], tmp_path / "a.log", dict(os.environ))
    other = Child(["sleep", "64"], tmp_path / "b.log", dict(os.environ))
    left = Running("ours", "running", ours.pid, started=time.time())
    reused = Running("reused", "running", other.pid, started=time.time() - 3600)
    gone = Running("gone", "stopped")
    up = Up(1, 2.0, "", None, None, None, processes=(left, reused, gone))
    assert end_leftovers(up) == ["ours"]
    wait_until(lambda: ours.status() == -9)
    assert psutil.pid_exists(other.pid)
    other.kill()
    assert end_leftovers(None) == []
