"""Volatility by models with fixed parameters: the long memory of RiskMetrics 2006, and GARCH(1,1) as a filter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Final

import numpy as np

from models.signals.compiled import compiled
from models.signals.correlation import Correlations
from models.signals.indicators.averages import average, eased
from models.signals.indicators.base import Kind, Measures, Places, observed
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


class RiskMetrics2006Volatility(Kind[tuple[Floats, Floats] | None]):
    """Square root of a mixture of 14 weighted variances (RiskMetrics 2006, Zumbach 2007); mean over the live inputs.

    Each memory tau is the recursion of `volatility.py` with d(a) = exp(-a / tau), divided by the weight that it has
    gathered (the original starts from a guess); the mixture is their sum by `WEIGHTS`. No parameter is fitted.
    """

    name: ClassVar[str] = "rm2006_volatility"
    fields: ClassVar[tuple[str, ...]] = ("sums", "weights")

    def __init__(self, market: Market, indicators: Sequence[Indicator]) -> None:
        """Nothing seen yet."""
        super().__init__(market, indicators)
        self.sums: Floats = np.zeros((len(self.of), len(TAUS)))
        self.weights: Floats = np.zeros((len(self.of), len(TAUS)))

    def advance(self, x: Correlations) -> tuple[Measures, tuple[Floats, Floats]]:
        """Volatilities as they stand with the period so far."""
        seen = observed(x)
        sums, weights, variance = _mixtures(
            seen.variance, seen.elapsed, self.of, self.sums, self.weights, TAUS, WEIGHTS
        )
        return self.means(x, np.sqrt(variance)), (sums, weights)

    def commit(self, change: tuple[Floats, Floats] | None) -> None:
        """Closes the period."""
        if change is not None:
            self.sums, self.weights = change


class GarchVolatility(Kind[Any]):
    """Volatility expected of the next period by a GARCH(1,1) whose parameters the market file fixes (Bollerslev 1986).

    h' = omega + alpha x + beta h, from the unconditional omega / (1 - alpha - beta). Over `a` periods that showed the
    variance x, which for one period is the same: h' = h + (1 - beta ** a) ((omega + alpha x / a) / (1 - beta) - h).
    Nothing is fitted here. No information before the first measured period.
    """

    name: ClassVar[str] = "garch_volatility"
    fields: ClassVar[tuple[str, ...]] = ("variance",)

    def __init__(self, market: Market, indicators: Sequence[Indicator]) -> None:
        """With the parameters of each indicator, which the schema demands."""
        super().__init__(market, indicators)
        given = [i.parameters for i in indicators if i.parameters is not None]
        self._parameters: Floats = np.array([(p.omega, p.alpha, p.beta) for p in given])
        self.layout = (*self.layout, tuple(map(tuple, self._parameters.tolist())))
        self.variance: Floats = np.full(len(given), np.nan)
        """h of each; NaN before the first measured period."""

    def advance(self, x: Correlations) -> tuple[Measures, Floats]:
        """Volatilities as they stand with the period so far."""
        seen = observed(x)
        variance = _filtered(seen.variance, seen.elapsed, self.of, self._parameters, self.variance)
        return self.together(x, np.sqrt(variance)), variance

    def commit(self, change: Floats | None) -> None:
        """Closes the period."""
        if change is not None:
            self.variance = change


@compiled
def _mixtures(  # noqa: PLR0917  (kernels take arrays, not objects)
    seen: Floats, elapsed: Floats, of: Places, sums: Floats, weights: Floats, taus: Floats, shares: Floats
) -> tuple[Floats, Floats, Floats]:
    """Sums and weights by input and memory, float64[K, 14], and the mixtures, float64[K]."""
    new_sums, new_weights = np.empty_like(sums), np.empty_like(sums)
    mixed = np.zeros(len(of))
    for k in range(len(of)):
        rate = seen[of[k]] / elapsed[of[k]]
        for m in range(len(taus)):
            new = 1 - np.exp(-elapsed[of[k]] / taus[m])
            new_sums[k, m], new_weights[k, m] = eased(sums[k, m], weights[k, m], rate, new)
            mixed[k] += shares[m] * average(new_sums[k, m], new_weights[k, m])
    return new_sums, new_weights, mixed


@compiled
def _filtered(seen: Floats, elapsed: Floats, of: Places, parameters: Floats, variance: Floats) -> Floats:
    """Variances after the period so far, float64[G]."""
    found = variance.copy()
    for g in range(len(of)):
        x, periods = seen[of[g]], elapsed[of[g]]
        omega, alpha, beta = parameters[g]
        if not np.isfinite(x):
            continue
        h = omega / (1 - alpha - beta) if np.isnan(variance[g]) else variance[g]
        target = (omega + alpha * x / periods) / (1 - beta)
        found[g] = min(h + (1 - beta**periods) * (target - h), LIMIT * LIMIT)
    return found
