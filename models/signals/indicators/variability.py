"""Indicators that read volatility and correlation."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from models.signals.correlation import LONG, SHORT, Correlations
from models.signals.indicators.base import IndicatorStep, Measure, Stateless, observed
from models.signals.step import Floats
from models.signals.volatility import decayed, mean_of
from schemas.indicator import Indicator
from schemas.market import Market


class RealizedVolatility(IndicatorStep[tuple[Floats, Floats] | None]):
    """Square root of the weighted variance, mean over the live inputs; per period, in logarithms or units.

    With a half-life of its own it keeps its own weighted variance, by the same recursion as the market's
    (`volatility.py`).
    """

    name: ClassVar[str] = "realized_volatility"
    fields: ClassVar[tuple[str, ...]] = ("sums", "weights")

    def __init__(self, market: Market, indicator: Indicator) -> None:
        """Of the market's variances, or of its own with the indicator's half-life."""
        super().__init__(market, indicator)
        own = indicator.half_life
        self._half_life = None if own is None else market.periods(own)
        self.layout = (*self.layout, self._half_life)
        self.sums: Floats = np.zeros(len(self.of))
        self.weights: Floats = np.zeros(len(self.of))

    def advance(self, x: Correlations) -> tuple[Measure, tuple[Floats, Floats] | None]:
        """Mean volatility."""
        if self._half_life is None:
            return self._mean(x, np.sqrt(x.volatilities.variance[self.of])), None
        seen, of = observed(x), self.of
        variance = np.where(seen.fresh[of], seen.variance[of], np.nan)
        change = decayed(self.sums, self.weights, variance, seen.elapsed[of], self._half_life)
        return self._mean(x, np.sqrt(mean_of(*change))), change

    def commit(self, change: tuple[Floats, Floats] | None) -> None:
        """Closes the period of its own variances."""
        if change is not None:
            self.sums, self.weights = change


class RangeVolatility(Stateless):
    """The same from the distance of high and low (Parkinson 1980)."""

    name: ClassVar[str] = "range_volatility"

    def measure(self, x: Correlations) -> Measure:
        """Mean range volatility."""
        return self._mean(x, np.sqrt(x.volatilities.range_variance[self.of]))


class JumpShare(Stateless):
    """Share of the variance that came in jumps: weighted max(RV - BV, 0) over weighted RV (Barndorff-Nielsen 2004)."""

    name: ClassVar[str] = "jump_share"

    def measure(self, x: Correlations) -> Measure:
        """Mean jump share."""
        return self._mean(x, x.volatilities.jump_share[self.of])


class CorrelationShift(Stateless):
    """Short-memory minus long-memory correlation, mean over the pairs of live inputs.

    CISS takes long minus short of stocks and bonds, floored at 0; here the file's sign says which way is stress.
    """

    name: ClassVar[str] = "correlation_shift"

    def __init__(self, market: Market, indicator: Indicator) -> None:
        """Of all pairs of its instruments."""
        super().__init__(market, indicator)
        first, second = np.triu_indices(len(self.of), k=1)
        self._first, self._second = self.of[first], self.of[second]

    def measure(self, x: Correlations) -> Measure:
        """Mean shift."""
        i, j = self._first, self._second
        live = observed(x).live
        shift = x.matrix[SHORT, i, j] - x.matrix[LONG, i, j]
        known = live[i] & live[j] & np.isfinite(shift)
        count = int(np.count_nonzero(known))
        raw = float(np.where(known, shift, 0.0).sum() / count) if count else np.nan
        return self._measured(x, raw, count / len(i))
