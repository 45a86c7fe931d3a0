"""What the index was on days that people remember, to compare today with."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import numpy as np

from models.signals.step import Floats, Step
from schemas.market import Market


class Level(NamedTuple):
    """A time (microseconds since 1970, UTC) and the index then, 0..100 or NaN."""

    at_us: int
    points: float


class Compared(NamedTuple):
    """Positions of episodes in the market file.

    Attributes:
        above: the worst one that the index stands above, None if it stands above none.
        below: the mildest one that it stands at or below, likewise.
    """

    above: int | None
    below: int | None


class Episodes(Step[Level, Compared, Floats | None]):
    """Remembers the first final at or after the beginning of each episode's day, as it was published then."""

    name: ClassVar[str] = "episodes"
    fields: ClassVar[tuple[str, ...]] = ("levels",)

    def __init__(self, market: Market) -> None:
        """Of a market: its episodes."""
        self.layout = tuple(e.on.isoformat() for e in market.episode)
        self._from_us = np.array([e.at_us for e in market.episode], np.int64)
        self.levels: Floats = np.full(len(market.episode), np.nan)
        """The index on each day; NaN before it, float64[E]."""

    def advance(self, x: Level) -> tuple[Compared, Floats | None]:
        """Where the index stands among the episodes that have been."""
        lower, higher = self.levels < x.points, self.levels >= x.points  # NaN is neither
        above = int(np.argmax(np.where(lower, self.levels, -np.inf))) if lower.any() else None
        below = int(np.argmin(np.where(higher, self.levels, np.inf))) if higher.any() else None
        due = np.isnan(self.levels) & (self._from_us <= x.at_us)
        change = np.where(due, x.points, self.levels) if due.any() and np.isfinite(x.points) else None
        return Compared(above, below), change

    def commit(self, change: Floats | None) -> None:
        """Keeps what a final said; None keeps what is there."""
        if change is not None:
            self.levels = change
