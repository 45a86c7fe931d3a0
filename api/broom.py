"""What a rush of newcomers leaves behind is given back when the rush is over.

A handshake takes some 30 KiB for its moment: a parser, a task, a request, which know each other in circles. Python
would look for them when as many more have come, and the C library would keep the room.
"""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Callable
from typing import Final

RUSH: Final = 500
"""Newcomers after which it is worth a look at all objects: 10 ms with 17,000 viewers."""

CALM: Final = 10
"""Newcomers between two looks that are no rush any more."""


def sweep() -> None:
    """Collects circles, and hands free pages back to the system where the C library can (glibc)."""
    gc.collect()
    if (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
        trim(0)


class Broom:
    """Sweeps once after each rush.

    Args:
        sweep: does it.
    """

    def __init__(self, sweep: Callable[[], None] = sweep) -> None:
        self._sweep = sweep
        self._came = self._seen = 0

    def note(self) -> None:
        """Somebody has come."""
        self._came += 1

    def look(self) -> None:
        """To be called every second or so."""
        lately, self._seen = self._came - self._seen, self._came
        if self._came >= RUSH and lately < CALM:
            self._came = self._seen = 0
            self._sweep()
