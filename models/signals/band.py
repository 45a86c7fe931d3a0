"""How sure the index is: what it would read without each of its inputs, and the band that follows."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from models.signals.aggregate import Aggregates
from models.signals.compiled import compiled
from models.signals.forms import SCALE, weighted
from models.signals.layout import Layout
from models.signals.step import Floats
from schemas.duration import DAY_US
from schemas.market import Market

LOST: Final = 0.1
"""Share of inputs that any reading is taken to have lost without knowing it, where it knows of no more."""

NINETY: Final = 1.75
"""Standard deviations that hold nine of ten readings. A normal distribution says 1.645; what is lost are a few inputs
that weigh unlike each other, and their sum has thicker tails: when a tenth, a fifth and three tenths of the inputs of
`us` are lost at random, 1990 to 2025, this holds 92, 89 and 89 of a hundred (docs/evaluation.md, Band)."""

ENDED_US: Final = 90 * DAY_US
"""An input this old is not missing: it ended, and no reading is going to be told what it would have said."""


class Band:
    """The half-width of the band that holds 90 per cent of what the index reads when inputs drop out at random.

    An index is an estimate of the common stress from a sample of inputs. With D_k the change of the index without
    input k (delete-one jackknife, Efron and Stein 1981), and every input lost with probability q on its own, its
    variance is q / (1 - q) sum D_k^2 to first order; q is the share that is missing of what has not ended, at least
    0.1.
    """

    def __init__(self, market: Market) -> None:
        """Of a market: which indicator reads which instrument."""
        self._segments = Layout.of(market)
        indicators = [i for s in market.segment for i in s.indicator]
        read = [frozenset(one.of) for one in indicators]
        reads = np.array([[i.name in names for names in read] for i in market.instrument], np.float64)
        self._reads = reads / np.array([len(i.of) for i in indicators])
        self._quadratic = market.form == "ciss"
        self._no_pull = np.zeros(len(market.segment))

    def half_width(self, found: Aggregates, age_us: Floats) -> float:
        """In points of 0..100; NaN without an index.

        Args:
            found: the index and what it was made of.
            age_us: age of each indicator's oldest input, microseconds, float64[J]; NaN where there was none yet.
        """
        if not np.isfinite(found.value.index):
            return float("nan")
        without = self._reads @ self.influence(found)
        lost = min(max(LOST, self._missing(found, age_us)), 0.9)
        return float(NINETY * np.sqrt(lost / (1 - lost) * np.dot(without, without)))

    def _missing(self, found: Aggregates, age_us: Floats) -> float:
        """Weight of what is missing among all that could be there: 0 where nothing could."""
        going_on = np.maximum(found.live, (age_us <= ENDED_US).astype(np.float64))
        possible = self._segments.coverage(self._segments.counted(found.scores, going_on))
        return 1 - self._segments.coverage(found.live) / possible if possible else 0.0

    def influence(self, found: Aggregates) -> Floats:
        """Change of the index without each indicator, float64[J]; 0 for those that do not count."""
        mixed, x, change = found.blend, weighted(found.blend), np.empty(len(found.blend.share))
        pull = found.correlation @ x if self._quadratic else self._no_pull
        _influence(
            self._segments.segment, mixed.share, mixed.weight, mixed.score, mixed.part, x, pull, found.value.index,
            self._quadratic, change,
        )  # fmt: skip
        return change


@compiled
def _influence(  # noqa: PLR0917  (kernels take arrays, not objects)
    segment: npt.NDArray[np.intp], share: Floats, weight: Floats, score: Floats, part: Floats, x: Floats, pull: Floats,
    index: float, is_quadratic: bool, change: Floats,
) -> None:  # fmt: skip
    """As above; `x` is w o s and `pull` is C x, float64[S] each."""
    for k in range(len(change)):
        s = segment[k]
        if share[k] >= 1:
            change[k] = _when_gone(weight[s], x[s], pull[s], index, is_quadratic)
        elif share[k] > 0:
            moved = (score[s] - part[k]) / (1 - share[k]) - score[s]
            change[k] = _when_moved(weight[s], moved, pull[s], is_quadratic)
        else:
            change[k] = 0.0


@compiled
def _when_moved(weight: float, moved: float, pull: float, is_quadratic: bool) -> float:
    """Change of the index when the score of a segment moves so far, the others as they are."""
    step = SCALE * weight * moved
    return step * (2 * pull + weight * moved) if is_quadratic else step


@compiled
def _when_gone(weight: float, x: float, pull: float, index: float, is_quadratic: bool) -> float:
    """Change of the index when a whole segment is missing and the others share its weight."""
    rest = 1 - weight
    if rest <= 0:
        return 0.0
    if is_quadratic:
        return (index - SCALE * x * (2 * pull - x)) / (rest * rest) - index
    return (index - SCALE * x) / rest - index
