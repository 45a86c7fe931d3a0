"""The recovery store is made whole or not at all, with its pages, and one that is there stays as it is."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from bytewax._bytewax import init_db_dir

from dataflows import recovery
from dataflows.config import FlowError
from tests.disks import SmallDisk


def told(file: Path, pragma: str) -> object:
    with closing(sqlite3.connect(file)) as store:
        return store.execute(f"PRAGMA {pragma}").fetchone()[0]


def test_a_store_is_one_file_with_large_pages_and_a_write_ahead_log(tmp_path: Path) -> None:
    folder = recovery.made(tmp_path / "flows" / "f")
    (file,) = folder.glob("part-*.sqlite3")
    assert (told(file, "page_size"), told(file, "journal_mode")) == (recovery.PAGE, "wal")
    assert [path.name for path in (tmp_path / "flows").iterdir()] == ["f"]


def test_a_store_of_before_stays_as_it_is(tmp_path: Path) -> None:
    init_db_dir(str(tmp_path), 4)
    before = {file.name: file.read_bytes() for file in tmp_path.glob("part-*.sqlite3")}
    recovery.made(tmp_path)
    assert {file.name: file.read_bytes() for file in tmp_path.glob("part-*.sqlite3")} == before


def test_a_store_that_has_no_room_is_not_half_made(small_disk: Callable[[int], SmallDisk]) -> None:
    disk = small_disk(1)
    disk.fill(leave=40_000)
    with pytest.raises(FlowError, match=r"cannot be written, \d+ KiB are left on its disk: make room there"):
        recovery.made(disk.folder / "flows" / "f")
    disk.clear()
    assert not list(disk.folder.rglob("part-*"))
    assert len(list(recovery.made(disk.folder / "flows" / "f").glob("part-*.sqlite3"))) == recovery.STORES
