"""Scores to the index by every form, with the segments' correlation as it moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final, Literal, NamedTuple

import numpy as np

from models.signals.compiled import compiled
from models.signals.forms import SCORE, Blend, Score, Value, blend, linear, quadratic, semidefinite
from models.signals.layout import Layout
from models.signals.step import Floats, Step
from models.signals.zscores import unit
from schemas.market import Form, Market

MEDIAN: Final = 0.5
"""Theoretical median of a rank: deviations are taken from it, not from a sample mean (index-methods 1.1, step 6)."""

START_CORRELATION: Final = 0.5
START_VARIANCE: Final = 1 / 12
"""Where the memory starts: the variance of a uniform score, and a correlation half-way between segments that have
nothing to do with each other (C = I, which would read any first crisis as diversified) and segments that are one
(C = 1, the upper bound). CISS starts from averages over its first three years; a causal index has none. The measured
mean is near it (0.41 in calm, 0.10 between, 0.86 in stress: index-methods 1.3), and it fades with the half-life."""

_Change = tuple[Floats, Floats] | None


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of the indicators at one moment, float64[J] each; NaN where there is no information.

    Attributes:
        rank: recursive mid-ranks, 0..1.
        z: causal z-scores, -2..8.
        tail: tail scores, 0..1.
        live: share of each indicator's inputs that are live.
        loading: weights of the `factor` form, sum 1.
        fraction: elapsed share of the period.
        final: whether the period ends here.
    """

    rank: Floats
    z: Floats
    tail: Floats
    live: Floats
    loading: Floats
    fraction: float
    final: bool

    def of(self, score: Score) -> Floats:
        """One of the scores on 0..1."""
        return unit(self.z) if score == "z" else getattr(self, score)


class _Blended(NamedTuple):
    """A blend, and the scores and live shares, float64[J], that it was made of."""

    mixed: Blend
    scores: Floats
    live: Floats


def _reads(forms: tuple[Form, ...]) -> tuple[Literal[Score, "factor"], ...]:
    """The blends that some forms need."""
    return tuple(sorted({"factor" if form == "factor" else SCORE[form] for form in forms}))


@dataclass(frozen=True, slots=True)
class Aggregates:
    """The index by every form that is asked for here, and the headline in full.

    Attributes:
        forms: by name, 0..100; NaN without data.
        value: the headline with its contributions.
        blend: the scores that went into the headline.
        scores: score of each indicator on 0..1, as the headline reads it, float64[J].
        live: live share of each indicator that counts, float64[J]; 0 for those without a score.
        loading: weights of the indicators if the headline takes them from the `factor` step, else None.
        correlation: C of the segments, float64[S, S].
    """

    forms: dict[Form, float]
    value: Value
    blend: Blend
    scores: Floats
    live: Floats
    loading: Floats | None
    correlation: Floats


