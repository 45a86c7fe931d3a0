"""Correlations of instruments: exponentially weighted over three memories, shrunk towards identity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from models.signals.step import Floats, Ints, Step
from models.signals.volatility import Volatilities
from schemas.market import Market

KNOWN_FROM: Final = 8
"""Joint returns that a pair needs before its correlation is published; fewer say next to nothing."""

BASE, SHORT, LONG = 0, 1, 2
"""Rows of `Correlations.matrix`."""

_Change = tuple[Floats, Floats, Ints]


@dataclass(frozen=True, slots=True)
class Correlations:
    """Correlations of period returns.

    Attributes:
        volatilities: what they stand beside.
        matrix: by memory (base, short, long), float64[3, N, N]; 1 on the diagonal, NaN where unknown.
    """

    volatilities: Volatilities
    matrix: Floats

    @property
    def final(self) -> bool:
        """Whether it closes its period."""
        return self.volatilities.final


class Correlation(Step[Volatilities, Correlations, _Change]):
    """EWMA of products of returns, zero mean, pair by pair where both instruments have a bar in the period.

    Each pair keeps its own two variances over the periods that both were there, so that
    rho_ij = S_ij / sqrt(V_ij V_ji) lies in [-1, 1] (Cauchy-Schwarz) whatever is missing.
    Half-lives are `correlation`, `correlation_short` and `correlation_long`, in periods. Off the diagonal the result
    is multiplied by 1 - shrinkage (linear shrinkage towards identity, Ledoit and Wolf 2004).
    """

    name: ClassVar[str] = "correlation"
    fields: ClassVar[tuple[str, ...]] = ("products", "squares", "counts")

    def __init__(self, market: Market) -> None:
        """Of a market: its half-lives and its shrinkage."""
        n = len(market.instrument)
        self.layout = tuple(i.name for i in market.instrument)
        lives = market.half_life
        self._half_lives = np.array(
            [market.periods(d) for d in (lives.correlation, lives.correlation_short, lives.correlation_long)]
        )
        self._keep = np.where(np.eye(n, dtype=np.bool_), 1.0, 1 - market.shrinkage)
        self.products = np.zeros((3, n, n))
        """S, symmetric."""
        self.squares = np.zeros((3, n, n))
        """V: `squares[k, i, j]` is the variance of i over the periods that i and j were both there."""
        self.counts = np.zeros((n, n), np.int64)
        """Periods that both were there."""

    def advance(self, x: Volatilities) -> tuple[Correlations, _Change]:
        """Correlations as they stand with the period so far."""
        seen = x.observation
        known = seen.fresh & np.isfinite(seen.period_return)
        r = np.where(known, seen.period_return, 0.0) / np.sqrt(seen.window.fraction)
        weight = (1 - 0.5 ** (seen.window.fraction / self._half_lives))[:, None, None]
        weight = weight * np.outer(known, known)
        products = self.products + weight * (np.outer(r, r) - self.products)
        squares = self.squares + weight * ((r * r)[:, None] - self.squares)
        counts = self.counts + np.outer(known, known)
        return Correlations(x, self._correlations(products, squares, counts)), (products, squares, counts)

    def commit(self, change: _Change) -> None:
        """Closes the period."""
        self.products, self.squares, self.counts = change

    def _correlations(self, products: Floats, squares: Floats, counts: Ints) -> Floats:
        """S_ij / sqrt(V_ij V_ji), shrunk, float64[3, N, N]."""
        scale = np.sqrt(squares)
        scale = scale * scale.transpose(0, 2, 1)
        known = (scale > 0) & (counts >= KNOWN_FROM)
        rho = np.divide(products, scale, out=np.full_like(scale, np.nan), where=known)
        return np.clip(rho, -1.0, 1.0) * self._keep
