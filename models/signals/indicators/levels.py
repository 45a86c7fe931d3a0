"""Indicators that read the level of prices, rates and spreads: level, spread, term structure, changes of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from models.signals.compiled import compiled
from models.signals.correlation import Correlations
from models.signals.indicators.averages import eased_all
from models.signals.indicators.base import Kind, Measures, Places, Rolling, Stateless, live_values, observed
from models.signals.moves import logarithmic, moves
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
        values = live_values(x, self.of)
        near, far = values[self.start[:-1]], values[self.start[:-1] + 1]
        with np.errstate(over="ignore"):  # beyond all numbers is no number
            ratio = np.divide(near, far, out=np.full_like(near, np.nan), where=far > 0)
        return self.together(x, ratio)


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
        now = live_values(x, self.of)
        return self.means(x, moves(now, self.oldest(), self._by_log)), now if observed(x).learns else None


class Deviation(Kind[tuple[Floats, Floats] | None]):
    """The value minus its own mean of the finals before, mean over the live inputs: claims above their trend.

    Logarithms for prices. The mean is exponentially weighted with half-life `window`; a value counts for as long as it
    stands, so that a weekly series is averaged over time and not over releases. No information before the mean has
    gathered half of its weight.
    """

    name: ClassVar[str] = "deviation"
    fields: ClassVar[tuple[str, ...]] = ("sums", "weights")

    def __init__(self, market: Market, indicators: Sequence[Indicator]) -> None:
        """The half-lives are turned into periods."""
        super().__init__(market, indicators)
        lives = self.per_input([market.periods(i.window) for i in indicators])
        self.layout = (*self.layout, tuple(lives.tolist()))
        self._keep: Floats = 0.5 ** (1 / lives)
        self._by_log = logarithmic(market)[self.of]
        self.sums: Floats = np.zeros(len(lives))
        self.weights: Floats = np.zeros(len(lives))

    def advance(self, x: Correlations) -> tuple[Measures, tuple[Floats, Floats] | None]:
        """Distances from the means of the finals before."""
        now, seen = heights(x, self.of, self._by_log), observed(x)
        mean = np.divide(self.sums, self.weights, out=np.full_like(now, np.nan), where=self.weights >= 0.5)
        measures = self.means(x, now - mean)
        if not seen.final or not seen.learns:
            return measures, None
        sums, weights, _ = eased_all(self.sums, self.weights, now, self._keep, 1.0)
        return measures, (sums, weights)

    def commit(self, change: tuple[Floats, Floats] | None) -> None:
        """Takes the values of a final into the means."""
        if change is not None:
            self.sums, self.weights = change


def heights(x: Correlations, of: Places, by_log: Flags) -> Floats:
    """Last values of the inputs as they are averaged: logarithms of prices; NaN where not live, float64[K]."""
    seen = observed(x)
    return _heights(seen.close, seen.live, of, by_log)


@compiled
def _heights(close: Floats, live: Flags, of: Places, by_log: Flags) -> Floats:
    """As above."""
    found = np.full(len(of), np.nan)
    for k in range(len(of)):
        value = close[of[k]]
        if live[of[k]] and (value > 0 or not by_log[k]):
            found[k] = np.log(value) if by_log[k] else value
    return found


def spreads(kind: Kind[None] | Rolling, x: Correlations) -> Floats:
    """First minus second input of each indicator, or the only one, float64[G]."""
    values = live_values(x, kind.of)
    first, second = kind.start[:-1], np.minimum(kind.start[:-1] + 1, len(values) - 1)
    return values[first] - np.where(np.diff(kind.start) == 2, values[second], 0.0)
