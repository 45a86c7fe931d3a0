"""The disk that everything is kept on: whether it is full, said once, and said again when there is room."""

from __future__ import annotations

import errno
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

LEAST_FREE: Final = 24 * 1024 * 1024
"""Bytes below which a disk counts as full: PostgreSQL asks for 16 MiB at a time."""

LOOK_EVERY_S: Final = 1.0
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Disk:
    """Watches the disk of a folder.

    Attributes:
        full: whether it was full when last looked at.

    Args:
        folder: anything on it; need not exist yet.
        tell: gets a sentence when that changes.
    """

    def __init__(self, folder: Path, tell: Callable[[str], None]) -> None:
        self.full = False
        self._folder, self._tell = folder, tell
        self._due = 0.0

    def look(self, *, now: bool = False) -> bool:
        """Looks, at most once a second unless `now`; whether room has come back since the last time."""
        if not now and time.monotonic() < self._due:
            return False
        self._due = time.monotonic() + LOOK_EVERY_S
        before, self.full = self.full, free(self._folder) < LEAST_FREE
        if self.full and not before:
            self._tell(shortage(self._folder))
        if before and not self.full:
            self._tell(f"There is room again on {mount_of(self._folder)}: going on")
        return before and not self.full


def is_full(error: BaseException) -> bool:
    """Whether an error is how a full disk, quota or file says no."""
    return isinstance(error, OSError) and error.errno in _FULL


def free(folder: Path) -> int:
    """Bytes that we may still write on the disk of a folder."""
    return shutil.disk_usage(_existing(folder)).free


def shortage(folder: Path) -> str:
    """Which disk is full, and what to do."""
    left = free(folder) // (1024 * 1024)
    return (
        f"The disk {mount_of(folder)} is full ({left} MiB are left), and {folder} lies on it: make room there. "
        "Nothing is lost, and everything goes on by itself then"
    )


def mount_of(folder: Path) -> Path:
    """Where the disk of a folder is mounted."""
    there = _existing(folder).resolve()
    return next(path for path in (there, *there.parents) if path.is_mount())


def _existing(folder: Path) -> Path:
    return next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
