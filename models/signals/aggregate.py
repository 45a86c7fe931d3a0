"""Scores to the index by every form, with the segments' correlation as it moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from models.signals.forms import Blend, Layout, Value, blend, linear, quadratic, semidefinite
from models.signals.step import Floats, Step
from models.signals.zscores import BOUND
from schemas.market import Market

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
    """Scores of the indicators at one moment, float64[J] each.

    Attributes:
        rank: recursive mid-ranks, 0..1; NaN where there is no information.
        z: causal z-scores, -5..5; NaN likewise.
        live: share of each indicator's inputs that are live.
        fraction: elapsed share of the period.
    """

    rank: Floats
    z: Floats
    live: Floats
    fraction: float


@dataclass(frozen=True, slots=True)
class Aggregates:
    """The index by every form, and the headline in full.

    Attributes:
        forms: by `FORMS`, 0..100; NaN without data.
        value: the headline with its contributions.
        blend: the scores that went into the headline.
        scores: score of each indicator on 0..1, as the headline reads it, float64[J].
        live: live share of each indicator that counts, float64[J]; 0 for those without a score.
        correlation: C of the segments, float64[S, S].
    """

    forms: Floats
    value: Value
    blend: Blend
    scores: Floats
    live: Floats
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
        self._half_life = market.periods(market.half_life.correlation)
        self._keep = np.where(np.eye(n, dtype=np.bool_), 1.0, 1 - market.shrinkage)
        start = np.where(np.eye(n, dtype=np.bool_), 1.0, START_CORRELATION)
        self.products: Floats = START_VARIANCE * start
        """S, symmetric."""
        self.squares: Floats = np.full((n, n), START_VARIANCE)
        """V: `squares[i, j]` is the variance of i over the periods that i and j were both live."""

    def advance(self, x: Scores) -> tuple[Aggregates, _Change]:
        """The index as it stands with the period so far."""
        live = self._segments.counted(x.rank if self._form != "z_mean" else x.z, x.live)
        ranks = blend(self._segments, x.rank, live)
        normal = (x.z + BOUND) / (2 * BOUND)
        normals = blend(self._segments, normal, live)
        products, squares = self._moved(ranks.score, x.fraction)
        rho = self._correlation(products, squares)
        ciss = quadratic(self._segments, ranks, rho)
        if ciss.index < 0:
            rho = semidefinite(rho)
            ciss = quadratic(self._segments, ranks, rho)
        values = (ciss, linear(self._segments, ranks), linear(self._segments, normals))
        headline = {"ciss": 0, "rank_mean": 1, "z_mean": 2}[self._form]
        scores, mixed = (normal, normals) if self._form == "z_mean" else (x.rank, ranks)
        forms = np.array([value.index for value in values])
        return Aggregates(forms, values[headline], mixed, scores, live, rho), (products, squares)

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
