"""One `esi up` a folder; what it wrote down is read back; only its own leftovers are ended."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deploy.child import Child
from deploy.state import BusyError, Lock, Running, Up, end_leftovers, held
from tests.servers import CHECKOUT

UP = Up(
    pid=4711,
    started=1_700_000_000.5,
    api_url="http://127.0.0.1:8137",
    kafka_url="127.0.0.1:9092",
    redis_url="redis://:secret@127.0.0.1:6379/0",
    postgres_url=None,
    markets=("us-open", "sim"),
    processes=(Running("archive", "running", 4712, None, 9000, 1_700_000_001.0, 3), Running("history", "done")),
)


def test_what_was_written_is_read_back_by_its_owner_only(tmp_path: Path) -> None:
    UP.write(tmp_path / "new")
    assert Up.read(tmp_path / "new") == UP
    assert stat.S_IMODE((tmp_path / "new" / "up.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"processes": [], "markets": []}', '{"processes": 5}'])
def test_an_unreadable_state_counts_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "up.json").write_text(text)
    assert Up.read(tmp_path) is None


def test_no_state_and_no_folder_count_as_none(tmp_path: Path) -> None:
    assert Up.read(tmp_path) is None
    assert Up.read(tmp_path / "missing") is None
    assert not held(tmp_path / "missing")


def test_a_second_lock_names_the_first_and_works_after_it(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "data")
    assert held(tmp_path / "data")
    with pytest.raises(BusyError, match=rf"in use by `esi up`, process {os.getpid()}: .*--data"):
        Lock(tmp_path / "data")
    assert held(tmp_path / "data")
    lock.release()
    assert not held(tmp_path / "data")
    Lock(tmp_path / "data").release()


def test_the_lock_dies_with_its_process(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib, time\nfrom deploy.state import Lock\n"
        "lock = Lock(pathlib.Path(sys.argv[1]))\nprint('locked', flush=True)\ntime.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=CHECKOUT
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "locked\n"
        assert held(tmp_path)
        with pytest.raises(BusyError, match=f"process {other.pid}:"):
            Lock(tmp_path)
        other.kill()
        other.wait()
    assert not held(tmp_path)
    Lock(tmp_path).release()


def leftover(child: Child, started: float) -> Up:
    """What an `esi up` wrote that was killed while a child ran."""
    said = json.loads(json.dumps({"name": "sim", "state": "running", "pid": child.pid, "started": started}))
    return Up(1, started, "", None, None, None, (), (Running(**said), Running("history", "done")))


def test_only_a_process_that_began_when_ours_did_is_ended(tmp_path: Path) -> None:
    child = Child(["sleep", "60"], tmp_path / "log", os.environ)
    try:
        assert end_leftovers(leftover(child, time.time() - 3600)) == []
        assert child.status() is None
        assert end_leftovers(leftover(child, child.started)) == ["sim"]
        child.kill()
        assert child.status() == -9
        assert end_leftovers(leftover(child, child.started)) == []
    finally:
        child.kill()


def test_nothing_is_left_of_no_state() -> None:
    assert end_leftovers(None) == []
