"""Whether a model takes too long for one reading, by how long it took again and again."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

Clock = Callable[[], int]
"""Nanoseconds; those of the thread say least about who else is busy."""

SLOWEST_US: Final = 1000.0
"""One reading's time, microseconds, at the best of a few tries: twenty times that of models of our size."""

LEAST: Final = 5
TRIES: Final = 20
ENOUGH_US: Final = 1e6
"""Runs before there is a verdict: so many at least, and more while it seems slow, up to a second of them."""

_NONE: Final = (0, math.inf, 0.0)
"""Runs of a row that has not begun, their best time, and the sum of their times."""


class Pace:
    """Runs in a row that all took too long.

    One that was quick enough ends the row: a busy machine makes some runs slow, a slow model makes all of them so.
    """

    def __init__(self) -> None:
        self._runs, self._best, self._sum = _NONE

    @property
    def suspects(self) -> bool:
        """Whether a row is going on."""
        return self._runs > 0

    def took(self, us: float) -> float | None:
        """Takes in one run's time, microseconds.

        Returns:
            The best time of the row where it is long enough to call the model slow; then another row begins.
        """
        if us <= SLOWEST_US:
            self._runs, self._best, self._sum = _NONE
            return None
        self._runs, self._best, self._sum = self._runs + 1, min(self._best, us), self._sum + us
        if self._runs < LEAST or (self._runs < TRIES and self._sum < ENOUGH_US):
            return None
        best = self._best
        self._runs, self._best, self._sum = _NONE
        return best
