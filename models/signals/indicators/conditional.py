"""Volatility by models with fixed parameters: the long memory of RiskMetrics 2006, and GARCH(1,1) as a filter."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar, Final

import numpy as np

from models.signals.compiled import compiled
from models.signals.correlation import Correlations
from models.signals.indicators.averages import average, eased
from models.signals.indicators.base import Measures, Places, Remembering, observed
from models.signals.moves import LIMIT
from models.signals.step import Floats
from schemas.indicator import Indicator
from schemas.market import Market

TAUS: Final = 4 * np.sqrt(2) ** np.arange(14)
"""Memories of RiskMetrics 2006 in periods, from 4 to 362 (Zumbach 2007)."""

LONGEST: Final = 1560
"""Its cut-off: a memory of so many periods would weigh nothing."""

WEIGHTS: Final = (1 - np.log(TAUS) / np.log(LONGEST)) / np.sum(1 - np.log(TAUS) / np.log(LONGEST))
"""Weights of the memories; they fall with the logarithm of their length, so that the memory decays like one."""


class RiskMetrics2006Volatility(Remembering):
    """Square root of a mixture of 14 weighted variances (RiskMetrics 2006, Zumbach 2007); mean over the live inputs.

    Each memory tau is the recursion of `volatility.py` with d(a) = exp(-a / tau), divided by the weight that it has
    gathered (the original starts from a guess); the mixture is their sum by `WEIGHTS`. No parameter is fitted.
    """

    name: ClassVar[str] = "rm2006_volatility"

    def __init__(self, market: Market, indicators: Sequence[Indicator]) -> None:
        """Nothing seen yet."""
        super().__init__(market, indicators)
        self.memory = np.zeros((2, len(self.of), len(TAUS)))
        """Sums and weights, by input and memory."""

    def advance(self, x: Correlations) -> tuple[Measures, Floats]:
        """Volatilities as they stand with the period so far."""
        seen, new, found = observed(x), np.empty_like(self.memory), np.empty(len(self.of))
        _mixtures(seen.variance, seen.elapsed, self.of, TAUS, WEIGHTS, self.memory, new, found)
        return self.means(x, found), new


class GarchVolatility(Remembering):
    """Volatility expected of the next period by a GARCH(1,1) whose parameters the market file fixes (Bollerslev 1986).

    h' = omega + alpha x + beta h, from the unconditional omega / (1 - alpha - beta). Over `a` periods that showed the
    variance x, which for one period is the same: h' = h + (1 - beta ** a) ((omega + alpha x / a) / (1 - beta) - h).
    Nothing is fitted here. No information before the first measured period.
    """

    name: ClassVar[str] = "garch_volatility"

    def __init__(self, market: Market, indicators: Sequence[Indicator]) -> None:
        """With the parameters of each indicator, which the schema demands."""
        super().__init__(market, indicators)
        given = [i.parameters for i in indicators if i.parameters is not None]
        self._parameters: Floats = np.array([(p.omega, p.alpha, p.beta) for p in given])
        self.layout = (*self.layout, tuple(map(tuple, self._parameters.tolist())))
        self.memory = np.full(len(given), np.nan)
        """h of each; NaN before the first measured period."""

    def advance(self, x: Correlations) -> tuple[Measures, Floats]:
        """Volatilities as they stand with the period so far."""
        seen, new = observed(x), np.empty_like(self.memory)
        _filtered(seen.variance, seen.elapsed, self.of, self._parameters, self.memory, new)
        return self.together(x, np.sqrt(new)), new


@compiled
def _mixtures(  # noqa: PLR0917  (kernels take arrays, not objects)
    seen: Floats, elapsed: Floats, of: Places, taus: Floats, shares: Floats, memory: Floats, new: Floats,
    found: Floats,
) -> None:  # fmt: skip
    """The next memory and the roots of the mixtures, float64[K]."""
    for k in range(len(of)):
        rate, mixed = seen[of[k]] / elapsed[of[k]], 0.0
        for m in range(len(taus)):
            share = 1 - math.exp(-elapsed[of[k]] / taus[m])
            new[0, k, m], new[1, k, m] = eased(memory[0, k, m], memory[1, k, m], rate, share)
            mixed += shares[m] * average(new[0, k, m], new[1, k, m])
        found[k] = np.sqrt(mixed)


@compiled
def _filtered(  # noqa: PLR0917  (as above)
    seen: Floats, elapsed: Floats, of: Places, parameters: Floats, variance: Floats, found: Floats
) -> None:
    """Variances after the period so far, float64[G]."""
    found[:] = variance
    for g in range(len(of)):
        x, periods = seen[of[g]], elapsed[of[g]]
        omega, alpha, beta = parameters[g]
        if not np.isfinite(x):
            continue
        h = omega / (1 - alpha - beta) if np.isnan(variance[g]) else variance[g]
        target = (omega + alpha * x / periods) / (1 - beta)
        found[g] = min(h + (1 - beta**periods) * (target - h), LIMIT * LIMIT)
