"""Why the index moved: an exact split of its change since the last final."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from models.signals.forms import SCALE, Blend, Layout, blend, linear, quadratic, weighted
from models.signals.step import Floats, Step
from schemas.market import Market


@dataclass(frozen=True, slots=True)
class End:
    """One end of a comparison.

    Attributes:
        at_us: its time, microseconds since 1970 (UTC).
        index: the index there; NaN without data.
        scores: scores of the indicators, float64[J].
        live: live share of those that count, float64[J].
        correlation: C of the segments, float64[S, S].
    """

    at_us: int
    index: float
    scores: Floats
    live: Floats
    correlation: Floats


@dataclass(frozen=True, slots=True)
class Moved:
    """Parts of a change; they sum to `total` to 1e-12, in points of 0..100.

    Attributes:
        since_us: time of the final that is compared with.
        total: index now minus index then.
        level: by segment, what its scores did, float64[S].
        correlation: what the correlation of segments did; 0 for linear forms.
        composition: what inputs did that came or went.
    """

    since_us: int
    total: float
    level: Floats
    correlation: float
    composition: float


class Attribution(Step[End, Moved | None, End | None]):
    """Compares with the last final; None while there is none, or no index at either end.

    Both ends are evaluated on the common set of inputs (each with the smaller of its live shares), which gives
    indices a0 and a1. Composition is (now - a1) - (then - a0). Between a0 and a1, with Cbar the mean of both C:
    level_i = (x1 - x0)_i [Cbar (x1 + x0)]_i, correlation = [x1'(C1 - C0) x1 + x0'(C1 - C0) x0] / 2 (index-methods
    1.1); for linear forms level_i = (x1 - x0)_i. Nothing is left over but rounding, which stays below 1e-12.
    """

    name: ClassVar[str] = "attribution"
    fields: ClassVar[tuple[str, ...]] = ("_at_us", "_index", "_scores", "_live", "_correlation")

    def __init__(self, market: Market) -> None:
        """Of a market: its segments and its form."""
        self._segments = Layout.of(market)
        self._quadratic = market.form == "ciss"
        j, s = len(self._segments.segment), len(self._segments.weight)
        self.layout = (market.form, j, s)
        self.commit(End(0, np.nan, np.full(j, np.nan), np.zeros(j), np.eye(s)))

    def advance(self, x: End) -> tuple[Moved | None, End | None]:
        """The split of the change from the last final to `x`; a moment without an index is not compared with."""
        then = End(self._at_us, self._index, self._scores, self._live, self._correlation)
        known = x if np.isfinite(x.index) else None
        if not (np.isfinite(then.index) and np.isfinite(x.index)):
            return None, known
        return self._split(then, x), known

    def commit(self, change: End | None) -> None:
        """Later readings are compared with this final; None keeps the one before."""
        if change is not None:
            self._at_us, self._index, self._scores = change.at_us, change.index, change.scores
            self._live, self._correlation = change.live, change.correlation

    def _split(self, then: End, now: End) -> Moved:
        total = now.index - then.index
        live = np.minimum(then.live, now.live)
        b0, b1 = blend(self._segments, then.scores, live), blend(self._segments, now.scores, live)
        if np.array_equal(live, then.live) and np.array_equal(live, now.live):
            composition = 0.0
        else:
            composition = (now.index - self._index_of(b1, now)) - (then.index - self._index_of(b0, then))
        if not self._quadratic:
            return Moved(then.at_us, total, SCALE * (weighted(b1) - weighted(b0)), 0.0, composition)
        x0, x1, shift = weighted(b0), weighted(b1), now.correlation - then.correlation
        mean = (then.correlation + now.correlation) / 2
        level = SCALE * (x1 - x0) * (mean * (x1 + x0)).sum(axis=1)
        correlation = SCALE / 2 * float(((shift * x1).sum(axis=1) * x1 + (shift * x0).sum(axis=1) * x0).sum())
        return Moved(then.at_us, total, level, correlation, composition)

    def _index_of(self, b: Blend, end: End) -> float:
        """The index of the common inputs at one end; 0 when there are none."""
        if not b.known:
            return 0.0
        value = quadratic(self._segments, b, end.correlation) if self._quadratic else linear(self._segments, b)
        return value.index
