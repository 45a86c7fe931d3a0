"""Tocks that leap: one wrong clock must not publish a century of empty finals, and a true gap must have its way."""

from __future__ import annotations

from typing import Final

import numpy as np

from models.signals.step import Ints
from schemas.bars import NEVER
from schemas.market import Market

TOCK_LEAP: Final = 1_000
"""Periods past its partition's closed time that a tock may leap: it has no price to be judged by."""

_NONE: Final = (NEVER, 0, NEVER)


class Leaps:
    """Judges the tocks of one partition as prices are judged: `agree` in a row that stand together tell of a true gap.

    Attributes:
        memory: time of the newest tock that leapt too far, how many in a row agreed, and the partition's time then;
            int64[3], microseconds since 1970 (UTC).
    """

    def __init__(self, market: Market) -> None:
        self._longest = TOCK_LEAP * market.period_us
        self._agree = market.validation.agree
        self.memory: Ints = np.array(_NONE, np.int64)

    def forget(self) -> None:
        """No tock has leapt."""
        self.memory[:] = _NONE

    def leaps(self, ts_us: int, closed_us: int, time_us: int) -> bool:
        """Whether a tock leaps too far from its partition's closed time and time; remembers those that do."""
        if closed_us == NEVER or ts_us <= closed_us + self._longest:
            self.forget()
            return False
        newest, agreed, since = self.memory.tolist()
        near = since == time_us and abs(ts_us - newest) <= self._longest
        self.memory[:] = ts_us, agreed + 1 if near else 1, time_us
        if self.memory[1] < self._agree:
            return True
        self.forget()
        return False
