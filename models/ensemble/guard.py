"""The guard of coverage: quantiles that are missed too often move out, those that never are move in."""

from __future__ import annotations

from typing import ClassVar, Final, NamedTuple

import numpy as np

from models.ensemble.levels import LEVEL, LEVELS
from models.signals.step import Floats, Step

PACE: Final = 0.02
"""In scales for each final: a quantile that is missed ten times in a row moves by 0.19 scales."""

GENTLE: Final = 0.005
"""Of quantiles that are mixed of guarded ones: what is left to guard is little, and every move is noise."""

FARTHEST: Final = 5.0
"""Offsets end here, in scales."""


class Came(NamedTuple):
    """Quantiles as the guard moved them, not sorted, change in points, float64[K, Q] (NaN asleep), and what came."""

    quantiles: Floats
    change: float


class Guard(Step[Came | None, Floats, Floats]):
    """Offset of every quantile, in scales: it moves by pace x (q - 1[y <= x]) with each label.

    Online gradient descent on the pinball loss of the offset, which is adaptive conformal inference in the quantile
    instead of the level (Gibbs and Candes 2021; Angelopoulos, Candes and Tibshirani 2023, "P control"): the share of
    labels below each quantile goes to q whatever the labels do. A hit at the upper end moves it in slowly, a miss moves
    it out fast. Quantiles are judged before they are sorted: two that have crossed, as they do while an index is held
    at a bound, would each get the hits of the other and part for ever. Sorted they are no worse (Chernozhukov,
    Fernandez-Val and Galichon 2010).
    """

    name: ClassVar[str] = "guard"
    fields: ClassVar[tuple[str, ...]] = ("offset",)

    def __init__(self, paces: tuple[float, ...]) -> None:
        """For rows of quantiles that move at these paces."""
        self.layout = paces
        self._pace: Floats = np.array(paces)[:, None]
        self.offset: Floats = np.zeros((len(paces), len(LEVELS)))

    def advance(self, x: Came | None) -> tuple[Floats, Floats]:
        """Offsets in scales, float64[K, Q], with the label that came."""
        if x is None:
            return self.offset.copy(), self.offset
        moved = np.where(np.isfinite(x.quantiles), self._pace * (LEVEL - (x.change <= x.quantiles)), 0.0)
        offset = np.clip(self.offset + moved, -FARTHEST, FARTHEST)
        return offset.copy(), offset

    def commit(self, change: Floats) -> None:
        """Keeps the offsets."""
        self.offset = change
