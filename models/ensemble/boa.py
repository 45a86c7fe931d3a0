"""Bernstein online aggregation with fixed share and sleeping experts, for each quantile by itself."""

from __future__ import annotations

from typing import ClassVar, Final, NamedTuple

import numpy as np

from models.ensemble.levels import LEVEL, LEVELS
from models.signals.compiled import compiled
from models.signals.step import Flags, Floats, Step

SHARE: Final = 0.002
"""Weight that goes back to the prior with each label: who led in one regime can be overtaken in the next."""

VARIANCE: Final = 2.2
"""Constant of BOA's second-order term (Wintenberger 2017; opera's code)."""

BOUND: Final = 1.0
"""Gains are cut here, in scales."""

MEMORY: Final = 1_000.0
"""Half-life of the sum of squared regrets that sets the rate, finals: it must not go to zero."""

KEEP: Final = 0.5 ** (1 / MEMORY)

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
        change = (self.weight, self.variance, self.largest)
        if x.judged is not None:
            judged = x.judged
            gain = ((judged.change < judged.mixture) - LEVEL) * (judged.mixture - judged.quantiles) / judged.scale
            change = _learned(gain, *change, self._prior)
        return _awake(change[0], x.awake), change

    def commit(self, change: _Change) -> None:
        """Keeps the weights."""
        self.weight, self.variance, self.largest = change


@compiled
def _awake(weight: Floats, awake: Flags) -> Floats:
    """Weights of those that are awake, each column's sum 1; zeros if nobody is."""
    found = np.zeros_like(weight)
    for q in range(weight.shape[1]):
        total = weight[awake, q].sum()
        for k in range(len(weight)):
            if awake[k] and total > 0:
                found[k, q] = weight[k, q] / total
    return found


@compiled
def _learned(gain: Floats, weight: Floats, variance: Floats, largest: Floats, prior: Floats) -> _Change:
    """Weights, sums of squares and largest gains after a forecast; experts whose gain is NaN slept."""
    weight, variance, largest = weight.copy(), variance * KEEP, largest * KEEP
    for q in range(gain.shape[1]):
        before, after = 0.0, 0.0
        for k in range(len(gain)):
            if np.isfinite(gain[k, q]):
                r = min(max(gain[k, q], -BOUND), BOUND)
                variance[k, q] += VARIANCE * r * r
                largest[k, q] = max(largest[k, q], abs(r))
                rate = min(0.5 / largest[k, q], np.sqrt(np.log(len(gain)) / max(variance[k, q], 1e-12)))
                before += weight[k, q]
                weight[k, q] *= np.exp(rate * r - (rate * r) ** 2)
                after += weight[k, q]
        for k in range(len(gain)):
            if np.isfinite(gain[k, q]) and after > 0:
                weight[k, q] *= before / after  # those awake divide among them what they had
            weight[k, q] += SHARE * (prior[k, q] - weight[k, q])
    return weight, variance, largest
