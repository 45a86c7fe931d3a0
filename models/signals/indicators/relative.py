"""Volatility of one input beside another: of their spread, and of what the other does not explain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from models.signals.compiled import compiled
from models.signals.correlation import KNOWN_FROM, Correlations
from models.signals.indicators.averages import Averaged
from models.signals.indicators.base import Measures, Places, observed
from models.signals.moves import bounded
from models.signals.step import Floats
from models.signals.volatility import average, eased
from schemas.indicator import Indicator
from schemas.market import Market


class SpreadVolatility(Averaged):
    """Volatility of the first input against the second: square root of the weighted mean of (u1 - u2)^2.

    u = r / sqrt(a): move of the period over the square root of the periods that it covers (RiskMetrics 1996, of a
    difference). Between rates it is the volatility of their spread, between prices that of the log of their ratio.
    Only periods in which both have a bar count.
    """

    name: ClassVar[str] = "spread_volatility"

    def advance(self, x: Correlations) -> tuple[Measures, Floats]:
        """Volatilities as they stand with the period so far."""
        seen, new, found = observed(x), np.empty_like(self.memory), np.empty(len(self.keep))
        _spread_volatilities(seen.period_return, seen.elapsed, self.of, self.keep, self.memory, new, found)
        return self.together(x, found), new


class IdiosyncraticVolatility(Averaged):
    """Volatility of the first input that the second does not explain: a bank's beyond the market's.

    e = u1 - beta u2 with u as above, beta = S12 / V2 from the joint periods *before*, mean zero, weighted with the
    market's half-life `correlation_long`; volatility is the square root of the weighted mean of e^2. CISS takes the
    residual of a regression over two years (Hollo, Kremer and Lo Duca 2012); here the regression forgets instead.
    Residuals count once `KNOWN_FROM` joint returns have been seen.
    """

    name: ClassVar[str] = "idiosyncratic_volatility"
    rows: ClassVar[int] = 5
    """s, w, S12, V2, and how many joint returns were ever seen."""

    def __init__(self, market: Market, indicators: Sequence[Indicator]) -> None:
        """With the market's long memory for beta."""
        super().__init__(market, indicators)
        self._keep_beta = 0.5 ** (1 / market.periods(market.half_life.correlation_long))

    def advance(self, x: Correlations) -> tuple[Measures, Floats]:
        """Volatilities as they stand with the period so far."""
        seen, new, found = observed(x), np.empty_like(self.memory), np.empty(len(self.keep))
        keep_beta = self._keep_beta**seen.window.fraction
        _residual_volatilities(seen.period_return, seen.elapsed, self.of, self.keep, keep_beta, self.memory, new, found)
        return self.together(x, found), new


@compiled
def _spread_volatilities(  # noqa: PLR0917  (kernels take arrays, not objects)
    returns: Floats, elapsed: Floats, of: Places, keep: Floats, memory: Floats, new: Floats, found: Floats
) -> None:
    """The next memory and the roots of the means of (u1 - u2)^2, float64[G]."""
    for g in range(len(found)):
        i, j = of[2 * g], of[2 * g + 1]
        apart = returns[i] / np.sqrt(elapsed[i]) - returns[j] / np.sqrt(elapsed[j])
        share = 1 - keep[g] ** max(elapsed[i], elapsed[j])
        new[0, g], new[1, g] = eased(memory[0, g], memory[1, g], apart * apart, share)
        found[g] = np.sqrt(average(new[0, g], new[1, g]))


@compiled
def _residual_volatilities(  # noqa: PLR0917  (as above)
    returns: Floats, elapsed: Floats, of: Places, keep: Floats, keep_beta: float, memory: Floats, new: Floats,
    found: Floats,
) -> None:  # fmt: skip
    """The next memory and the roots of the means of e^2, float64[G]."""
    new[:] = memory
    for g in range(len(found)):
        i, j = of[2 * g], of[2 * g + 1]
        own, market = returns[i] / np.sqrt(elapsed[i]), returns[j] / np.sqrt(elapsed[j])
        if np.isfinite(own) and np.isfinite(market):
            product, square = memory[2, g], memory[3, g]
            if memory[4, g] >= KNOWN_FROM:
                beta = bounded(product / square) if square > 0 else 0.0
                residual = bounded(own - beta * market)
                share = 1 - keep[g] ** max(elapsed[i], elapsed[j])
                new[0, g], new[1, g] = eased(memory[0, g], memory[1, g], residual * residual, share)
            new[2, g] += (1 - keep_beta) * (own * market - product)
            new[3, g] += (1 - keep_beta) * (market * market - square)
            new[4, g] += 1
        found[g] = np.sqrt(average(new[0, g], new[1, g]))
