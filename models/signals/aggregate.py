"""Scores to the index by every form, with the segments' correlation as it moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from models.signals.forms import SCORE, Blend, Layout, Score, Value, blend, linear, quadratic, semidefinite
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
    that makes C so again.
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
        self._half_life = market.periods(market.half_life.correlation)
        self._keep = np.where(np.eye(n, dtype=np.bool_), 1.0, 1 - market.shrinkage)
        start = np.where(np.eye(n, dtype=np.bool_), 1.0, START_CORRELATION)
        self.products: Floats = START_VARIANCE * start
        """S, symmetric."""
        self.squares: Floats = np.full((n, n), START_VARIANCE)
        """V: `squares[i, j]` is the variance of i over the periods that i and j were both live."""

    def advance(self, x: Scores) -> tuple[Aggregates, _Change]:
        """The index as it stands with the period so far."""
        rank = x.of("rank")
        ranks = blend(self._segments, rank, self._segments.counted(rank, x.live))
        products, squares = self._moved(ranks.score, x.fraction)
        rho = self._correlation(products, squares)
        if quadratic(self._segments, ranks, rho).index < 0:
            rho = semidefinite(rho)
        found = {form: self._by(form, x, rho) for form in (self._at_final if x.final else self._at_step)}
        forms = {form: value.index for form, (value, *_) in found.items()}
        value, mixed, scores, live = found[self._form]
        loading = x.loading if self._form == "factor" else None
        return Aggregates(forms, value, mixed, scores, live, loading, rho), (products, squares)

    def _by(self, form: Form, x: Scores, rho: Floats) -> tuple[Value, Blend, Floats, Floats]:
        """The index by one form: its value, what was blended, and the scores and live shares that counted."""
        scores = x.of(SCORE[form])
        live = self._segments.counted(scores, x.live)
        mixed = blend(self._segments, scores, live, x.loading if form == "factor" else None)
        value = quadratic(self._segments, mixed, rho) if form == "ciss" else linear(self._segments, mixed)
        return value, mixed, scores, live

    def commit(self, change: _Change) -> None:
        """Closes the period; None teaches nothing."""
        if change is not None:
            self.products, self.squares = change

    def _moved(self, score: Floats, fraction: float) -> tuple[Floats, Floats]:
        """S and V with the scores of now, float64[S, S] each."""
        live = np.isfinite(score)
        d = np.where(live, score - MEDIAN, 0.0)
        weight = (1 - 0.5 ** (fraction / self._half_life)) * np.outer(live, live)
        products = self.products + weight * (np.outer(d, d) - self.products)
        return products, self.squares + weight * ((d * d)[:, None] - self.squares)

    def _correlation(self, products: Floats, squares: Floats) -> Floats:
        """C, shrunk, float64[S, S]."""
        scale = np.sqrt(squares)
        scale = scale * scale.T
        rho = np.divide(products, scale, out=np.zeros_like(scale), where=scale > 0)
        np.fill_diagonal(rho, 1.0)
        return np.clip(rho, -1.0, 1.0) * self._keep
