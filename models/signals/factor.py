"""Which weights the common movement itself suggests: the first principal component, recursively."""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np

from models.signals.step import Floats, Step

KNOWN_FROM: Final = 250
"""Joint finals that a pair of indicators needs before it counts."""

EVERY: Final = 21
"""Finals between two decompositions: loadings move by months."""

_Change = tuple[Floats, Floats, Floats] | None


class Factor(Step[Floats, Floats, _Change]):
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

    def advance(self, x: Floats) -> tuple[Floats, _Change]:
        """Loadings from the finals before this one; `x` are the z-scores, float64[columns]."""
        known = np.isfinite(x)
        z = np.where(known, x, 0.0)
        return self.loading, (np.outer(z, z), np.outer(z * z, known), np.outer(known, known).astype(np.float64))

    def commit(self, change: _Change) -> None:
        """Learns the z-scores of a final; None teaches nothing."""
        if change is None:
            return
        products, squares, counts = change
        self.products = self.products + products
        self.squares = self.squares + squares
        self.counts = self.counts + counts
        self.finals += 1
        if self.finals % EVERY == 0:
            self.loading = self._decomposed()

    def _decomposed(self) -> Floats:
        """The loadings that all finals so far suggest; the ones before while no pair is known."""
        met = (self.counts >= KNOWN_FROM) & (self.squares > 0) & (self.squares.T > 0)
        scale = np.sqrt(self.squares) * np.sqrt(self.squares.T)
        rho = np.divide(self.products, scale, out=np.zeros_like(scale), where=met)
        known = np.diag(met)
        if np.count_nonzero(known) < 2:
            return self.loading
        first = np.linalg.eigh(np.clip(rho, -1.0, 1.0))[1][:, -1]
        first = np.where(known, np.maximum(first * (1.0 if first[known].sum() >= 0 else -1.0), 0.0), 0.0)
        total = float(first.sum())
        return first / total if total > 0 else self.loading
