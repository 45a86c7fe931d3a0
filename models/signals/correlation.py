"""Correlations of instruments: exponentially weighted over three memories, shrunk towards identity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
import numpy.typing as npt

from models.signals.compiled import compiled
from models.signals.step import Floats, Ints, Step
from models.signals.volatility import Volatilities
from schemas.market import Market

KNOWN_FROM: Final = 8
"""Joint returns that a pair needs before its correlation is published; fewer say next to nothing."""

MOST: Final = 100
"""Instruments of which all correlations are kept and published; a larger market keeps those that indicators read."""

BASE, SHORT, LONG = 0, 1, 2
"""Rows of `Correlations.matrix`."""

READERS: Final = frozenset({"correlation_shift", "stock_bond_correlation"})
"""Kinds of indicators that read `Correlations.matrix`."""

_Change = tuple[Floats, Floats, Ints] | None


@dataclass(frozen=True, slots=True)
class Correlations:
    """Correlations of period returns.

    Attributes:
        volatilities: what they stand beside.
        matrix: of the instruments at `correlated`, by memory (base, short, long), float64[3, M, M]; 1 on the diagonal,
            NaN where unknown.
    """

    volatilities: Volatilities
    matrix: Floats

    @property
    def final(self) -> bool:
        """Whether it closes its period."""
        return self.volatilities.final


def correlated(market: Market) -> npt.NDArray[np.intp]:
    """Positions of the instruments whose correlations are kept, ascending, intp[M]."""
    names = [i.name for i in market.instrument]
    if len(names) <= MOST:
        return np.arange(len(names))
    read = {name for s in market.segment for i in s.indicator if i.kind in READERS for name in i.of}
    return np.array([position for position, name in enumerate(names) if name in read], np.intp)


class Correlation(Step[Volatilities, Correlations, _Change]):
    """EWMA of products of returns, zero mean, pair by pair where both instruments have a bar in the period.

    Each pair keeps its own two variances over the periods that both were there, so that
    rho_ij = S_ij / sqrt(V_ij V_ji) lies in [-1, 1] (Cauchy-Schwarz) whatever is missing. Returns are taken per square
    root of the periods that they cover.
    Half-lives are `correlation`, `correlation_short` and `correlation_long`, in periods. Off the diagonal the result
    is multiplied by 1 - shrinkage (linear shrinkage towards identity, Ledoit and Wolf 2004).
    Where no indicator reads them at each step, provisional windows are given the correlations of the last final.
    """

    name: ClassVar[str] = "correlation"
    fields: ClassVar[tuple[str, ...]] = ("products", "squares", "counts")

    _matrix: Floats | None = None

    def __init__(self, market: Market) -> None:
        """Of a market: its half-lives and its shrinkage."""
        self._kept = correlated(market)
        n = len(self._kept)
        self.layout = tuple(market.instrument[position].name for position in self._kept)
        lives = market.half_life
        self._half_lives = np.array(
            [market.periods(d) for d in (lives.correlation, lives.correlation_short, lives.correlation_long)]
        )
        self._keep = 1 - market.shrinkage
        indicators = [i for segment in market.segment for i in segment.indicator]
        self._every_step = any(i.kind in READERS and i.at == "step" for i in indicators)
        self.products = np.zeros((3, n, n))
        """S, symmetric."""
        self.squares = np.zeros((3, n, n))
        """V: `squares[k, i, j]` is the variance of i over the periods that i and j were both there."""
        self.counts = np.zeros((n, n), np.int64)
        """Periods that both were there."""

    def advance(self, x: Volatilities) -> tuple[Correlations, _Change]:
        """Correlations as they stand with the period so far."""
        if not (x.final or self._every_step):
            return Correlations(x, self._last), None
        seen = x.observation
        returns = (np.where(seen.fresh, seen.period_return, np.nan) / np.sqrt(seen.elapsed))[self._kept]
        weights = 1 - 0.5 ** (seen.window.fraction / self._half_lives)
        products, squares, counts = np.empty_like(self.products), np.empty_like(self.squares), self.counts.copy()
        move_pairs(self.products, self.squares, returns, weights, products, squares, counts)
        matrix = np.empty_like(products)
        pair_correlations(products, squares, counts, self._keep, matrix)
        return Correlations(x, matrix), (products, squares, counts)

    def commit(self, change: _Change) -> None:
        """Closes the period; None teaches nothing."""
        if change is not None:
            self.products, self.squares, self.counts = change
            self._matrix = None

    def _restored(self) -> None:
        """The matrix of the last final is made when it is asked for."""
        self._matrix = None

    @property
    def _last(self) -> Floats:
        """Correlations of the last final, float64[3, N, N]."""
        if self._matrix is None:
            self._matrix = np.empty_like(self.products)
            pair_correlations(self.products, self.squares, self.counts, self._keep, self._matrix)
            self._matrix.flags.writeable = False
        return self._matrix


@compiled
def move_pairs(  # noqa: PLR0917  (one loop over plain arrays, as compiled code wants it)
    products: Floats, squares: Floats, returns: Floats, weights: Floats,
    new_products: Floats, new_squares: Floats, counts: Ints,
) -> None:  # fmt: skip
    """S and V with the returns of now (NaN where there is none), float64[3, N, N] each; counts in place.

    Row by row within a memory, so that the processor takes several pairs at once: 500 series in 1.5 ms instead of 4.5.
    """
    memories, n, _ = products.shape
    there = np.isfinite(returns)
    for i in range(n):
        if there[i]:
            for j in range(n):
                counts[i, j] += there[j]
    for k in range(memories):
        weight = weights[k]
        for i in range(n):
            own, square = returns[i], returns[i] * returns[i]
            if not there[i]:
                new_products[k, i], new_squares[k, i] = products[k, i], squares[k, i]
                continue
            for j in range(n):
                s, v = products[k, i, j], squares[k, i, j]
                new_products[k, i, j] = s + weight * (own * returns[j] - s) if there[j] else s
                new_squares[k, i, j] = v + weight * (square - v) if there[j] else v


@compiled
def pair_correlations(products: Floats, squares: Floats, counts: Ints, keep: float, rho: Floats) -> None:
    """S_ij / sqrt(V_ij V_ji), shrunk, into `rho`, float64[3, N, N]."""
    rho[:] = np.nan
    memories, n, _ = products.shape
    for k in range(memories):
        for i in range(n):
            for j in range(i, n):
                scale = np.sqrt(squares[k, i, j]) * np.sqrt(squares[k, j, i])
                if scale > 0 and counts[i, j] >= KNOWN_FROM:
                    pair = keep * min(max(products[k, i, j] / scale, -1.0), 1.0)
                    rho[k, i, j] = rho[k, j, i] = 1.0 if i == j else pair
