"""Indicators of a cross-section: how much of it moves as one, and how unusual its moves of today are together."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Final

import numpy as np

from models.signals import chi_square
from models.signals.compiled import compiled
from models.signals.correlation import Correlations, move_pairs, pair_correlations
from models.signals.indicators.averages import Averaged, eased_all
from models.signals.indicators.base import Measures, Places, observed
from models.signals.step import Flags, Floats, Ints
from schemas.indicator import Indicator
from schemas.market import Market

SHARE: Final = 1 / 5
"""Eigenvectors that absorb, of as many as there are inputs (Kritzman et al. 2011)."""

DECADES: Final = 16.0
"""Tail probabilities below 1e-16 are not told apart: one bad print must not stay for months."""

EACH: Final = 5
"""Joint periods that turbulence needs for each input: distances from a covariance of fewer are far too long."""

LEAST: Final = 1e-3
"""Eigenvalues of a correlation matrix that turbulence divides by are at least this, or the shrinkage."""

_Pairs = tuple[Floats, Floats, Ints]


class CrossSection(Averaged):
    """Indicators with a correlation matrix of their own inputs, [G, n, n] with n inputs at most.

    As in `correlation.py`: zero mean, pair by pair where both have a bar, shrunk towards identity. An input counts
    where its correlations with all others that count are known.
    """

    fields: ClassVar[tuple[str, ...]] = ("memory", "products", "squares", "counts")

    def __init__(self, market: Market, indicators: Sequence[Indicator]) -> None:
        """Of each one's inputs."""
        super().__init__(market, indicators)
        self._shrunk = 1 - market.shrinkage
        self._memory: Floats = self.memories(market)
        self._inputs: list[Places] = [self.of[a:b] for a, b in zip(self.start[:-1], self.start[1:], strict=True)]
        n = max(len(of) for of in self._inputs)
        self.products: Floats = np.zeros((len(indicators), n, n))
        self.squares: Floats = np.zeros((len(indicators), n, n))
        """Variances by pair, as in `Correlation.squares`."""
        self.counts: Ints = np.zeros((len(indicators), n, n), np.int64)

    def commit(self, change: Any) -> None:
        """Closes the period: the new state, in the order of `fields`."""
        if change is not None:
            self.memory, self.products, self.squares, self.counts = change

    @abstractmethod
    def memories(self, market: Market) -> Floats:
        """Share of the correlations that is left after one period, float64[G]."""

    def moved(self, returns: Floats, fraction: float) -> _Pairs:
        """Products, squares and counts with the returns of now, float64[G, n] (NaN where there is none)."""
        products, squares, counts = np.empty_like(self.products), np.empty_like(self.squares), self.counts.copy()
        for g, keep in enumerate(self._memory):
            row, new = slice(g, g + 1), np.array([1 - keep**fraction])
            move_pairs(self.products[row], self.squares[row], returns[g], new, products[row], squares[row], counts[g])
        return products, squares, counts

    def returns(self, x: Correlations) -> Floats:
        """Moves per square root of the periods that they cover, float64[G, n]; NaN where there is none."""
        seen, found = observed(x), np.full(self.counts.shape[:2], np.nan)
        for g, of in enumerate(self._inputs):
            found[g, : len(of)] = seen.period_return[of] / np.sqrt(seen.elapsed[of])
        return found

    def matrix(self, g: int, pairs: _Pairs) -> Floats:
        """Correlations of one indicator's inputs, float64[n, n]; NaN where unknown."""
        products, squares, counts = pairs
        found: Floats = np.empty_like(products[g : g + 1])
        pair_correlations(products[g : g + 1], squares[g : g + 1], counts[g], self._shrunk, found)
        matrix: Floats = found[0]
        return matrix


class AbsorptionRatio(CrossSection):
    """Share of the variance of standardised returns that the first n / 5 eigenvectors absorb (Kritzman et al. 2011).

    Sum of the largest eigenvalues of the correlation matrix over the sum of all, of the n inputs that are live; n / 5
    is rounded, and at least 1. The paper takes covariances with a half-life of 250 days; correlations keep loud inputs
    from being the market, and make rates and prices one cross-section. Near 1 everything moves as one. The half-life
    is the indicator's own, or the market's `correlation_long`.
    """

    name: ClassVar[str] = "absorption_ratio"

    def memories(self, market: Market) -> Floats:
        """Of the indicator, or the long memory of the market."""
        lives = [market.half_life.correlation_long if i.half_life is None else i.half_life for i in self.indicators]
        return np.array([0.5 ** (1 / market.periods(life)) for life in lives])

    def advance(self, x: Correlations) -> tuple[Measures, Any]:
        """Ratios as they stand with the period so far."""
        seen = observed(x)
        pairs = self.moved(self.returns(x), seen.window.fraction)
        raw, live = np.full(len(self._inputs), np.nan), np.zeros(len(self._inputs))
        for g, of in enumerate(self._inputs):
            matrix = self.matrix(g, pairs)[: len(of), : len(of)]
            counted = known_block(matrix, seen.live[of])
            live[g] = len(counted) / len(of)
            if len(counted) >= 2:
                raw[g] = absorbed(matrix[np.ix_(counted, counted)])
        return self.together(x, raw, live), (self.memory, *pairs)


