"""Indicators that read the level of prices, rates and spreads: level, spread, term structure, fall from the high."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from models.signals.correlation import Correlations
from models.signals.indicators.base import Measure, Rolling, Stateless, live_values, observed
from models.signals.moves import logarithmic
from models.signals.step import Floats
from schemas.indicator import Indicator
from schemas.market import Market


class Level(Stateless):
    """The level itself, mean over the live inputs: an implied volatility, a spread quoted as one."""

    name: ClassVar[str] = "level"

    def measure(self, x: Correlations) -> Measure:
        """Mean of the last values."""
        return self._mean(x, live_values(x, self.of)[0])


class Spread(Stateless):
    """The first input minus the second; with one input, that input (a spread quoted as one)."""

    name: ClassVar[str] = "spread"

    def measure(self, x: Correlations) -> Measure:
        """Difference of the last values."""
        return self._all(x, spread(live_values(x, self.of)[0]))


class TermStructure(Stateless):
    """The near input divided by the far one: above 1 the curve is inverted, as in stress (VIX9D / VIX)."""

    name: ClassVar[str] = "term_structure"

    def measure(self, x: Correlations) -> Measure:
        """Ratio of the last values; no information where the far one is not above zero."""
        near, far = live_values(x, self.of)[0].tolist()
        ratio = near / far if far > 0 else np.nan
        return self._all(x, ratio if np.isfinite(ratio) else np.nan)


class SpreadChange(Rolling):
    """The spread minus the spread `window` periods ago: widening, whatever the level."""

    name: ClassVar[str] = "spread_change"

    def width(self) -> int:
        """The spread alone."""
        return 1

    def advance(self, x: Correlations) -> tuple[Measure, Floats | None]:
        """No information until the window is full."""
        now = spread(live_values(x, self.of)[0])
        past = float(self.ring[self.filled % self.periods, 0])  # NaN until the ring is full
        return self._all(x, now - past), np.array([now]) if observed(x).learns else None


class Cmax(Rolling):
    """Fall from the running maximum (CMAX of Patel and Sarkar 1998, as in CISS), mean over the live inputs.

    For prices 1 - x / max over the window, today included; for rates and spreads max - x.
    A window that is not yet full is taken as it is.
    """

    name: ClassVar[str] = "cmax"

    def __init__(self, market: Market, indicator: Indicator) -> None:
        """The running maximum includes today, so one final less is remembered."""
        super().__init__(market, indicator)
        self._by_log = logarithmic(market)[self.of]
        self._restored()

    def rows(self) -> int:
        """Today is not in the memory."""
        return max(self.periods - 1, 1)

    def _restored(self) -> None:
        """The running maximum of the finals remembered, float64[K]."""
        self._highest = np.fmax.reduce(self.ring, axis=0)

    def advance(self, x: Correlations) -> tuple[Measure, Floats | None]:
        """Mean fall from the highest value of the window."""
        now, _ = live_values(x, self.of)
        highest = np.fmax(self._highest, now)
        relative = np.divide(now, highest, out=np.full_like(now, np.nan), where=(highest > 0) & (now > 0))
        falls = np.where(self._by_log, 1 - relative, highest - now)
        return self._mean(x, falls), now if observed(x).learns else None


def spread(values: Floats) -> float:
    """First minus second, or the only one."""
    return float(values[0] - values[1]) if len(values) == 2 else float(values[0])
