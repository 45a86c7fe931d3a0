"""The recovery store of a flow: one SQLite file that Bytewax writes, made whole or not at all."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import Final

from bytewax._bytewax import init_db_dir

from dataflows.config import NotNowError

_NO_ROOM: Final = ("DiskFull", "SystemIoFailure", "CannotOpen", "No space left", "File too large", "disk is full")
"""What SQLite and the system say of a disk without room; Bytewax passes it on as text."""

STORES: Final = 1
"""SQLite files; fixed when they are made. Each is committed, and waited for, by itself (decision 0084)."""

PAGE: Final = 16_384
"""Bytes of a page. States are tens of kilobytes and more: smaller pages are more writes, larger ones mostly air."""


def made(folder: Path) -> Path:
    """The recovery store, made if it is not there yet: whole, or not at all.

    Raises:
        NotNowError: there is no room for it.
    """
    if (folder / "part-0.sqlite3").exists():
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, ignore_cleanup_errors=True) as fresh:
            init_db_dir(fresh, STORES)  # type: ignore[no-untyped-call] # Bytewax leaves its engine untyped
            for file in Path(fresh).glob("part-*.sqlite3"):
                _page(file)
            _move(Path(fresh), folder)
    except BaseException as error:  # a panic of Bytewax is no Exception
        raise of_room(folder, error) from error
    return folder


def none_here(folder: Path) -> Path:
    """The folder of a process that keeps no store of its own: all states of a flow are with its first process."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _page(file: Path) -> None:
    """Gives a fresh file its pages; a file with a write-ahead log keeps those that it has."""
    with contextlib.closing(sqlite3.connect(file)) as store:
        (mode,) = store.execute("PRAGMA journal_mode").fetchone()
        store.execute("PRAGMA journal_mode = DELETE")
        store.execute(f"PRAGMA page_size = {PAGE}")
        store.execute("VACUUM")
        store.execute(f"PRAGMA journal_mode = {mode}")


def _move(fresh: Path, folder: Path) -> None:
    """The new store to its place, its first file last: where that is, all are.

    Linked, not renamed: what another process of the flow has put there already, and may be writing, stays.
    """
    folder.mkdir(exist_ok=True)
    for file in sorted(fresh.glob("part-*.sqlite3"), reverse=True):
        with contextlib.suppress(FileExistsError):
            (folder / file.name).hardlink_to(file)


def of_room(folder: Path, error: BaseException) -> BaseException:
    """What to do where the store has no room, or the error itself."""
    said = str(error)
    if not any(sign in said for sign in _NO_ROOM):
        return error
    there = next(path for path in (folder, *folder.parents) if path.exists())
    left = shutil.disk_usage(there).free // 1024
    return NotNowError(
        f"the recovery store in {folder} cannot be written, {left:,} KiB are left on its disk: make room there. "
        f"Nothing is lost: the next start goes on from the last save ({said.splitlines()[0][-160:]})"
    )
