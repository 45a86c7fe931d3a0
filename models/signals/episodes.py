"""What the index was on days that people remember, to compare today with."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import numpy as np

from models.signals.compiled import compiled
from models.signals.step import Floats, Ints, Step
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
        above, below, due = _compared(self.levels, self._from_us, x.at_us, x.points)
        change = None
        if due and np.isfinite(x.points):
            change = np.where(np.isnan(self.levels) & (self._from_us <= x.at_us), x.points, self.levels)
        return Compared(above if above >= 0 else None, below if below >= 0 else None), change

    def commit(self, change: Floats | None) -> None:
        """Keeps what a final said; None keeps what is there."""
        if change is not None:
            self.levels = change


@compiled
def _compared(levels: Floats, from_us: Ints, at_us: int, points: float) -> tuple[int, int, bool]:
    """The worst level below the points, the mildest at or above (-1 for none), and whether an episode's day is here."""
    above, below, due = -1, -1, False
    for k in range(len(levels)):
        if levels[k] < points and (above < 0 or levels[k] > levels[above]):
            above = k
        if levels[k] >= points and (below < 0 or levels[k] < levels[below]):
            below = k
        due = due or (np.isnan(levels[k]) and from_us[k] <= at_us)
    return above, below, due
