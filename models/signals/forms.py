"""How scores become one number: the aggregation forms and their exact contributions. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from models.signals.compiled import compiled
from models.signals.layout import Layout
from models.signals.step import Floats
from schemas.market import Form

Score = Literal["rank", "z", "tail"]

_NONE: Final = np.empty(0)

SCALE: Final = 100.0
"""The index is published on 0..100."""

FORMS: Final[tuple[Form, ...]] = ("ciss", "factor", "rank_mean", "tail_mean", "z_mean")

SCORE: Final[dict[Form, Score]] = {
    "ciss": "rank",
    "factor": "z",
    "rank_mean": "rank",
    "tail_mean": "tail",
    "z_mean": "z",
}
"""Which score of the indicators a form reads."""


@dataclass(frozen=True, slots=True)
class Blend:
    """Scores on their way into an index.

    Attributes:
        share: weight of each indicator within its segment, float64[J]; 0 where it does not count.
        weight: weight of each segment, float64[S]; 0 where it is missing, else the live ones' sum to 1.
        score: score of each segment, float64[S], 0..1; NaN where it is missing.
        part: share times score of each indicator, float64[J].
    """

    share: Floats
    weight: Floats
    score: Floats
    part: Floats

    @property
    def known(self) -> bool:
        """Whether any segment is live."""
        return bool(_any(self.weight))


@dataclass(frozen=True, slots=True)
class Value:
    """An index and where it comes from: `index` is the sum of `by_segment` in order; NaN and zeros without data."""

    index: float
    by_segment: Floats
    by_indicator: Floats


def blend(layout: Layout, scores: Floats, live: Floats, loading: Floats | None = None) -> Blend:
    """Means within segments, weighted by live share and weight of each indicator; segment weights renormalised.

    With `loading`, float64[J], the indicators' weights are these, and a segment weighs what its live ones sum to.
    """
    share, part = np.empty((2, len(scores)))
    weight, score = np.empty((2, len(layout.weight)))
    weights = layout.weight if loading is None else _NONE
    own = layout.loading if loading is None else loading
    _blend(layout.segment, weights, own, scores, live, share, weight, score, part)
    return Blend(share, weight, score, part)


@compiled
def _blend(  # noqa: PLR0917  (kernels take arrays, not objects)
    segment: npt.NDArray[np.intp], weights: Floats, loading: Floats, scores: Floats, live: Floats,
    share: Floats, weight: Floats, score: Floats, part: Floats,
) -> None:  # fmt: skip
    """Fields of a `Blend`; without segment weights, segments weigh what their indicators do."""
    pooled, j, s = len(weights) == 0, len(segment), len(weight)
    share[:], part[:], score[:], weight[:], total = 0.0, 0.0, 0.0, 0.0, np.zeros(s)
    for k in range(j):
        if scores[k] == scores[k]:
            share[k] = live[k] * loading[k]
            total[segment[k]] += share[k]
    for k in range(j):
        if share[k] > 0:
            share[k] /= total[segment[k]]
            part[k] = share[k] * scores[k]
            score[segment[k]] += part[k]
    whole = 0.0
    for k in range(s):
        if total[k] > 0:
            weight[k] = total[k] if pooled else weights[k]
            whole += weight[k]
        else:
            score[k] = np.nan
    if whole > 0:
        weight /= whole


def linear(layout: Layout, b: Blend) -> Value:
    """Weighted mean of the segments' scores: 100 w's."""
    return _value(layout, b, weighted(b) * SCALE)


def quadratic(layout: Layout, b: Blend, correlation: Floats) -> Value:
    """The CISS form 100 x'Cx with x = w o s, split by Euler: c_i = 100 x_i (Cx)_i (index-methods 1.1)."""
    x = weighted(b)
    return _value(layout, b, SCALE * x * (correlation * x).sum(axis=1))


def weighted(b: Blend) -> Floats:
    """The vector x = w o s, float64[S]; 0 where the segment is missing."""
    found = np.empty(len(b.score))
    _weighted(b.weight, b.score, found)
    return found


def semidefinite(correlation: Floats) -> Floats:
    """A correlation matrix shrunk towards identity just enough to have no negative eigenvalue."""
    least = float(np.linalg.eigvalsh(correlation)[0])
    amount = max(-least, 0.0) / (1 - min(least, 0.0))
    return (1 - amount) * correlation + amount * np.eye(len(correlation))


def _value(layout: Layout, b: Blend, by_segment: Floats) -> Value:
    """Segments split over their indicators in proportion to share times score."""
    if not b.known:
        return Value(np.nan, np.zeros_like(by_segment), np.zeros_like(b.part))
    by_indicator = np.empty(len(b.part))
    index = _split(layout.segment, by_segment, b.score, b.part, by_indicator)
    return Value(float(index), by_segment, by_indicator)


@compiled
def _any(weight: Floats) -> bool:
    """Whether anything weighs something."""
    found = False
    for s in range(len(weight)):
        found = found or weight[s] != 0
    return found


@compiled
def _weighted(weight: Floats, score: Floats, found: Floats) -> None:
    """As above."""
    for s in range(len(score)):
        found[s] = weight[s] * score[s] if score[s] == score[s] else 0.0


@compiled
def _split(
    segment: npt.NDArray[np.intp], by_segment: Floats, score: Floats, part: Floats, by_indicator: Floats
) -> float:
    """The sum of the segments in order, and each one's points by indicator; a score of 0 has parts of 0."""
    index = 0.0
    for s in range(len(by_segment)):
        index += by_segment[s]
    for k in range(len(part)):
        s = segment[k]
        by_indicator[k] = by_segment[s] / (score[s] if score[s] > 0 else 1.0) * part[k]
    return index