class Turbulence(CrossSection):
    """How unusual the moves are together: decades of the tail probability of their Mahalanobis distance, weighted.

    d = z' R^-1 z (Kritzman and Li 2010), with z the moves over their volatility and R their correlations, both from the
    periods *before*, zero mean, half-life `correlation_long`. Under normality d is chi-square with as many degrees of
    freedom as inputs have a bar, n; -log10 P(chi-square > d), cut at 16, makes distances of few and of many inputs
    comparable: 1 is a day in ten, 2 a day in a hundred. Real moves have fatter tails: its rank says how unusual it is.
    Eigenvalues of R are at least the market's shrinkage, which they are anyway where nothing is missing. A pair
    is known from 5 joint periods for each of the inputs on. The mean over time has the indicator's half-life, or the
    market's `volatility`.
    """

    name: ClassVar[str] = "turbulence"

    def memories(self, market: Market) -> Floats:
        """The long memory of the market."""
        return np.full(len(self.indicators), 0.5 ** (1 / market.periods(market.half_life.correlation_long)))

    def advance(self, x: Correlations) -> tuple[Measures, Any]:
        """Turbulence as it stands with the period so far."""
        seen, returns = observed(x), self.returns(x)
        fraction, before = seen.window.fraction, (self.products, self.squares, self.counts)
        found, live = np.full(len(self._inputs), np.nan), np.zeros(len(self._inputs))
        for g, of in enumerate(self._inputs):
            matrix, own = self._known(g, before)[: len(of), : len(of)], returns[g, : len(of)]
            live[g] = len(known_block(matrix, seen.live[of])) / len(of)
            counted = known_block(matrix, np.isfinite(own))
            if len(counted) >= 2:
                scale = np.sqrt(self._variances(g, counted))
                found[g] = surprise(own[counted], scale, matrix[np.ix_(counted, counted)], 1 - self._shrunk)
        new, means = np.empty_like(self.memory), np.empty(len(found))
        eased_all(self.memory, found, self.keep, fraction, new, means)
        return self.together(x, means, live), (new, *self.moved(returns, fraction))

    def _variances(self, g: int, counted: Ints) -> Floats:
        """Of inputs, float64[n], over the weight that they have gathered at finals."""
        gathered = 1 - self._memory[g] ** self.counts[g, counted, counted]
        variances: Floats = self.squares[g, counted, counted] / gathered
        return variances

    def _known(self, g: int, pairs: _Pairs) -> Floats:
        """Correlations of pairs that have been together often enough."""
        enough = pairs[2][g] >= EACH * len(self._inputs[g])
        return np.where(enough, self.matrix(g, pairs), np.nan)


def absorbed(matrix: Floats) -> float:
    """Share of the eigenvalues of a correlation matrix, float64[n, n], that the largest n / 5 have."""
    values = np.maximum(np.linalg.eigvalsh(matrix), 0.0)  # pairwise memories can leave some below zero
    return float(values[-max(round(len(values) * SHARE), 1) :].sum() / values.sum())


def surprise(moves: Floats, scale: Floats, matrix: Floats, shrinkage: float) -> float:
    """-log10 of the probability of moves as far out as these, float64[n] each, cut at `DECADES`."""
    with np.errstate(over="ignore"):  # beyond all numbers is beyond the cut
        z = np.clip(moves / scale, -1e50, 1e50)
    values, vectors = np.linalg.eigh(matrix)
    distance = float(((z @ vectors) ** 2 / np.maximum(values, max(shrinkage, LEAST))).sum())
    return min(chi_square.decades(distance, float(len(moves))), DECADES)


@compiled
def known_block(matrix: Floats, live: Flags) -> Ints:
    """Positions of live inputs whose correlations with each other are all known.

    Who lacks most of them leaves first; of equals, the last.
    """
    counted = live.copy()
    for i in range(len(live)):
        counted[i] = live[i] and np.isfinite(matrix[i, i])
    while True:
        worst, most = -1, 0
        for i in range(len(live)):
            lacks = 0
            for j in range(len(live)):
                lacks += counted[i] and counted[j] and not np.isfinite(matrix[i, j])
            if lacks >= most and lacks > 0:
                worst, most = i, lacks
        if worst < 0:
            return np.flatnonzero(counted)
        counted[worst] = False
