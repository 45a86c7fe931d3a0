"""Indicators of illiquidity: what a trade moves, and what a round trip costs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar, Final

import numpy as np

from models.signals.compiled import compiled
from models.signals.correlation import Correlations
from models.signals.indicators.averages import Averaged, eased_all
from models.signals.indicators.base import Measures, Places, observed
from models.signals.moves import bounded
from models.signals.step import Floats
from schemas.indicator import Indicator
from schemas.market import Market

MILLION: Final = 1e6
"""Amihud's scale: moves per million of turnover."""

_ROOT: Final = 3 - 2 * math.sqrt(2)
"""The constant of Corwin and Schultz."""


class IlliquidityAmihud(Averaged):
    """Mean of |return| per million of value traded (Amihud 2002), weighted; mean over the live inputs.

    Value is volume times the last price. For a period so far: (|r| / sqrt(a)) / (value / f), the move and the turnover
    that a whole period would have at this pace. Periods without volume say nothing.
    """

    name: ClassVar[str] = "illiquidity_amihud"
    by_input: ClassVar[bool] = True

    def advance(self, x: Correlations) -> tuple[Measures, tuple[Any, ...]]:
        """Illiquidity as it stands with the period so far."""
        seen = observed(x)
        fraction = seen.window.fraction
        now = _impacts(seen.period_return, seen.elapsed, seen.close, seen.volume, fraction, self.of)
        sums, weights, means = eased_all(self.sums, self.weights, now, self.keep, fraction)
        return self.means(x, means), (sums, weights)


class BidAskCorwinSchultz(Averaged):
    """Bid-ask spread relative to the price from highs and lows (Corwin and Schultz 2012), weighted; mean over inputs.

    From two consecutive periods with a range: beta = sum (ln(H / L))^2, gamma the same of both as one,
    alpha = (sqrt(2 beta) - sqrt(beta)) / (3 - 2 sqrt 2) - sqrt(gamma / (3 - 2 sqrt 2)),
    S = 2 (e^alpha - 1) / (1 + e^alpha), negatives 0 as in the paper. Where the close before lies outside of the range,
    the range is moved by the gap to it: what happened overnight is no range. Of a period so far (share f), its squared
    range counts divided by f and gamma times 2 / (1 + f): under a random walk squared ranges grow with time.
    """

    name: ClassVar[str] = "bid_ask_corwin_schultz"
    by_input: ClassVar[bool] = True
    fields: ClassVar[tuple[str, ...]] = ("sums", "weights", "before")

    def __init__(self, market: Market, indicators: Sequence[Indicator]) -> None:
        """Nothing is known of the period before."""
        super().__init__(market, indicators)
        self.before: Floats = np.full((3, len(self.of)), np.nan)
        """High, low and close of the period before; NaN where it had no bar."""

    def advance(self, x: Correlations) -> tuple[Measures, tuple[Any, ...]]:
        """Spreads as they stand with the period so far."""
        seen = observed(x)
        fraction = seen.window.fraction
        now, before = _spreads(seen.high, seen.low, seen.close, self.before, fraction, self.of)
        sums, weights, means = eased_all(self.sums, self.weights, now, self.keep, fraction)
        return self.means(x, means), (sums, weights, before)


@compiled
def _impacts(  # noqa: PLR0917  (kernels take arrays, not objects)
    returns: Floats, elapsed: Floats, close: Floats, volume: Floats, fraction: float, of: Places
) -> Floats:
    """|return| per million of value by input, float64[K]; NaN without a return or volume."""
    found = np.full(len(of), np.nan)
    for k in range(len(of)):
        i = of[k]
        value = volume[i] * close[i] / MILLION
        if value > 0:
            found[k] = bounded(abs(returns[i]) / np.sqrt(elapsed[i]) * fraction / value)
    return found


@compiled
def _spreads(  # noqa: PLR0917  (as above)
    high: Floats, low: Floats, close: Floats, before: Floats, fraction: float, of: Places
) -> tuple[Floats, Floats]:
    """Spread by input, float64[K], NaN without two ranges; and high, low and close to remember, float64[3, K]."""
    found, kept = np.full(len(of), np.nan), np.full_like(before, np.nan)
    for k in range(len(of)):
        old_top, old_bottom, c = before[0, k], before[1, k], before[2, k]
        top, bottom = high[of[k]], low[of[k]]
        if not top >= bottom > 0:
            continue
        kept[0, k], kept[1, k], kept[2, k] = top, bottom, close[of[k]]
        if old_top > old_bottom and top > bottom:
            gap = max(bottom - c, 0.0) + min(top - c, 0.0)
            found[k] = _spread(old_top, old_bottom, top - gap, bottom - gap, fraction)
    return found, kept


@compiled
def _spread(old_top: float, old_bottom: float, top: float, bottom: float, fraction: float) -> float:
    """The spread from the ranges of the period before and of this one so far."""
    one, two = math.log(old_top) - math.log(old_bottom), math.log(top) - math.log(bottom)
    both = math.log(max(old_top, top)) - math.log(min(old_bottom, bottom))
    beta = one * one + two * two / fraction
    gamma = both * both * 2 / (1 + fraction)
    alpha = (math.sqrt(2 * beta) - math.sqrt(beta)) / _ROOT - math.sqrt(gamma / _ROOT)
    return max(2 * math.tanh(alpha / 2), 0.0)
