"""Volatility: exponentially weighted variances per period, from moves, from ranges, and without jumps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from models.signals.moves import logarithmic, moves
from models.signals.path import Observation
from models.signals.step import Floats, Step
from schemas.market import Market

_PARKINSON: Final = 1 / (4 * np.log(2))

_Change = tuple[Floats, Floats] | None


@dataclass(frozen=True, slots=True)
class Volatilities:
    """Variances per period, arrays [N]; NaN before the first measured period.

    Attributes:
        observation: what they were updated with.
        variance: from realized variance.
        range_variance: from high and low (Parkinson 1980).
        jump_share: share of the variance that came in jumps, 0..1.
    """

    observation: Observation
    variance: Floats
    range_variance: Floats
    jump_share: Floats

    @property
    def final(self) -> bool:
        """Whether it closes its period."""
        return self.observation.final


def decayed(
    sums: Floats, weights: Floats, seen: Floats, dt: Floats, half_life: float | Floats
) -> tuple[Floats, Floats]:
    """Sums and weights after `seen` (NaN: nothing) over `dt` periods; all of one shape."""
    known = np.isfinite(seen)
    weight = np.where(known, 1 - 0.5 ** (dt / half_life), 0.0)
    rate = np.where(known, seen / dt, 0.0)
    return sums + weight * (rate - sums), weights + weight * (1 - weights)


def mean_of(sums: Floats, weights: Floats) -> Floats:
    """The weighted mean of what was seen; NaN before anything was."""
    mean: Floats = np.divide(sums, weights, out=np.full_like(sums, np.nan), where=weights > 0)
    return mean


class Volatility(Step[Observation, Volatilities, _Change]):
    """EWMA of variance per period with a half-life in periods, exact for parts of a period.

    With dt the elapsed trading time in periods, x what it has shown and d = 0.5 ** (dt / half-life):
    v' = v + (1 - d) (x / dt - v). Started from nothing and divided by the weight w' = w + (1 - d) (1 - w) that it has
    gathered, so that the first period counts fully and no start value has to be made up.
    Only instruments with a bar in the period move.
    """

    name: ClassVar[str] = "volatility"
    fields: ClassVar[tuple[str, ...]] = ("sums", "weights")

    def __init__(self, market: Market) -> None:
        """Of a market: its half-life and its instruments' kinds."""
        n = len(market.instrument)
        self.layout = tuple(i.name for i in market.instrument)
        self._by_log = logarithmic(market)
        self._half_life = market.periods(market.half_life.volatility)
        self.sums = np.zeros((4, n))
        """Of variance, range variance, jumps, and variance of whole bars."""
        self.weights = np.zeros((4, n))

    def advance(self, x: Observation) -> tuple[Volatilities, _Change]:
        """Variances as they stand with the period so far."""
        seen = self._measures(x)
        dt = np.full_like(seen, x.window.fraction)
        dt[0] = x.elapsed  # the realized variance alone reaches back to the last bar
        sums, weights = decayed(self.sums, self.weights, np.where(x.fresh, seen, np.nan), dt, self._half_life)
        level = mean_of(sums, weights)
        share = np.divide(level[2], level[3], out=np.full_like(level[2], np.nan), where=level[3] > 0)
        return Volatilities(x, level[0], level[1], share), (sums, weights)

    def commit(self, change: _Change) -> None:
        """Closes the period."""
        if change is not None:
            self.sums, self.weights = change

    def _measures(self, x: Observation) -> Floats:
        """What the period has shown of each variance, float64[4, N], NaN where nothing."""
        spread = moves(x.high, x.low, self._by_log)
        jumps = np.maximum(x.bar_variance - x.bipower, 0.0)  # NaN stays NaN
        return np.stack([x.variance, _PARKINSON * spread * spread, jumps, x.bar_variance])
