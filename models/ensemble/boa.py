"""Bernstein online aggregation with fixed share and sleeping experts, for each quantile by itself."""

from __future__ import annotations

from typing import ClassVar, Final, NamedTuple

import numpy as np

from models.ensemble.levels import LEVEL, LEVELS
from models.signals.step import Flags, Floats, Step

SHARE: Final = 0.002
"""Weight that goes back to the prior with each label: who led in one regime can be overtaken in the next."""

VARIANCE: Final = 2.2
"""Constant of BOA's second-order term (Wintenberger 2017; opera's code)."""

BOUND: Final = 1.0
"""Gains are cut here, in scales."""

MEMORY: Final = 1_000.0
"""Half-life of the sum of squared regrets that sets the rate, finals: it must not go to zero."""

_Change = tuple[Floats, Floats, Floats]


class Judged(NamedTuple):
    """A forecast that came due.

    Attributes:
        quantiles: of the experts, change in points, float64[K, Q]; NaN where asleep.
        mixture: of them, float64[Q].
        change: what came, points.
        scale: of changes then, points.
    """

    quantiles: Floats
    mixture: Floats
    change: float
    scale: float


class Gathering(NamedTuple):
    """Who is awake, bool[K], and the forecast that came due, or None."""

    awake: Flags
    judged: Judged | None


class Boa(Step[Gathering, Floats, _Change]):
    """Weights of the experts, float64[K, Q], columns sum to 1 over those that are awake.

    With the pinball loss's gradient g = 1[y < x] - q at the mixture x, expert k gains r = g (x - x_k) / scale; its
    weight becomes w exp(eta r - (eta r)^2), its rate eta = min(1 / (2 E), sqrt(log K / V)) with E the largest |r| and V
    the sum of 2.2 r^2 (BOA, Wintenberger 2017; the constant is opera's), both fading. Then `SHARE` of the weight
    returns to the prior (fixed share, Herbster and Warmuth 1998). Those asleep keep their share of the whole and gain
    nothing (Freund et al. 1997).
    """

    name: ClassVar[str] = "boa"
    fields: ClassVar[tuple[str, ...]] = ("weight", "variance", "largest")

    def __init__(self, prior: tuple[float, ...]) -> None:
        """For experts with these prior weights."""
        self.layout = prior
        start = np.array(prior)[:, None] * np.ones(len(LEVELS))
        self._prior: Floats = start / start.sum(axis=0)
        self.weight: Floats = self._prior.copy()
        self.variance: Floats = np.zeros_like(start)
        self.largest: Floats = np.full_like(start, 1e-3)
        """Largest gain or loss so far, fading as `variance` does."""

    def advance(self, x: Gathering) -> tuple[Floats, _Change]:
        """Weights of those that are awake, with the forecast that came due judged first; zeros if nobody is."""
        change = (self.weight, self.variance, self.largest) if x.judged is None else self._judged(x.judged)
        weight = change[0]
        awake = np.where(x.awake[:, None], weight, 0.0)
        total = awake.sum(axis=0)
        return np.divide(awake, total, out=np.zeros_like(awake), where=total > 0), change

    def commit(self, change: _Change) -> None:
        """Keeps the weights."""
        self.weight, self.variance, self.largest = change

    def _judged(self, x: Judged) -> _Change:
        gain = ((x.change < x.mixture) - LEVEL) * (x.mixture - x.quantiles) / x.scale
        known = np.isfinite(gain)
        gain = np.clip(np.where(known, gain, 0.0), -BOUND, BOUND)
        keep = 0.5 ** (1 / MEMORY)
        variance = self.variance * keep + VARIANCE * gain * gain
        largest = np.maximum(self.largest * keep, np.abs(gain))
        rate = np.minimum(0.5 / largest, np.sqrt(np.log(len(gain)) / np.maximum(variance, 1e-12)))
        grown = self.weight * np.exp(rate * gain - (rate * gain) ** 2)
        share = np.where(known, self.weight, 0.0).sum(axis=0)  # those awake divide among them what they had
        total = np.where(known, grown, 0.0).sum(axis=0)
        weight = np.where(known, grown * share / np.where(total > 0, total, 1.0), self.weight)
        return (1 - SHARE) * weight + SHARE * self._prior, variance, largest
