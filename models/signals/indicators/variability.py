"""Indicators that read volatility and correlation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from models.signals.compiled import compiled
from models.signals.correlation import LONG, SHORT, Correlations, correlated
from models.signals.indicators.base import Kind, Measures, Places, Stateless, observed
from models.signals.step import Flags, Floats
from models.signals.volatility import decayed, mean_of
from schemas.indicator import Indicator
from schemas.market import Market


class RealizedVolatility(Kind[tuple[Floats, Floats] | None]):
    """Square root of the weighted variance, mean over the live inputs; per period, in logarithms or units.

    Those with a half-life of their own keep their own weighted variances, by the same recursion as the market's
    (`volatility.py`).
    """

    name: ClassVar[str] = "realized_volatility"
    fields: ClassVar[tuple[str, ...]] = ("sums", "weights")

    def __init__(self, market: Market, indicators: Sequence[Indicator]) -> None:
        """Of the market's variances, or of own ones with an indicator's half-life."""
        super().__init__(market, indicators)
        lives = [np.nan if i.half_life is None else market.periods(i.half_life) for i in indicators]
        self.layout = (*self.layout, tuple(i.half_life for i in indicators))
        of_each = self.per_input(lives)
        self._own = np.flatnonzero(np.isfinite(of_each))
        self._half_life = of_each[self._own]
        self.sums: Floats = np.zeros(len(self._own))
        self.weights: Floats = np.zeros(len(self._own))

    def advance(self, x: Correlations) -> tuple[Measures, tuple[Floats, Floats] | None]:
        """Mean volatilities."""
        variance, change = x.volatilities.variance[self.of], None
        if len(self._own):
            seen, of = observed(x), self.of[self._own]
            own = np.where(seen.fresh[of], seen.variance[of], np.nan)
            change = decayed(self.sums, self.weights, own, seen.elapsed[of], self._half_life)
            variance[self._own] = mean_of(*change)
        return self.means(x, np.sqrt(variance)), change

    def commit(self, change: tuple[Floats, Floats] | None) -> None:
        """Closes the period of the own variances."""
        if change is not None:
            self.sums, self.weights = change


class RangeVolatility(Stateless):
    """The same from the distance of high and low (Parkinson 1980)."""

    name: ClassVar[str] = "range_volatility"

    def measure(self, x: Correlations) -> Measures:
        """Mean range volatilities."""
        return self.means(x, np.sqrt(x.volatilities.range_variance[self.of]))


class JumpShare(Stateless):
    """Share of the variance that came in jumps: weighted max(RV - BV, 0) over weighted RV (Barndorff-Nielsen 2004)."""

    name: ClassVar[str] = "jump_share"

    def measure(self, x: Correlations) -> Measures:
        """Mean jump shares."""
        return self.means(x, x.volatilities.jump_share[self.of])


class _OfPairs(Stateless):
    """Indicators that read correlations; `rows` are their inputs' rows in the matrix, intp[K]."""

    def __init__(self, market: Market, indicators: Sequence[Indicator]) -> None:
        """Of a market and some of its indicators."""
        super().__init__(market, indicators)
        self.rows = np.searchsorted(correlated(market), self.of)


class StockBondCorrelation(_OfPairs):
    """Long-memory minus short-memory correlation of two inputs, floored at 0 (Hollo, Kremer and Lo Duca 2012).

    The flight to quality of CISS: above zero where stocks and bonds (prices, not yields) have parted of late.
    """

    name: ClassVar[str] = "stock_bond_correlation"

    def measure(self, x: Correlations) -> Measures:
        """Floored shifts."""
        found = np.empty(len(self.sign))
        _floored(x.matrix, self.rows, found)
        return self.together(x, found)


class CorrelationShift(_OfPairs):
    """Short-memory minus long-memory correlation, mean over the pairs of live inputs.

    The file's sign says which way is stress; there is no floor.
    """

    name: ClassVar[str] = "correlation_shift"

    def measure(self, x: Correlations) -> Measures:
        """Mean shifts."""
        found, live = np.empty((2, len(self.sign)))
        _shifts(x.matrix, observed(x).live[self.of], self.rows, self.start, found, live)
        return self.together(x, found, live)


@compiled
def _floored(matrix: Floats, rows: Places, found: Floats) -> None:
    """Long minus short, at least 0, float64[G]; NaN where unknown."""
    for g in range(len(found)):
        i, j = rows[2 * g], rows[2 * g + 1]
        shift = matrix[LONG, i, j] - matrix[SHORT, i, j]
        found[g] = 0.0 if shift < 0 else shift


@compiled
def _shifts(  # noqa: PLR0917  (kernels take arrays, not objects)
    matrix: Floats, live: Flags, rows: Places, start: Places, found: Floats, share: Floats
) -> None:
    """Means of short minus long over live and known pairs, and their share, float64[G] each."""
    for g in range(len(found)):
        total, count, pairs = 0.0, 0, 0
        for a in range(start[g], start[g + 1]):
            for b in range(a + 1, start[g + 1]):
                i, j = rows[a], rows[b]
                shift = matrix[SHORT, i, j] - matrix[LONG, i, j]
                pairs += 1
                if live[a] and live[b] and np.isfinite(shift):
                    total += shift
                    count += 1
        found[g] = total / count if count else np.nan
        share[g] = count / pairs
