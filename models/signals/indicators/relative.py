"""Volatility of one input beside another: of their spread, and of what the other does not explain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from models.signals.compiled import compiled
from models.signals.correlation import KNOWN_FROM, Correlations
from models.signals.indicators.averages import Averaged, average, eased
from models.signals.indicators.base import Measures, Places, observed
from models.signals.moves import bounded
from models.signals.step import Floats, Ints
from schemas.indicator import Indicator
from schemas.market import Market


class SpreadVolatility(Averaged):
    """Volatility of the first input against the second: square root of the weighted mean of (u1 - u2)^2.

    u = r / sqrt(a): move of the period over the square root of the periods that it covers (RiskMetrics 1996, of a
    difference). Between rates it is the volatility of their spread, between prices that of the log of their ratio.
    Only periods in which both have a bar count.
    """

    name: ClassVar[str] = "spread_volatility"

    def advance(self, x: Correlations) -> tuple[Measures, tuple[Any, ...]]:
        """Volatilities as they stand with the period so far."""
        seen, first = observed(x), self.start[:-1]
        sums, weights, variance = _spread_variances(
            seen.period_return, seen.elapsed, self.of[first], self.of[first + 1], self.keep, self.sums, self.weights
        )
        return self.together(x, np.sqrt(variance)), (sums, weights)


class IdiosyncraticVolatility(Averaged):
    """Volatility of the first input that the second does not explain: a bank's beyond the market's.

    e = u1 - beta u2 with u as above, beta = S12 / V2 from the joint periods *before*, mean zero, weighted with the
    market's half-life `correlation_long`; volatility is the square root of the weighted mean of e^2. CISS takes the
    residual of a regression over two years (Hollo, Kremer and Lo Duca 2012); here the regression forgets instead.
    Residuals count once `KNOWN_FROM` joint returns have been seen.
    """

    name: ClassVar[str] = "idiosyncratic_volatility"
    fields: ClassVar[tuple[str, ...]] = ("sums", "weights", "products", "squares", "counts")

    def __init__(self, market: Market, indicators: Sequence[Indicator]) -> None:
        """With the market's long memory for beta."""
        super().__init__(market, indicators)
        self._keep_beta = 0.5 ** (1 / market.periods(market.half_life.correlation_long))
        n = len(indicators)
        self.products: Floats = np.zeros(n)
        """S12."""
        self.squares: Floats = np.zeros(n)
        """V2."""
        self.counts: Ints = np.zeros(n, np.int64)
        """Joint returns ever seen."""

    def advance(self, x: Correlations) -> tuple[Measures, tuple[Any, ...]]:
        """Volatilities as they stand with the period so far."""
        seen, first = observed(x), self.start[:-1]
        *change, variance = _residual_variances(
            seen.period_return, seen.elapsed, seen.window.fraction, self.of[first], self.of[first + 1],
            self.keep, self._keep_beta, self.sums, self.weights, self.products, self.squares, self.counts,
        )  # fmt: skip
        return self.together(x, np.sqrt(variance)), tuple(change)


@compiled
def _spread_variances(  # noqa: PLR0917  (kernels take arrays, not objects)
    returns: Floats, elapsed: Floats, first: Places, second: Places, keep: Floats, sums: Floats, weights: Floats
) -> tuple[Floats, Floats, Floats]:
    """Sums, weights and means of (u1 - u2)^2, float64[G]."""
    new_sums, new_weights, means = np.empty_like(sums), np.empty_like(sums), np.empty_like(sums)
    for g in range(len(sums)):
        i, j = first[g], second[g]
        apart = returns[i] / np.sqrt(elapsed[i]) - returns[j] / np.sqrt(elapsed[j])
        new = 1 - keep[g] ** max(elapsed[i], elapsed[j])
        new_sums[g], new_weights[g] = eased(sums[g], weights[g], apart * apart, new)
        means[g] = average(new_sums[g], new_weights[g])
    return new_sums, new_weights, means


@compiled
def _residual_variances(  # noqa: PLR0917  (as above)
    returns: Floats, elapsed: Floats, fraction: float, first: Places, second: Places, keep: Floats, keep_beta: float,
    sums: Floats, weights: Floats, products: Floats, squares: Floats, counts: Ints,
) -> tuple[Floats, Floats, Floats, Floats, Ints, Floats]:  # fmt: skip
    """The state after the period so far, and means of e^2, float64[G]."""
    sums, weights, products, squares = sums.copy(), weights.copy(), products.copy(), squares.copy()
    counts, means = counts.copy(), np.empty_like(sums)
    for g in range(len(sums)):
        i, j = first[g], second[g]
        own, market = returns[i] / np.sqrt(elapsed[i]), returns[j] / np.sqrt(elapsed[j])
        if np.isfinite(own) and np.isfinite(market):
            if counts[g] >= KNOWN_FROM:
                beta = bounded(products[g] / squares[g]) if squares[g] > 0 else 0.0
                residual = bounded(own - beta * market)
                new = 1 - keep[g] ** max(elapsed[i], elapsed[j])
                sums[g], weights[g] = eased(sums[g], weights[g], residual * residual, new)
            new = 1 - keep_beta**fraction
            products[g] += new * (own * market - products[g])
            squares[g] += new * (market * market - squares[g])
            counts[g] += 1
        means[g] = average(sums[g], weights[g])
    return sums, weights, products, squares, counts, means
