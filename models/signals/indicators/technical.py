"""Indicators of technical analysis, each turned so that more is more stress where a falling price is stress."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Final

import numpy as np

from models.signals.compiled import compiled
from models.signals.correlation import Correlations
from models.signals.indicators.averages import average, eased
from models.signals.indicators.base import Kind, Measures, Places, Rolling, observed
from models.signals.indicators.levels import heights
from models.signals.moves import logarithmic
from models.signals.step import Floats, Ints
from schemas.indicator import Indicator
from schemas.market import Market

FAST: Final = 12 / 26
SIGNAL: Final = 9 / 26
"""Spans of MACD beside the slow one (Appel's 12, 26, 9)."""


class Rsi(Kind[tuple[Floats, Floats, Ints] | None]):
    """100 minus the relative strength index (Wilder 1978): share of falls in the moves of late; mean over live inputs.

    100 D / (U + D), with U and D the averages of rises and falls over `window` periods with data: their means at first,
    then x' = x + (x_now - x) / window. High where prices fell. `sign = -1` where a rise is stress, as of a spread. The
    move of a period so far counts as that of a period. No information before the window is full or without moves.
    """

    name: ClassVar[str] = "rsi"
    fields: ClassVar[tuple[str, ...]] = ("rises", "falls", "counts")

    def __init__(self, market: Market, indicators: Sequence[Indicator]) -> None:
        """The windows are turned into periods; at least one."""
        super().__init__(market, indicators)
        self._periods = self.per_input([max(round(market.periods(i.window)), 1) for i in indicators])
        self.layout = (*self.layout, tuple(self._periods.tolist()))
        self.rises: Floats = np.zeros(len(self.of))
        self.falls: Floats = np.zeros(len(self.of))
        self.counts: Ints = np.zeros(len(self.of), np.int64)
        """Moves ever seen."""

    def advance(self, x: Correlations) -> tuple[Measures, tuple[Floats, Floats, Ints]]:
        """Strengths as they stand with the period so far."""
        rises, falls, counts, values = _strengths(
            observed(x).period_return, self.of, self._periods, self.rises, self.falls, self.counts
        )
        return self.means(x, values), (rises, falls, counts)

    def commit(self, change: tuple[Floats, Floats, Ints] | None) -> None:
        """Closes the period."""
        if change is not None:
            self.rises, self.falls, self.counts = change


class Macd(Kind[Any]):
    """How far MACD is below its signal line (Appel 1979), relative to the price; mean over the live inputs.

    MACD = mean of the last 12 minus mean of the last 26 values, exponentially weighted with d = 1 - 2 / (span + 1) a
    period; its signal is its own mean of span 9. `window` is the slow span, the others are 12/26 and 9/26 of it.
    Of the logarithms of prices, so that it is relative; of rates as they are. Signal minus MACD: positive where the
    trend turns down; `sign = -1` where a rise is stress. Means are divided by the weight that they have gathered; no
    information before the slow one has gathered half.
    """

    name: ClassVar[str] = "macd"
    fields: ClassVar[tuple[str, ...]] = ("sums", "weights")

    def __init__(self, market: Market, indicators: Sequence[Indicator]) -> None:
        """The spans are turned into periods."""
        super().__init__(market, indicators)
        slow = np.maximum(self.per_input([market.periods(i.window) for i in indicators]), 1.0)
        self.layout = (*self.layout, tuple(slow.tolist()))
        spans = np.stack([np.maximum(slow * FAST, 1.0), slow, np.maximum(slow * SIGNAL, 1.0)])
        self._keep: Floats = 1 - 2 / (spans + 1)
        self._by_log = logarithmic(market)[self.of]
        self.sums: Floats = np.zeros((3, len(self.of)))
        """Of the fast mean, the slow mean and the signal."""
        self.weights: Floats = np.zeros((3, len(self.of)))

    def advance(self, x: Correlations) -> tuple[Measures, Any]:
        """Distances as they stand with the period so far."""
        now, seen = heights(x, self.of, self._by_log), observed(x)
        sums, weights, values = _macds(now, self._keep, seen.window.fraction, self.sums, self.weights)
        return self.means(x, values), (sums, weights) if seen.learns else None

    def commit(self, change: Any) -> None:
        """Closes the period."""
        if change is not None:
            self.sums, self.weights = change


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
        now = heights(x, self.of, self._by_log)
        return self.means(x, _widths(self.ring, self.rows, now)), now if observed(x).learns else None


@compiled
def _strengths(  # noqa: PLR0917  (kernels take arrays, not objects)
    returns: Floats, of: Places, periods: Floats, rises: Floats, falls: Floats, counts: Ints
) -> tuple[Floats, Floats, Ints, Floats]:
    """Rises, falls, counts and the values, by input."""
    rises, falls, counts, values = rises.copy(), falls.copy(), counts.copy(), np.full(len(of), np.nan)
    for k in range(len(of)):
        moved = returns[of[k]]
        if np.isfinite(moved):
            counts[k] += 1
            new = 1 / min(float(counts[k]), periods[k])
            rises[k] += new * (max(moved, 0.0) - rises[k])
            falls[k] += new * (max(-moved, 0.0) - falls[k])
        if counts[k] >= periods[k] and rises[k] + falls[k] > 0:
            values[k] = 100 * (falls[k] / (rises[k] + falls[k]))
    return rises, falls, counts, values


@compiled
def _macds(now: Floats, keep: Floats, fraction: float, sums: Floats, weights: Floats) -> tuple[Floats, Floats, Floats]:
    """Sums and weights of the three means, float64[3, K], and signal minus MACD, float64[K]."""
    sums, weights, values = sums.copy(), weights.copy(), np.full(len(now), np.nan)
    for k in range(len(now)):
        for m in range(2):
            sums[m, k], weights[m, k] = eased(sums[m, k], weights[m, k], now[k], 1 - keep[m, k] ** fraction)
        if weights[1, k] >= 0.5:
            macd = average(sums[0, k], weights[0, k]) - average(sums[1, k], weights[1, k])
            known = macd if np.isfinite(now[k]) else np.nan
            sums[2, k], weights[2, k] = eased(sums[2, k], weights[2, k], known, 1 - keep[2, k] ** fraction)
            values[k] = average(sums[2, k], weights[2, k]) - macd
    return sums, weights, values


@compiled
def _widths(ring: Floats, rows: Ints, now: Floats) -> Floats:
    """Four standard deviations of each column's memory and the value of now, float64[W]."""
    found = np.full(len(now), np.nan)
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
    return found
