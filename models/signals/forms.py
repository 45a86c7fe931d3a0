"""How scores become one number: the aggregation forms and their exact contributions. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from models.signals.compiled import compiled
from models.signals.step import Flags, Floats
from schemas.indicator import Indicator
from schemas.market import Form, Market

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
class Layout:
    """Which indicator belongs to which segment, and what segments weigh.

    Attributes:
        segment: position of each indicator's segment, intp[J].
        weight: weight of each segment, float64[S], sum 1.
        loading: weight of each indicator within its segment, float64[J]; 0 for those that are only watched.
        ancestors: `ancestors[j, k]` where j replaces k, directly or in turn, bool[J, J].
        role: position of the first indicator of each one's line of succession, intp[J]; its own without one.
    """

    segment: npt.NDArray[np.intp]
    weight: Floats
    loading: Floats
    ancestors: Flags
    role: npt.NDArray[np.intp]

    @classmethod
    def of(cls, market: Market) -> Layout:
        """The layout of a market file; weights are normalised."""
        sizes = [len(s.indicator) for s in market.segment]
        weight = np.array([s.weight for s in market.segment])
        ancestors = _ancestors([i for s in market.segment for i in s.indicator])
        role = np.where(ancestors.any(axis=1), ancestors.argmax(axis=1), np.arange(len(ancestors)))
        loading = np.array([i.weight for s in market.segment for i in s.indicator])
        return cls(np.repeat(np.arange(len(sizes)), sizes), weight / weight.sum(), loading, ancestors, role)

    def counted(self, scores: Floats, live: Floats) -> Floats:
        """Live shares that count, float64[J]: 0 without a score, and 0 where one that it replaces still has one.

        An input that ended stops acting; its successor, trained on all of its own past, acts from then on and changes
        nothing before (OFR's rules for inputs that end, index-methods section 2).
        """
        return _counted(self.ancestors, scores, live)

    def coverage(self, counted: Floats) -> float:
        """Weight of what counts among all that could, 0..1: segments by their weights, roles by theirs."""
        loading = self.loading * self._roles
        return float((self.weight * self.sums(counted * self.loading) / self.sums(loading)).sum())

    def complete(self, counted: Floats) -> bool:
        """Whether somebody stands in every role that has a weight, wholly live."""
        filled = np.bincount(self.role, weights=counted, minlength=len(counted))
        return bool((filled[self._roles & (self.loading > 0)] >= 1).all())

    @property
    def _roles(self) -> Flags:
        """Indicators that replace none, bool[J]."""
        own: Flags = self.role == np.arange(len(self.role))
        return own

    def sums(self, values: Floats) -> Floats:
        """Sums over the indicators of each segment, in their order, float64[S]."""
        sums: Floats = np.bincount(self.segment, weights=values, minlength=len(self.weight)).astype(np.float64)
        return sums


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
        return bool(self.weight.any())


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
    weight = layout.weight if loading is None else _NONE
    return Blend(*_blend(layout.segment, weight, layout.loading if loading is None else loading, scores, live))


@compiled
def _blend(
    segment: npt.NDArray[np.intp], weights: Floats, loading: Floats, scores: Floats, live: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """Fields of a `Blend`; without segment weights, segments weigh what their indicators do."""
    pooled, j, s = len(weights) == 0, len(segment), segment[-1] + 1
    share, part, score, weight, total = np.zeros(j), np.zeros(j), np.zeros(s), np.zeros(s), np.zeros(s)
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
    return share, weight / whole if whole > 0 else weight, score, part


def linear(layout: Layout, b: Blend) -> Value:
    """Weighted mean of the segments' scores: 100 w's."""
    return _value(layout, b, weighted(b) * SCALE)


def quadratic(layout: Layout, b: Blend, correlation: Floats) -> Value:
    """The CISS form 100 x'Cx with x = w o s, split by Euler: c_i = 100 x_i (Cx)_i (index-methods 1.1)."""
    x = weighted(b)
    return _value(layout, b, SCALE * x * (correlation * x).sum(axis=1))


def weighted(b: Blend) -> Floats:
    """The vector x = w o s, float64[S]; 0 where the segment is missing."""
    return b.weight * np.where(np.isnan(b.score), 0.0, b.score)


def semidefinite(correlation: Floats) -> Floats:
    """A correlation matrix shrunk towards identity just enough to have no negative eigenvalue."""
    least = float(np.linalg.eigvalsh(correlation)[0])
    amount = max(-least, 0.0) / (1 - min(least, 0.0))
    return (1 - amount) * correlation + amount * np.eye(len(correlation))


def _value(layout: Layout, b: Blend, by_segment: Floats) -> Value:
    """Segments split over their indicators in proportion to share times score."""
    if not b.known:
        return Value(np.nan, np.zeros_like(by_segment), np.zeros_like(b.part))
    index, by_indicator = _split(layout.segment, by_segment, b.score, b.part)
    return Value(float(index), by_segment, by_indicator)


@compiled
def _split(segment: npt.NDArray[np.intp], by_segment: Floats, score: Floats, part: Floats) -> tuple[float, Floats]:
    """The sum of the segments in order, and each one's points by indicator; a score of 0 has parts of 0."""
    index, by_indicator = 0.0, np.zeros(len(part))
    for s in range(len(by_segment)):
        index += by_segment[s]
    for k in range(len(part)):
        s = segment[k]
        by_indicator[k] = by_segment[s] / (score[s] if score[s] > 0 else 1.0) * part[k]
    return index, by_indicator


@compiled
def _counted(ancestors: Flags, scores: Floats, live: Floats) -> Floats:
    """Live shares that count."""
    n = len(scores)
    found = np.zeros(n)
    for j in range(n):
        if scores[j] == scores[j]:
            found[j] = live[j]
            for k in range(n):
                if ancestors[j, k] and scores[k] == scores[k] and live[k] > 0:
                    found[j] = 0.0
    return found


def _ancestors(indicators: list[Indicator]) -> Flags:
    """Whom each indicator replaces, directly or in turn; predecessors stand before their successors."""
    at = {i.name: n for n, i in enumerate(indicators)}
    found = np.zeros((len(at), len(at)), np.bool_)
    for n, i in enumerate(indicators):
        if i.replaces is not None:
            found[n] = found[at[i.replaces]]
            found[n, at[i.replaces]] = True
    return found
