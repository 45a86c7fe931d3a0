"""Indicators that read the level of prices, rates and spreads: level, spread, term structure, changes of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from models.signals.correlation import Correlations
from models.signals.indicators.base import Kind, Measures, Rolling, Stateless, live_values, observed
from models.signals.moves import logarithmic, moves
from models.signals.step import Floats
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


def spreads(kind: Kind[None] | Rolling, x: Correlations) -> Floats:
    """First minus second input of each indicator, or the only one, float64[G]."""
    values = live_values(x, kind.of)
    first, second = kind.start[:-1], np.minimum(kind.start[:-1] + 1, len(values) - 1)
    return values[first] - np.where(np.diff(kind.start) == 2, values[second], 0.0)
