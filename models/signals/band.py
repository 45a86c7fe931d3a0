"""How sure the index is: what it would read without each of its inputs, and the band that follows."""

from __future__ import annotations

from typing import Final

import numpy as np

from models.signals.aggregate import Aggregates
from models.signals.forms import SCALE, Layout, weighted
from models.signals.step import Flags, Floats
from schemas.market import Market

LOST: Final = 0.1
"""Share of inputs that any reading is taken to have lost without knowing it, where it knows of no more."""

NINETY: Final = 1.6448536269514722
"""Two-sided 90 per cent of a normal distribution."""


class Band:
    """The half-width of the band that holds 90 per cent of what the index reads when inputs drop out at random.

    An index is an estimate of the common stress from a sample of inputs. With D_k the change of the index without
    input k (delete-one jackknife, Efron and Stein 1981), and every input lost with probability q on its own, its
    variance is q / (1 - q) sum D_k^2 to first order; q is the share that is missing (1 - coverage), at least 0.1.
    """

    def __init__(self, market: Market) -> None:
        """Of a market: which indicator reads which instrument."""
        self._segments = Layout.of(market)
        indicators = [i for s in market.segment for i in s.indicator]
        reads = np.array([[i.name in one.of for one in indicators] for i in market.instrument], np.float64)
        self._reads = reads / np.array([len(i.of) for i in indicators])
        self._quadratic = market.form == "ciss"

    def half_width(self, found: Aggregates, coverage: float) -> float:
        """In points of 0..100; NaN without an index."""
        if not np.isfinite(found.value.index):
            return float("nan")
        without = self._reads @ self.influence(found)
        lost = min(max(LOST, 1 - coverage), 0.9)
        return float(NINETY * np.sqrt(lost / (1 - lost) * np.dot(without, without)))

    def influence(self, found: Aggregates) -> Floats:
        """Change of the index without each indicator, float64[J]; 0 for those that do not count."""
        mixed, segment = found.blend, self._segments.segment
        counts = mixed.share > 0
        alone = counts & (mixed.share >= 1)
        rest = np.where(counts & ~alone, 1 - mixed.share, 1.0)
        score = np.where(np.isnan(mixed.score), 0.0, mixed.score)[segment]
        moved = np.where(counts & ~alone, (score - mixed.part) / rest - score, 0.0)
        change = self._when_moved(found, moved)
        return np.where(alone, self._when_gone(found)[segment], change)

    def _when_moved(self, found: Aggregates, moved: Floats) -> Floats:
        """Change of the index when the score of an indicator's segment moves so far, the others as they are."""
        segment, w = self._segments.segment, found.blend.weight
        step = SCALE * w[segment] * moved
        if not self._quadratic:
            return step
        x = weighted(found.blend)
        return step * (2 * (found.correlation @ x)[segment] + w[segment] * moved)

    def _when_gone(self, found: Aggregates) -> Floats:
        """Change of the index when a whole segment is missing and the others share its weight, float64[S]."""
        w, index, x = found.blend.weight, found.value.index, weighted(found.blend)
        left: Flags = w < 1
        share = np.where(left, 1 - w, 1.0)
        if not self._quadratic:
            return np.where(left, (index - SCALE * x) / share - index, 0.0)
        inner = index - SCALE * x * (2 * (found.correlation @ x) - x)
        return np.where(left, inner / share**2 - index, 0.0)
