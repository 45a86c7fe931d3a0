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
    """The indicators of a market, each a step of its own."""

    name: ClassVar[str] = "indicators"

    def __init__(self, market: Market) -> None:
        """Of a market."""
        self._steps = [build(market, i) for segment in market.segment for i in segment.indicator]
        self.layout = tuple(step.indicator.name for step in self._steps)

    def advance(self, x: Correlations) -> tuple[Indications, tuple[Any, ...]]:
        """One measure each."""
        found = [step.advance(x) for step in self._steps]
        rows = np.array([(m.raw, m.live, m.age_us) for m, _ in found], np.float64).T
        return Indications(x, rows[0], rows[1], rows[2]), tuple(change for _, change in found)

    def commit(self, change: tuple[Any, ...]) -> None:
        """Each indicator remembers what it must."""
        for step, own in zip(self._steps, change, strict=True):
            step.apply(own)

    def snapshot(self) -> State:
        """The indicators' snapshots, in order."""
        return self._header() | {"steps": tuple(step.snapshot() for step in self._steps)}

    def restore(self, state: State) -> None:
        """Continues every indicator.

        Raises:
            StateVersionError: another layout of indicators, or one of them refuses.
        """
        super().restore(state)
        for step, own in zip(self._steps, state["steps"], strict=True):
            step.restore(own)
