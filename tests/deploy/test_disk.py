"""A full disk is named once, and so is the room that comes back."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy import disk as module
from deploy.disk import Disk, free, is_full, mount_of, shortage
from tests.disks import SmallDisk


def test_it_is_told_once_and_told_again_when_there_is_room(small_disk: Callable[[int], SmallDisk]) -> None:
    mounted, said = small_disk(64), list[str]()
    disk = Disk(mounted.folder / "data" / "logs", said.append)
    assert not disk.look(now=True)
    mounted.fill(leave=1 << 20)
    assert [disk.look(now=True) for _ in range(3)] == [False] * 3
    assert disk.full
    mounted.clear()
    assert disk.look(now=True)
    assert not disk.look(now=True)
    full, room = said
    assert full.startswith(
        f"The disk {mounted.folder} is full (1 MiB are left), and {mounted.folder}/data/logs lies on it"
    )
    assert "make room there. Nothing is lost" in full
    assert room == f"There is room again on {mounted.folder}: going on"


def test_it_looks_once_a_second_unless_it_must(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(module, "free", lambda folder: asked.append(folder) or 1 << 40)
    disk = Disk(tmp_path, print)
    for _ in range(5):
        disk.look()
    assert len(asked) == 1
    disk.look(now=True)
    assert len(asked) == 2


def test_a_folder_that_is_not_there_yet_lies_on_its_parents_disk(tmp_path: Path) -> None:
    assert mount_of(tmp_path / "a" / "b") == mount_of(tmp_path)
    assert free(tmp_path / "a" / "b") > 0
    assert str(tmp_path / "a") in shortage(tmp_path / "a")


def test_errors_of_full_disks_are_known() -> None:
    assert [is_full(OSError(number, "")) for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)] == [True] * 3
    assert not is_full(OSError(errno.EACCES, ""))
    assert not is_full(ValueError())
