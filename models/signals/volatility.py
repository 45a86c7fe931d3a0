"""Volatility: exponentially weighted variances per period, from moves, from ranges, and without jumps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from models.signals.compiled import compiled
from models.signals.moves import logarithmic, move
from models.signals.path import Observation
from models.signals.step import Flags, Floats, Step
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


@compiled
def eased(sums: float, weights: float, x: float, new: float) -> tuple[float, float]:
    """Sum and weight after `x` (NaN: nothing), which weighs `new` against the past."""
    if not np.isfinite(x):
        return sums, weights
    return sums + new * (x - sums), weights + new * (1 - weights)


@compiled
def average(sums: float, weights: float) -> float:
    """The weighted mean; NaN before anything was seen."""
    return sums / weights if weights > 0 else np.nan


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
        sums, weights, level = np.empty_like(self.sums), np.empty_like(self.weights), np.empty((3, len(x.fresh)))
        part = np.full(1, x.window.fraction)
        _move(
            x.variance, x.bar_variance, x.bipower, x.high, x.low, x.pace, x.fresh, self._by_log, x.elapsed,
            1 - 0.5 ** (x.elapsed / self._half_life), part, 1 - 0.5 ** (part / self._half_life),
            self.sums, self.weights, sums, weights, level,
        )  # fmt: skip
        return Volatilities(x, level[0], level[1], level[2]), (sums, weights)

    def commit(self, change: _Change) -> None:
        """Closes the period."""
        if change is not None:
            self.sums, self.weights = change


@compiled
def _move(  # noqa: PLR0917  (one loop over plain arrays, as compiled code wants it)
    variance: Floats, bar_variance: Floats, bipower: Floats, high: Floats, low: Floats, pace: Floats, fresh: Flags,
    by_log: Flags, elapsed: Floats, new_of_all: Floats, part: Floats, new_of_part: Floats,
    sums: Floats, weights: Floats, new_sums: Floats, new_weights: Floats, level: Floats,
) -> None:  # fmt: skip
    """Sums and weights after the period so far, and the levels: variance, range variance, share of jumps.

    The realized variance alone reaches back to the last bar: it weighs `new_of_all` over `elapsed`, the others
    `new_of_part` over `part`, the elapsed share of the period.
    """
    new_sums[:], new_weights[:] = sums, weights
    for c in range(len(fresh)):
        if fresh[c]:
            range_ = move(high[c], low[c], by_log[c])
            excess = bar_variance[c] - bipower[c]
            jumps = max(excess, 0.0) if np.isfinite(excess) else np.nan
            seen = (variance[c], _PARKINSON * range_ * range_ / pace[c], jumps, bar_variance[c])
            for k in range(4):
                x, new = (seen[0] / elapsed[c], new_of_all[c]) if k == 0 else (seen[k] / part[0], new_of_part[0])
                new_sums[k, c], new_weights[k, c] = eased(sums[k, c], weights[k, c], x, new)
        for k in range(2):
            level[k, c] = average(new_sums[k, c], new_weights[k, c])
        whole = average(new_sums[3, c], new_weights[3, c])
        level[2, c] = average(new_sums[2, c], new_weights[2, c]) / whole if whole > 0 else np.nan
