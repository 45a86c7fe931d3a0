"""How unlike its past a moment is: half-space trees and turbulence, as a probability of the tail."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final

import numpy as np

from models.features import CALENDAR, Schema
from models.online.stamped import RIVER, Stamped
from models.signals.ranks import RecursiveRank
from models.signals.step import Floats, Step
from models.signals.tails import DECADES, Standing, TailScore
from models.signals.zscores import CausalZ
from models.window import BOUND, Seen
from schemas.market import Market

TREES: Final = 10
HEIGHT: Final = 6
WINDOW: Final = 250
"""Of the half-space trees: finals whose mass they compare with."""

SEED: Final = 11

HALF_LIFE: Final = 250.0
"""Of the covariance that turbulence is measured in, finals."""

SHRINKAGE: Final = 0.1

LEAST: Final = 60
"""Finals before turbulence is told."""

_Change = tuple[dict[str, float], Floats, Floats, Any, Any, Any] | None


@dataclass(frozen=True, slots=True)
class Anomaly:
    """What is unusual.

    Attributes:
        probability: of a moment at least as unusual, by either view and corrected for there being two, 0..1;
            NaN during the warm-up.
        trees: score of the half-space trees, 0..1.
        turbulence: logarithm of the mean squared distance of the segments' joint move, 0 on an average day.
        tails: tail probabilities of both among their own past, float64[2].
    """

    probability: float
    trees: float
    turbulence: float
    tails: Floats

    def beside(self, others: Floats) -> Anomaly:
        """The same with other views' tail probabilities: corrected for all that are known."""
        return replace(self, probability=_least(np.concatenate([self.tails, others]))) if len(others) else self


def _least(tails: Floats) -> float:
    """Probability of the least of so many views (Bonferroni); NaN where none is known."""
    known = tails[np.isfinite(tails)]
    return min(1.0, len(known) * float(known.min())) if len(known) else math.nan


class AnomalyWatch(Step[Seen, Anomaly, _Change]):
    """Two views of a moment, each mapped to the probability of its own past's tail (`TailScore`).

    `trees`: half-space trees (Tan, Ting and Liu 2011) over normalised features without the calendar; they learn at
    finals. `turbulence`: log(z' R^-1 z / n), with z the moves of n segments' scores (Kritzman and Li 2010), R and
    scales exponentially weighted from the finals before. A tail probability of 0.001 comes once in four years of
    sessions, on calm data as on wild; a percentile of 95 comes every month.
    """

    name: ClassVar[str] = "anomaly"
    fields: ClassVar[tuple[str, ...]] = ("products", "weights", "finals", "stamped")
    parts: ClassVar[tuple[str, ...]] = ("rank", "zscore", "tail")

    def __init__(self, market: Market) -> None:
        """Of a market."""
        from river import anomaly  # noqa: PLC0415 (a market without scores does not wait for River)

        schema = Schema.of(market)
        self.layout = (RIVER, schema.hash, TREES, HEIGHT, WINDOW)
        self._names = [name for name in schema.names if name not in CALENDAR]
        self._moves = np.array([n for n, name in enumerate(schema.names) if name.startswith("moved.")], np.intp)
        limits: dict[Any, tuple[float, float]] = dict.fromkeys(self._names, (-BOUND, BOUND))
        self._river = Stamped(anomaly.HalfSpaceTrees(TREES, HEIGHT, WINDOW, limits=limits, seed=SEED))
        segments = len(market.segment)
        self.products: Floats = np.zeros((segments, segments))
        self.weights: Floats = np.zeros((segments, segments))
        self.finals = 0
        self.rank = RecursiveRank(2, market.history.warm_up, market.history.capacity)
        self.zscore = CausalZ(2, market.history.warm_up)
        self.tail = TailScore(2)

    @property
    def stamped(self) -> bytes:
        """The trees as bytes."""
        return self._river.saved

    @stamped.setter
    def stamped(self, stamped: bytes) -> None:
        self._river.restore(stamped)

    def advance(self, x: Seen) -> tuple[Anomaly, _Change]:
        """How unusual the moment is."""
        features = dict(zip(self._names, x.now.tolist(), strict=False))  # the calendar comes last
        moves = x.raw[self._moves]
        views = np.array([self._of_trees(features), self._turbulence(moves)])
        rank, of_rank = self.rank.advance(views)
        z, of_z = self.zscore.advance(views)
        score, of_tail = self.tail.advance(Standing(rank, z))
        tails = 10.0 ** (-DECADES * score)
        change = (features, *self._moved(moves), of_rank, of_z, of_tail) if x.moment.learns else None
        return Anomaly(_least(tails), float(views[0]), float(views[1]), tails), change

    def commit(self, change: _Change) -> None:
        """Trees, covariance and tails learn a final."""
        if change is None:
            return
        features, self.products, self.weights, of_rank, of_z, of_tail = change
        self._river.model.learn_one(features)
        self._river.learned()
        self.finals += 1
        for part, own in ((self.rank, of_rank), (self.zscore, of_z), (self.tail, of_tail)):
            part.apply(own)

    def _of_trees(self, features: dict[str, float]) -> float:
        return float(self._river.model.score_one(features)) if self.finals >= WINDOW else np.nan

    def _moved(self, moves: Floats) -> tuple[Floats, Floats]:
        """Products and their weights with the moves of now; pairs that are not both known stay."""
        both = np.isfinite(moves)[:, None] & np.isfinite(moves)
        known = np.where(np.isfinite(moves), moves, 0.0)
        new = np.where(both, 1 - 0.5 ** (1 / HALF_LIFE), 0.0)
        return self.products + new * (np.outer(known, known) - self.products), self.weights + new * (1 - self.weights)

    def _turbulence(self, moves: Floats) -> float:
        """Logarithm of the mean squared distance of the moves; NaN before 60 finals or with fewer than two moves."""
        variance = np.diagonal(self.products)
        known = np.flatnonzero(np.isfinite(moves) & (variance > 1e-12))
        if self.finals < LEAST or len(known) < 2:
            return np.nan
        weights = self.weights[np.ix_(known, known)]
        covariance = self.products[np.ix_(known, known)] / np.where(weights > 0, weights, 1.0)
        scale = np.sqrt(np.diagonal(covariance))
        matrix = (1 - SHRINKAGE) * covariance / np.outer(scale, scale) + SHRINKAGE * np.eye(len(known))
        z = moves[known] / scale
        return math.log(max(float(z @ np.linalg.solve(matrix, z)) / len(known), 1e-6))
