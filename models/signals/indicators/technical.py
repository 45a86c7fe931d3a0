"""Indicators of technical analysis, each turned so that more is more stress where a falling price is stress."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

import numpy as np

from models.signals.compiled import compiled
from models.signals.correlation import Correlations
from models.signals.indicators.base import Measures, Places, Remembering, Rolling, observed
from models.signals.indicators.levels import heights
from models.signals.moves import logarithmic
from models.signals.step import Floats, Ints
from models.signals.volatility import average, eased
from schemas.indicator import Indicator
from schemas.market import Market

FAST: Final = 12 / 26
SIGNAL: Final = 9 / 26
"""Spans of MACD beside the slow one (Appel's 12, 26, 9)."""


class Rsi(Remembering):
    """100 minus the relative strength index (Wilder 1978): share of falls in the moves of late; mean over live inputs.

    100 D / (U + D), with U and D the averages of rises and falls over `window` periods with data: their means at first,
    then x' = x + (x_now - x) / window. High where prices fell. `sign = -1` where a rise is stress, as of a spread. The
    move of a period so far counts as that of a period. No information before the window is full or without moves.
    """

    name: ClassVar[str] = "rsi"

    def __init__(self, market: Market, indicators: Sequence[Indicator]) -> None:
        """The windows are turned into periods; at least one."""
        super().__init__(market, indicators)
        self._periods = self.per_input([max(round(market.periods(i.window)), 1) for i in indicators])
        self.layout = (*self.layout, tuple(self._periods.tolist()))
        self.memory = np.zeros((3, len(self.of)))
        """U, D, and how many moves were ever seen."""

    def advance(self, x: Correlations) -> tuple[Measures, Floats]:
        """Strengths as they stand with the period so far."""
        new, found = np.empty_like(self.memory), np.empty(len(self.of))
        _strengths(observed(x).period_return, self.of, self._periods, self.memory, new, found)
        return self.means(x, found), new


class Macd(Remembering):
    """The signal line of MACD (Appel 1979), turned and relative to the price; mean over the live inputs.

    MACD = mean of the last 12 minus mean of the last 26 values, exponentially weighted with d = 1 - 2 / (span + 1) a
    period; its signal is its own mean of span 9. `window` is the slow span, the others are 12/26 and 9/26 of it.
    Of the logarithms of prices, so that it is relative; of rates as they are. Positive where the trend points down;
    `sign = -1` where a rise is stress. MACD minus its signal says where the trend turns, which is no stress (decision
    0023). Means are divided by the weight that they have gathered; nothing is known before the slow one has half of it.
    """

    name: ClassVar[str] = "macd"

    def __init__(self, market: Market, indicators: Sequence[Indicator]) -> None:
        """The spans are turned into periods."""
        super().__init__(market, indicators)
        slow = np.maximum(self.per_input([market.periods(i.window) for i in indicators]), 1.0)
        self.layout = (*self.layout, tuple(slow.tolist()))
        spans = np.stack([np.maximum(slow * FAST, 1.0), slow, np.maximum(slow * SIGNAL, 1.0)])
        self._keep: Floats = 1 - 2 / (spans + 1)
        self._by_log = logarithmic(market)[self.of]
        self.memory = np.zeros((2, 3, len(self.of)))
        """Sums and weights, of the fast mean, the slow mean and the signal."""

    def advance(self, x: Correlations) -> tuple[Measures, Floats | None]:
        """Trends as they stand with the period so far."""
        seen, new, found = observed(x), np.empty_like(self.memory), np.empty(len(self.of))
        _macds(heights(x, self.of, self._by_log), self._keep, seen.window.fraction, self.memory, new, found)
        return self.means(x, found), new if seen.learns else None


class BollingerWidth(Rolling):
    """Width of the Bollinger bands (Bollinger 2001): four standard deviations of the last `window` values, with now.

    Of the logarithms of prices, so that it is relative to the price; of rates as they are. Wider is more stress,
    whichever way the price went. Mean over the live inputs; known once half of the window is.
    """

    name: ClassVar[str] = "bollinger_width"

    def __init__(self, market: Market, indicators: Sequence[Indicator]) -> None:
        """Of the market's kinds of instruments."""
        super().__init__(market, indicators)
        self._by_log = logarithmic(market)[self.of]

    def remembered(self) -> Floats:
        """Now is not in the memory."""
        return np.maximum(self.per_input(self.periods) - 1, 1)

    def advance(self, x: Correlations) -> tuple[Measures, Floats | None]:
        """Widths with the value of now."""
        now, found = heights(x, self.of, self._by_log), np.empty(len(self.of))
        _widths(self.ring, self.rows, now, found)
        return self.means(x, found), now if observed(x).learns else None


@compiled
def _strengths(  # noqa: PLR0917  (kernels take arrays, not objects)
    returns: Floats, of: Places, periods: Floats, memory: Floats, new: Floats, found: Floats
) -> None:
    """The next memory and the values, float64[K]."""
    new[:], found[:] = memory, np.nan
    for k in range(len(of)):
        moved = returns[of[k]]
        if np.isfinite(moved):
            new[2, k] += 1
            share = 1 / min(new[2, k], periods[k])
            new[0, k] += share * (max(moved, 0.0) - memory[0, k])
            new[1, k] += share * (max(-moved, 0.0) - memory[1, k])
        if new[2, k] >= periods[k] and new[0, k] + new[1, k] > 0:
            found[k] = 100 * (new[1, k] / (new[0, k] + new[1, k]))


@compiled
def _macds(  # noqa: PLR0917  (as above)
    now: Floats, keep: Floats, fraction: float, memory: Floats, new: Floats, found: Floats
) -> None:
    """The next memory and the signals, turned, float64[K]."""
    new[:], found[:] = memory, np.nan
    sums, weights = new
    for k in range(len(now)):
        for m in range(2):
            sums[m, k], weights[m, k] = eased(sums[m, k], weights[m, k], now[k], 1 - keep[m, k] ** fraction)
        if weights[1, k] >= 0.5:
            macd = average(sums[0, k], weights[0, k]) - average(sums[1, k], weights[1, k])
            known = macd if np.isfinite(now[k]) else np.nan
            sums[2, k], weights[2, k] = eased(sums[2, k], weights[2, k], known, 1 - keep[2, k] ** fraction)
            found[k] = -average(sums[2, k], weights[2, k])


@compiled
def _widths(ring: Floats, rows: Ints, now: Floats, found: Floats) -> None:
    """Four standard deviations of each column's memory and the value of now, float64[W]."""
    found[:] = np.nan
    for k in range(len(now)):
        count, total = 1, now[k]
        for row in range(rows[k]):
            if np.isfinite(ring[row, k]):
                count += 1
                total += ring[row, k]
        if 2 * count < rows[k] + 1 or count < 2:
            continue
        mean = total / count
        squares = (now[k] - mean) ** 2
        for row in range(rows[k]):
            if np.isfinite(ring[row, k]):
                squares += (ring[row, k] - mean) ** 2
        found[k] = 4 * np.sqrt(squares / count)
