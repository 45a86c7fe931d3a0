"""All indicators of a market as one step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from models.signals.correlation import Correlations
from models.signals.indicators import build
from models.signals.path import Observation
from models.signals.step import Floats, State, Step
from schemas.market import Market


@dataclass(frozen=True, slots=True)
class Indications:
    """What the indicators say, in the order of the market file; arrays are [J].

    Attributes:
        correlations: what they were computed from.
        raw: the numbers, more is more stress; NaN where there is no information.
        live: share of each one's inputs that are live, 0..1.
        age_us: age of each one's oldest input, microseconds.
    """

    correlations: Correlations
    raw: Floats
    live: Floats
    age_us: Floats

    @property
    def final(self) -> bool:
        """Whether it closes its period."""
        return self.correlations.final

    @property
    def observation(self) -> Observation:
        """The observation at the root of it."""
        return self.correlations.volatilities.observation


class IndicatorBank(Step[Correlations, Indications, tuple[Any, ...]]):
    """The indicators of a market: those of one kind, computed at the same times, are a step of their own.

    Those that are computed at finals only say between them what they said at the last one, so much older.
    """

    name: ClassVar[str] = "indicators"
    version: ClassVar[int] = 2
    fields: ClassVar[tuple[str, ...]] = ("at_us", "last")

    def __init__(self, market: Market) -> None:
        """Of a market."""
        indicators = [i for segment in market.segment for i in segment.indicator]
        self.layout = tuple(i.name for i in indicators)
        self._held = np.array([i.at == "final" for i in indicators], np.bool_)
        groups: dict[tuple[str, bool], list[int]] = {}
        for n, i in enumerate(indicators):
            groups.setdefault((i.kind, i.at == "final"), []).append(n)
        self._kinds = [build(market, *(indicators[n] for n in places)) for places in groups.values()]
        self._all = range(len(groups))
        self._always = [n for n, (_, held) in enumerate(groups) if not held]
        self._places = np.array([n for places in groups.values() for n in places], np.intp)
        self._always_places = self._places[~self._held[self._places]]
        self.at_us = 0
        """Time of the last final, microseconds since 1970 (UTC)."""
        self.last: Floats = np.tile([[np.nan], [0.0], [np.nan]], len(indicators))
        """What was said then: raw, live and age_us, float64[3, J]."""

    def advance(self, x: Correlations) -> tuple[Indications, tuple[Any, ...]]:
        """One measure each."""
        at_us = x.volatilities.observation.window.at_us
        which, places = (self._all, self._places) if x.final else (self._always, self._always_places)
        found = [self._kinds[n].advance(x) for n in which]
        rows = self._rows(at_us)
        if found:
            rows[:, places] = np.concatenate([measures.table for measures, _ in found], axis=1)
        change = (at_us, rows, tuple(zip(which, (own for _, own in found), strict=True)), x.final)
        return Indications(x, rows[0], rows[1], rows[2]), change

    def commit(self, change: tuple[Any, ...]) -> None:
        """Each kind remembers what it must."""
        at_us, rows, changes, final = change
        if final:
            self.at_us, self.last = at_us, rows
        for n, own in changes:
            self._kinds[n].apply(own)

    def snapshot(self) -> State:
        """The kinds' snapshots, in order."""
        return super().snapshot() | {"kinds": tuple(kind.snapshot() for kind in self._kinds)}

    def restore(self, state: State) -> None:
        """Continues every kind.

        Raises:
            StateVersionError: another layout of indicators, or one of the kinds refuses.
        """
        super().restore(state)
        for kind, own in zip(self._kinds, state["kinds"], strict=True):
            kind.restore(own)

    def _rows(self, at_us: int) -> Floats:
        """What the last final said, aged; indicators that are computed now write over it."""
        rows = self.last.copy()
        if self._held.any():
            rows[2] += at_us - self.at_us
        return rows
