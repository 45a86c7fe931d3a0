"""Wakes a flow's only worker as soon as a record is there.

Left alone, the engine looks at a silent source once in a millisecond. Where one worker does it all nothing else can
come in meanwhile, so the last of its silent partitions waits for all of them, in the kernel: librdkafka writes to a
file when a queue is no longer empty.
"""

from __future__ import annotations

import contextlib
import os
import select
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

LONGEST_S: Final = 0.005
"""Longest wait: saves, stops and the fallback need their turn."""

AT_ONCE: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""When a partition wants to be asked again, for it has waited already."""


class Doorbell:
    """All partitions of one worker."""

    def __init__(self, longest_s: float = LONGEST_S) -> None:
        self._longest_s, self._poll = longest_s, select.epoll()
        self._bells: set[int] = set()
        self._silent = 0

    def hang(self) -> int:
        """A file for one more partition, to be counted up when it has records."""
        bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._bells.add(bell)
        self._poll.register(bell, select.EPOLLIN)
        return bell

    def take_down(self, bell: int) -> None:
        """Closes a partition's file; nobody may write to it any more."""
        self._bells.remove(bell)
        os.close(bell)

    def heard(self) -> None:
        """A partition had records: there is work."""
        self._silent = 0

    def silent(self) -> None:
        """A partition had none; when that was true of all in turn, waits until one has."""
        self._silent += 1
        if self._silent >= len(self._bells):
            self._silent = 0
            for bell, _ in self._poll.poll(self._longest_s):
                with contextlib.suppress(BlockingIOError):
                    os.eventfd_read(bell)


class Bell:
    """One partition's bell; without a door, or where its lane cannot ring, the engine looks by itself.

    Args:
        door: of its worker, None where the worker has others to listen to.
        ring: has a file counted up when there are records; False where that cannot be had.
    """

    def __init__(self, door: Doorbell | None, ring: Callable[[int], bool]) -> None:
        self._door, self._file = door, -1 if door is None else door.hang()
        if door is not None and not ring(self._file):
            door.take_down(self._file)
            self._door = None

    def heard(self) -> None:
        """There were records."""
        if self._door is not None:
            self._door.heard()

    def silent(self) -> None:
        """There were none."""
        if self._door is not None:
            self._door.silent()

    @property
    def awake_at(self) -> datetime | None:
        """When to be asked again after nothing: at once, or when the engine likes."""
        return None if self._door is None else AT_ONCE

    def close(self) -> None:
        """To be called when nobody rings any more; twice does no harm."""
        if self._door is not None:
            self._door.take_down(self._file)
            self._door = None