class Aggregate(Step[Scores, Aggregates, _Change]):
    """Segment scores, their correlation, and the index by every form.

    C is an EWMA of products of s - 0.5 with half-life `correlation`, for each pair over the periods that both segments
    were live (a missing segment freezes its terms), shrunk towards identity; rho_ij = S_ij / sqrt(V_ij V_ji) cannot
    leave [-1, 1]. It takes the period's own scores in, as CISS does. C is positive semidefinite unless segments were
    missing at different times; an index below zero that this could give is met with the least further shrinkage
    that makes C so again. Where provisional readings do not read C, they are given that of the last final.
    """

    name: ClassVar[str] = "aggregate"
    fields: ClassVar[tuple[str, ...]] = ("products", "squares")

    def __init__(self, market: Market) -> None:
        """Of a market: its segments, its form, half-life and shrinkage."""
        n = len(market.segment)
        self.layout = tuple((s.name, *(i.name for i in s.indicator)) for s in market.segment)
        self._segments = Layout.of(market)
        self._form = market.form
        self._at_final, self._at_step = market.forms_at(final=True), market.forms_at(final=False)
        self._every_step = "ciss" in self._at_step
        self._reads_at_final, self._reads_at_step = _reads((*self._at_final, "ciss")), _reads(self._at_step)
        self._half_life = market.periods(market.half_life.correlation)
        self._keep = 1 - market.shrinkage
        start = np.where(np.eye(n, dtype=np.bool_), 1.0, START_CORRELATION)
        self.products: Floats = START_VARIANCE * start
        """S, symmetric."""
        self.squares: Floats = np.full((n, n), START_VARIANCE)
        """V: `squares[i, j]` is the variance of i over the periods that i and j were both live."""
        self._restored()

    def advance(self, x: Scores) -> tuple[Aggregates, _Change]:
        """The index as it stands with the period so far."""
        forms, blends = self._at_final if x.final else self._at_step, self._blends(x)
        rho, change = self._moved(blends["rank"].mixed, x) if x.final or self._every_step else (self._rho, None)
        values = {
            form: quadratic(self._segments, blends["rank"].mixed, rho)
            if form == "ciss"
            else linear(self._segments, blends["factor" if form == "factor" else SCORE[form]].mixed)
            for form in forms
        }
        headline = blends["factor" if self._form == "factor" else SCORE[self._form]]
        loading = x.loading if self._form == "factor" else None
        found = {form: value.index for form, value in values.items()}
        return Aggregates(found, values[self._form], *headline, loading, rho), change

    def commit(self, change: _Change) -> None:
        """Closes the period; None teaches nothing."""
        if change is not None:
            self.products, self.squares = change
            self._restored()

    def _restored(self) -> None:
        """C of the last final."""
        self._rho = self._correlation(self.products, self.squares)

    def _blends(self, x: Scores) -> dict[str, _Blended]:
        """What the forms that are asked for read: blends by score, and one with the loadings of the factor."""
        found: dict[str, _Blended] = {}
        for name in self._reads_at_final if x.final else self._reads_at_step:
            scores = x.of("z" if name == "factor" else name)
            live = self._segments.counted(scores, x.live)
            mixed = blend(self._segments, scores, live, x.loading if name == "factor" else None)
            found[name] = _Blended(mixed, scores, live)
        return found

    def _moved(self, ranks: Blend, x: Scores) -> tuple[Floats, _Change]:
        """C, float64[S, S], and S and V with the scores of now."""
        products, squares = np.empty((2, *self.products.shape))
        weight = 1 - 0.5 ** (x.fraction / self._half_life)
        _move(self.products, self.squares, ranks.score, weight, products, squares)
        rho = self._correlation(products, squares)
        if quadratic(self._segments, ranks, rho).index < 0:
            rho = semidefinite(rho)
        return rho, (products, squares)

    def _correlation(self, products: Floats, squares: Floats) -> Floats:
        """C, shrunk, float64[S, S]."""
        rho = np.empty_like(products)
        _correlate(products, squares, self._keep, rho)
        return rho


@compiled
def _move(  # noqa: PLR0917  (kernels take arrays, not objects)
    products: Floats, squares: Floats, score: Floats, weight: float, new_products: Floats, new_squares: Floats
) -> None:
    """S and V with the scores of now (NaN where a segment is missing), float64[S, S] each."""
    for i in range(len(score)):
        for j in range(len(score)):
            s, v, one, other = products[i, j], squares[i, j], score[i] - MEDIAN, score[j] - MEDIAN
            both = np.isfinite(one) and np.isfinite(other)
            new_products[i, j] = s + weight * (one * other - s) if both else s
            new_squares[i, j] = v + weight * (one * one - v) if both else v


@compiled
def _correlate(products: Floats, squares: Floats, keep: float, rho: Floats) -> None:
    """S_ij / sqrt(V_ij V_ji), off the diagonal times `keep`, into `rho`."""
    for i in range(len(rho)):
        for j in range(len(rho)):
            scale = np.sqrt(squares[i, j]) * np.sqrt(squares[j, i])
            pair = min(max(products[i, j] / scale, -1.0), 1.0) if scale > 0 else 0.0
            rho[i, j] = 1.0 if i == j else pair * keep
