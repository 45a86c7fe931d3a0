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
    """The indicators of a market, each a step of its own.

    Those that are computed at finals only say between them what they said at the last one, so much older.
    """

    name: ClassVar[str] = "indicators"
    version: ClassVar[int] = 2
    fields: ClassVar[tuple[str, ...]] = ("at_us", "last")

    def __init__(self, market: Market) -> None:
        """Of a market."""
        self._steps = [build(market, i) for segment in market.segment for i in segment.indicator]
        self.layout = tuple(step.indicator.name for step in self._steps)
        self._held = np.array([step.indicator.at == "final" for step in self._steps], np.bool_)
        self._at_step = [n for n, held in enumerate(self._held) if not held]
        self.at_us = 0
        """Time of the last final, microseconds since 1970 (UTC)."""
        self.last: Floats = np.tile([[np.nan], [0.0], [np.nan]], len(self._steps))
        """What was said then: raw, live and age_us, float64[3, J]."""

    def advance(self, x: Correlations) -> tuple[Indications, tuple[Any, ...]]:
        """One measure each."""
        at_us = x.volatilities.observation.window.at_us
        which = range(len(self._steps)) if x.final else self._at_step
        found = [self._steps[n].advance(x) for n in which]
        rows = np.array([(m.raw, m.live, m.age_us) for m, _ in found], np.float64).T.reshape(3, -1)
        if not x.final and self._held.any():
            rows = self._with_held(rows, at_us)
        change = (at_us, rows, tuple(zip(which, (own for _, own in found), strict=True)), x.final)
        return Indications(x, rows[0], rows[1], rows[2]), change

    def commit(self, change: tuple[Any, ...]) -> None:
        """Each indicator remembers what it must."""
        at_us, rows, changes, final = change
        if final:
            self.at_us, self.last = at_us, rows
        for n, own in changes:
            self._steps[n].apply(own)

    def _with_held(self, rows: Floats, at_us: int) -> Floats:
        """All rows: those of now, and the last final's of the indicators that wait for the next one, aged."""
        whole = self.last.copy()
        whole[2] += at_us - self.at_us
        whole[:, ~self._held] = rows
        return whole

    def snapshot(self) -> State:
        """The indicators' snapshots, in order."""
        return super().snapshot() | {"steps": tuple(step.snapshot() for step in self._steps)}

    def restore(self, state: State) -> None:
        """Continues every indicator.

        Raises:
            StateVersionError: another layout of indicators, or one of them refuses.
        """
        super().restore(state)
        for step, own in zip(self._steps, state["steps"], strict=True):
            step.restore(own)
