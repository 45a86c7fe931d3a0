"""Indicators of illiquidity: what a trade moves, and what a round trip costs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar, Final

import numpy as np

from models.signals.compiled import compiled
from models.signals.correlation import Correlations
from models.signals.indicators.averages import Averaged
from models.signals.indicators.base import Measures, Places, observed
from models.signals.moves import bounded
from models.signals.step import Floats
from models.signals.volatility import average, eased
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

    def advance(self, x: Correlations) -> tuple[Measures, Floats]:
        """Illiquidity as it stands with the period so far."""
        seen, new, found = observed(x), np.empty_like(self.memory), np.empty(len(self.of))
        _impacts(
            seen.period_return, seen.elapsed, seen.close, seen.volume, seen.window.fraction, self.of, self.keep,
            self.memory, new, found,
        )  # fmt: skip
        return self.means(x, found), new


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
    rows: ClassVar[int] = 5
    """s, w, and high, low and close of the period before; NaN where it had no bar."""

    def __init__(self, market: Market, indicators: Sequence[Indicator]) -> None:
        """Nothing is known of the period before."""
        super().__init__(market, indicators)
        self.memory[2:] = np.nan

    def advance(self, x: Correlations) -> tuple[Measures, Floats]:
        """Spreads as they stand with the period so far."""
        seen, new, found = observed(x), np.empty_like(self.memory), np.empty(len(self.of))
        _spreads(seen.high, seen.low, seen.close, seen.window.fraction, self.of, self.keep, self.memory, new, found)
        return self.means(x, found), new


@compiled
def _impacts(  # noqa: PLR0917  (kernels take arrays, not objects)
    returns: Floats, elapsed: Floats, close: Floats, volume: Floats, fraction: float, of: Places, keep: Floats,
    memory: Floats, new: Floats, found: Floats,
) -> None:  # fmt: skip
    """The next memory and the means of |return| per million of value, float64[K]."""
    for k in range(len(of)):
        i = of[k]
        value = volume[i] * close[i] / MILLION
        impact = bounded(abs(returns[i]) / np.sqrt(elapsed[i]) * fraction / value) if value > 0 else np.nan
        new[0, k], new[1, k] = eased(memory[0, k], memory[1, k], impact, 1 - keep[k] ** fraction)
        found[k] = average(new[0, k], new[1, k])


@compiled
def _spreads(  # noqa: PLR0917  (as above)
    high: Floats, low: Floats, close: Floats, fraction: float, of: Places, keep: Floats,
    memory: Floats, new: Floats, found: Floats,
) -> None:  # fmt: skip
    """The next memory and the means of the spreads, float64[K]; periods without two ranges say nothing."""
    for k in range(len(of)):
        old_top, old_bottom, before = memory[2, k], memory[3, k], memory[4, k]
        top, bottom, spread = high[of[k]], low[of[k]], np.nan
        traded = top >= bottom > 0
        if traded and old_top > old_bottom and top > bottom:
            gap = max(bottom - before, 0.0) + min(top - before, 0.0)
            spread = _spread(old_top, old_bottom, top - gap, bottom - gap, fraction)
        new[0, k], new[1, k] = eased(memory[0, k], memory[1, k], spread, 1 - keep[k] ** fraction)
        new[2, k], new[3, k] = (top, bottom) if traded else (np.nan, np.nan)
        new[4, k] = close[of[k]] if traded else np.nan
        found[k] = average(new[0, k], new[1, k])


@compiled
def _spread(old_top: float, old_bottom: float, top: float, bottom: float, fraction: float) -> float:
    """The spread from the ranges of the period before and of this one so far."""
    one, two = math.log(old_top) - math.log(old_bottom), math.log(top) - math.log(bottom)
    both = math.log(max(old_top, top)) - math.log(min(old_bottom, bottom))
    beta = one * one + two * two / fraction
    gamma = both * both * 2 / (1 + fraction)
    alpha = (math.sqrt(2 * beta) - math.sqrt(beta)) / _ROOT - math.sqrt(gamma / _ROOT)
    return max(2 * math.tanh(alpha / 2), 0.0)
