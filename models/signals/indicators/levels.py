"""Indicators that read the level of prices, rates and spreads: level, spread, term structure, changes of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from models.signals.compiled import compiled
from models.signals.correlation import Correlations
from models.signals.indicators.averages import average, eased_all
from models.signals.indicators.base import (
    Kind,
    Measures,
    Places,
    Remembering,
    Rolling,
    Stateless,
    live_values,
    observed,
)
from models.signals.moves import logarithmic, moves_into
from models.signals.step import Flags, Floats
from schemas.indicator import Indicator
from schemas.market import Market


class Level(Stateless):
    """The level itself, mean over the live inputs: an implied volatility, a spread quoted as one."""

    name: ClassVar[str] = "level"

    def measure(self, x: Correlations) -> Measures:
        """Means of the last values."""
        return self.means(x, live_values(x, self.of))


class Spread(Stateless):
    """The first input minus the second; with one input, that input (a spread quoted as one)."""

    name: ClassVar[str] = "spread"

    def measure(self, x: Correlations) -> Measures:
        """Differences of the last values."""
        return self.together(x, spreads(self, x))


class TermStructure(Stateless):
    """The near input divided by the far one: above 1 the curve is inverted, as in stress (VIX9D / VIX)."""

    name: ClassVar[str] = "term_structure"

    def measure(self, x: Correlations) -> Measures:
        """Ratios of the last values; no information where the far one is not above zero."""
        seen, found = observed(x), np.empty(len(self.sign))
        _ratios(seen.close, seen.live, self.of, found)
        return self.together(x, found)


class SpreadChange(Rolling):
    """The spread minus the spread `window` periods ago: widening, whatever the level."""

    name: ClassVar[str] = "spread_change"

    def remembered(self) -> Floats:
        """The spread alone."""
        return np.array(self.periods, np.float64)

    def advance(self, x: Correlations) -> tuple[Measures, Floats | None]:
        """No information until the window is full."""
        now = spreads(self, x)
        return self.together(x, now - self.oldest()), now if observed(x).learns else None


class Change(Rolling):
    """How far the value moved over the window, mean over the live inputs: logarithms for prices, else differences."""

    name: ClassVar[str] = "change"

    def __init__(self, market: Market, indicators: Sequence[Indicator]) -> None:
        """Of the market's kinds of instruments."""
        super().__init__(market, indicators)
        self._by_log = logarithmic(market)[self.of]

    def advance(self, x: Correlations) -> tuple[Measures, Floats | None]:
        """No information until the window is full."""
        now, found = live_values(x, self.of), np.empty(len(self.of))
        moves_into(now, self.oldest(), self._by_log, found)
        return self.means(x, found), now if observed(x).learns else None


class Deviation(Remembering):
    """The value minus its own mean of the finals before, mean over the live inputs: claims above their trend.

    Logarithms for prices. The mean is exponentially weighted with half-life `window`; a value counts for as long as it
    stands, so that a weekly series is averaged over time and not over releases. No information before the mean has
    gathered half of its weight.
    """

    name: ClassVar[str] = "deviation"

    def __init__(self, market: Market, indicators: Sequence[Indicator]) -> None:
        """The half-lives are turned into periods."""
        super().__init__(market, indicators)
        lives = self.per_input([market.periods(i.window) for i in indicators])
        self.layout = (*self.layout, tuple(lives.tolist()))
        self._keep: Floats = 0.5 ** (1 / lives)
        self._by_log = logarithmic(market)[self.of]
        self.memory = np.zeros((2, len(lives)))
        """Sums and weights."""

    def advance(self, x: Correlations) -> tuple[Measures, Floats | None]:
        """Distances from the means of the finals before."""
        now, seen, found = heights(x, self.of, self._by_log), observed(x), np.empty(len(self.of))
        _deviations(now, self.memory, found)
        if not seen.final or not seen.learns:
            return self.means(x, found), None
        new = np.empty_like(self.memory)
        eased_all(self.memory, now, self._keep, 1.0, new, np.empty(len(now)))
        return self.means(x, found), new


def heights(x: Correlations, of: Places, by_log: Flags) -> Floats:
    """Last values of the inputs as they are averaged: logarithms of prices; NaN where not live, float64[K]."""
    seen, found = observed(x), np.empty(len(of))
    _heights(seen.close, seen.live, of, by_log, found)
    return found


@compiled
def _heights(close: Floats, live: Flags, of: Places, by_log: Flags, found: Floats) -> None:
    """As above."""
    for k in range(len(of)):
        value = close[of[k]]
        known = live[of[k]] and (value > 0 or not by_log[k])
        found[k] = (math.log(value) if by_log[k] else value) if known else np.nan


@compiled
def _deviations(now: Floats, memory: Floats, found: Floats) -> None:
    """Values minus the means in the memory, where those have half of their weight, float64[K]."""
    for k in range(len(now)):
        found[k] = now[k] - average(memory[0, k], memory[1, k]) if memory[1, k] >= 0.5 else np.nan


def spreads(kind: Kind[None] | Rolling, x: Correlations) -> Floats:
    """First minus second input of each indicator, or the only one, float64[G]."""
    seen, found = observed(x), np.empty(len(kind.sign))
    _spreads(seen.close, seen.live, kind.of, kind.start, found)
    return found


@compiled
def _spreads(close: Floats, live: Flags, of: Places, start: Places, found: Floats) -> None:
    """As above; NaN where one is not live."""
    for g in range(len(found)):
        found[g] = close[of[start[g]]] if live[of[start[g]]] else np.nan
        if start[g + 1] - start[g] == 2:
            second = of[start[g] + 1]
            found[g] -= close[second] if live[second] else np.nan


@compiled
def _ratios(close: Floats, live: Flags, of: Places, found: Floats) -> None:
    """First over second, where both are live and the second is above zero, float64[G]."""
    for g in range(len(found)):
        near, far = of[2 * g], of[2 * g + 1]
        known = live[near] and live[far] and close[far] > 0
        found[g] = close[near] / close[far] if known else np.nan
