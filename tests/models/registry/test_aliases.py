"""Aliases change at once or not at all: two promotions at a time, kills in between, disks that are full."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from models.registry import aliases
from models.registry.aliases import Aliases, BusyError
from models.registry.refusals import ModelRefusedError
from tests.disks import SmallDisk

PROMOTE = """
import sys
from pathlib import Path
from models.registry import aliases
model = Path(sys.argv[1])
print("begun", flush=True)
n = 0
while True:
    n += 1
    with aliases.locked(model):
        aliases.write(model, aliases.read(model).promoted(str(n % 7)))
"""


def test_champion_challenger_previous() -> None:
    one = Aliases().promoted("1").challenged("2")
    assert (one.champion, one.challenger, one.previous) == ("1", "2", None)
    two = one.promoted("2")
    assert (two.champion, two.challenger, two.previous, two.orders) == ("2", None, "1", 3)
    assert two.of("2") == ["champion"]
    assert two.of("1") == ["previous"]
    assert two.promoted("2").previous == "1"
    assert two.promoted("1").previous == "2"
    assert two.retired().champion is None
    assert two.retired().previous == "2"


def test_orders_are_never_alike() -> None:
    one = Aliases().promoted("4")
    again = one.promoted("4")
    assert aliases.order("4", one) == "4:1"
    assert aliases.order("4", again) == "4:2"
    assert aliases.ordered("4:2") == aliases.ordered("4") == "4"
    assert aliases.ordered(aliases.order(None, again.retired())) is None


def test_what_is_written_is_read(tmp_path: Path) -> None:
    assert aliases.read(tmp_path) == Aliases()
    said = Aliases("3", "4", "2", 9)
    aliases.write(tmp_path, said)
    assert aliases.read(tmp_path) == said
    assert json.loads((tmp_path / aliases.FILE).read_text())["champion"] == "3"
    (tmp_path / aliases.FILE).write_text("{")
    with pytest.raises(ModelRefusedError, match="unreadable"):
        aliases.read(tmp_path)


def _promoted(model: Path, turns: int) -> None:
    for n in range(turns):
        with aliases.locked(model):
            said = aliases.read(model)
            time.sleep(0.001)
            aliases.write(model, said.promoted(f"{os.getpid()}-{n}"))


def test_two_promotions_at_once_lose_neither(tmp_path: Path) -> None:
    workers = [multiprocessing.get_context("spawn").Process(target=_promoted, args=(tmp_path, 40)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    said = aliases.read(tmp_path)
    assert said.orders == 80
    assert said.champion != said.previous


def test_one_that_never_ends_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aliases, "_WAITS", 2)
    with aliases.locked(tmp_path), pytest.raises(BusyError, match="another promotion"), aliases.locked(tmp_path):
        pytest.fail("two are in")
    with aliases.locked(tmp_path):
        pass


def test_kill_at_any_moment_leaves_one_champion(tmp_path: Path) -> None:
    """Kill -9 of a process that does nothing but promote: the file is whole, and the lock is free."""
    for turn in range(12):
        model = tmp_path / str(turn)
        model.mkdir()
        worker = subprocess.Popen([sys.executable, "-c", PROMOTE, str(model)], stdout=subprocess.PIPE)
        assert worker.stdout is not None
        worker.stdout.readline()
        time.sleep(0.005 + 0.007 * turn)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        worker.stdout.close()
        said = aliases.read(model)
        assert said.orders == 0 or said.champion in {str(n) for n in range(7)}
        with aliases.locked(model):
            aliases.write(model, said.promoted("after"))
        assert aliases.read(model).champion == "after"


def test_a_full_disk_keeps_the_old_ones(small_disk: Callable[[int], SmallDisk]) -> None:
    disk = small_disk(1)
    aliases.write(disk.folder, Aliases("1"))
    disk.fill()
    with pytest.raises(OSError, match="No space left"):
        aliases.write(disk.folder, Aliases("2", previous="1"))
    assert aliases.read(disk.folder) == Aliases("1")
    disk.clear()
    aliases.write(disk.folder, Aliases("2", previous="1"))
    assert aliases.read(disk.folder).champion == "2"
