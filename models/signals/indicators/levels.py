"""Indicators that read the level of prices, rates and spreads: level, spread, term structure, fall from the high."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np

from models.signals.correlation import Correlations
from models.signals.indicators.base import Measure, Rolling, Stateless, live_values, observed
from models.signals.moves import logarithmic, moves
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


class Change(Rolling):
    """How far the value moved over the window, mean over the live inputs: logarithms for prices, else differences."""

    name: ClassVar[str] = "change"

    def __init__(self, market: Market, indicator: Indicator) -> None:
        """Of the market's kinds of instruments."""
        super().__init__(market, indicator)
        self._by_log = logarithmic(market)[self.of]

    def advance(self, x: Correlations) -> tuple[Measure, Floats | None]:
        """No information until the window is full."""
        now, _ = live_values(x, self.of)
        past = self.ring[self.filled % self.periods]  # NaN until the ring is full
        return self._mean(x, moves(now, past, self._by_log)), now if observed(x).learns else None


class _FromExtreme(Rolling):
    """Distance from the extreme of the window, today included; a window that is not yet full is taken as it is."""

    extreme: ClassVar[np.ufunc]

    def __init__(self, market: Market, indicator: Indicator) -> None:
        """The running extreme includes today, so one final less is remembered."""
        super().__init__(market, indicator)
        self._by_log = logarithmic(market)[self.of]
        self._restored()

    def rows(self) -> int:
        """Today is not in the memory."""
        return max(self.periods - 1, 1)

    def _restored(self) -> None:
        """The running extreme of the finals remembered, float64[K]."""
        self._outermost = self.extreme.reduce(self.ring, axis=0)

    def advance(self, x: Correlations) -> tuple[Measure, Floats | None]:
        """Mean distance from the outermost value of the window."""
        now, _ = live_values(x, self.of)
        distance = self.distance(now, self.extreme(self._outermost, now))
        return self._mean(x, distance), now if observed(x).learns else None

    @abstractmethod
    def distance(self, now: Floats, outermost: Floats) -> Floats:
        """How far the values are from their extremes, float64[K]."""


class Cmax(_FromExtreme):
    """Fall from the running maximum (CMAX of Patel and Sarkar 1998, as in CISS), mean over the live inputs.

    For prices 1 - x / max over the window, today included; for rates and spreads max - x.
    """

    name: ClassVar[str] = "cmax"
    extreme: ClassVar[np.ufunc] = np.fmax

    def distance(self, now: Floats, outermost: Floats) -> Floats:
        """Falls."""
        relative = np.divide(now, outermost, out=np.full_like(now, np.nan), where=(outermost > 0) & (now > 0))
        return np.where(self._by_log, 1 - relative, outermost - now)


class Drawup(_FromExtreme):
    """Rise from the running minimum, the mirror of CMAX: how far a spread has widened, or unemployment risen.

    For prices ln(x / min) over the window, today included; for rates and spreads x - min.
    """

    name: ClassVar[str] = "drawup"
    extreme: ClassVar[np.ufunc] = np.fmin

    def distance(self, now: Floats, outermost: Floats) -> Floats:
        """Rises."""
        return moves(now, outermost, self._by_log)


def spread(values: Floats) -> float:
    """First minus second, or the only one."""
    return float(values[0] - values[1]) if len(values) == 2 else float(values[0])
