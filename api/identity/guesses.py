"""Wrong keys, tokens and cookies by address: whoever guesses is answered from memory, without asking the database."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Final

from api.identity.memory import Memory
from api.problems import Problem

MOST: Final = 30
"""Wrong ones of one address within `WINDOW_S`; as many as wrong passwords."""

WINDOW_S: Final = 60.0
ADDRESSES: Final = 10_000


class Guesses:
    """What one process has seen; bounded, so that many addresses forget each other.

    Args:
        now: seconds that only grow.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._seen: Memory[list[float]] = Memory(ADDRESSES)

    def rest(self, address: str) -> float:
        """Seconds for which nothing that is unknown is looked up for this address; 0 if it may ask."""
        seen = self._seen.get(address.encode(), self._now())
        return 0.0 if seen is None or len(seen) < MOST else max(seen[0] + WINDOW_S - self._now(), 0.0)

    def check(self, address: str) -> None:
        """That an address may ask.

        Raises:
            Problem: it has guessed too often.
        """
        if rest := self.rest(address):
            detail = f"{MOST} wrong keys or tokens came from this address within a minute: come back with a valid one."
            raise Problem(429, "Too many wrong tokens", detail, {"retry-after": str(math.ceil(rest))})

    def wrong(self, address: str) -> None:
        """One more was wrong; the window begins with the first of them."""
        now, key = self._now(), address.encode()
        seen = self._seen.get(key, now) or []
        if len(seen) < MOST:
            seen.append(now)
        self._seen.put(key, seen, seen[0] + WINDOW_S)
