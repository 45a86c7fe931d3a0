"""Which weights the common movement itself suggests: the first principal component, recursively."""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np

from models.signals.compiled import compiled
from models.signals.step import Floats, Step

KNOWN_FROM: Final = 250
"""Joint finals that a pair of indicators needs before it counts."""

EVERY: Final = 21
"""Finals between two decompositions: loadings move by months."""


class Factor(Step[Floats, Floats, Floats | None]):
    """Loadings of the first principal component of the indicators' scores, with sign and scale fixed by the past only.

    The moments are those of causal z-scores around zero, pair by pair over the finals that both had a score:
    rho_ij = sum z_i z_j / sqrt(sum z_i^2 sum z_j^2). Every 21 finals the leading eigenvector is taken anew, signed so
    that its loadings sum to something positive; negative loadings count as 0, so that the index stays a weighted mean
    of scores (as in the OFR FSI and the KCFSI, index-methods 2 and 3.3, but without looking ahead). Before the first
    decomposition all loadings are equal; a pair that has not met often enough is taken as unrelated.
    """

    name: ClassVar[str] = "factor"
    fields: ClassVar[tuple[str, ...]] = ("products", "squares", "counts", "finals", "loading")

    def __init__(self, columns: int) -> None:
        """For `columns` indicators."""
        self.layout = (columns,)
        self.products: Floats = np.zeros((columns, columns))
        self.squares: Floats = np.zeros((columns, columns))
        """`squares[i, j]` sums the squares of i over the finals that i and j were both scored."""
        self.counts: Floats = np.zeros((columns, columns))
        self.finals = 0
        self.loading: Floats = np.full(columns, 1 / max(columns, 1))
        """Not negative, sum 1, float64[columns]."""

    def advance(self, x: Floats) -> tuple[Floats, Floats | None]:
        """Loadings from the finals before this one; `x` are the z-scores, float64[columns]."""
        return self.loading, x

    def commit(self, change: Floats | None) -> None:
        """Learns the z-scores of a final; None teaches nothing."""
        if change is None:
            return
        _add_pairs(change, self.products, self.squares, self.counts)
        self.finals += 1
        if self.finals % EVERY == 0:
            self.loading = self._decomposed()

    def _decomposed(self) -> Floats:
        """The loadings that all finals so far suggest; the ones before while no pair is known."""
        met = (self.counts >= KNOWN_FROM) & (self.squares > 0) & (self.squares.T > 0)
        scale = np.sqrt(self.squares) * np.sqrt(self.squares.T)
        rho = np.divide(self.products, scale, out=np.zeros_like(scale), where=met)
        known = np.flatnonzero(np.diag(met))
        if len(known) < 2:
            return self.loading
        first = np.linalg.eigh(np.clip(rho[np.ix_(known, known)], -1.0, 1.0))[1][:, -1]
        first = np.maximum(first * (1.0 if first.sum() >= 0 else -1.0), 0.0)
        total, loading = float(first.sum()), np.zeros_like(self.loading)
        loading[known] = first / total if total > 0 else 0.0
        return loading if total > 0 else self.loading


@compiled
def _add_pairs(z: Floats, products: Floats, squares: Floats, counts: Floats) -> None:
    """Moments of the pairs that both have a score, in place."""
    for i in range(len(z)):
        for j in range(len(z)):
            if np.isfinite(z[i]) and np.isfinite(z[j]):
                products[i, j] += z[i] * z[j]
                squares[i, j] += z[i] * z[i]
                counts[i, j] += 1
