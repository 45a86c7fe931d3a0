"""Why the index moved: an exact split of its change since the last final."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from models.signals.compiled import compiled
from models.signals.forms import SCALE, blend, linear, quadratic, weighted
from models.signals.layout import Layout
from models.signals.step import Flags, Floats, Step
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
        loading: weights of the indicators, float64[J], if the form has its own (`factor`), else None.
    """

    at_us: int
    index: float
    scores: Floats
    live: Floats
    correlation: Floats
    loading: Floats | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """Parts of a change; they sum to `total` to 1e-12, in points of 0..100.

    Attributes:
        since_us: time of the final that is compared with.
        total: index now minus index then.
        level: by segment, what its scores did, float64[S].
        correlation: what the correlation of segments, or of indicators by their loadings, did; 0 for forms without.
        composition: what inputs did that came or went.
        came: indicators that count now and did not then, bool[J].
        left: those that counted then and do not now, bool[J].
    """

    since_us: int
    total: float
    level: Floats
    correlation: float
    composition: float
    came: Flags
    left: Flags


class Attribution(Step[End, Moved | None, End | None]):
    """Compares with the last final; None while there is none, or no index at either end.

    Both ends are evaluated on the common set of inputs (each with the smaller of its live shares), which gives
    indices a0 and a1. Composition is (now - a1) - (then - a0). Between a0 and a1, with Cbar the mean of both C:
    level_i = (x1 - x0)_i [Cbar (x1 + x0)]_i, correlation = [x1'(C1 - C0) x1 + x0'(C1 - C0) x0] / 2 (index-methods
    1.1); for linear forms level_i = (x1 - x0)_i; where these have loadings l that move, x(l, s) being linear in both,
    level is the mean over both loadings of what the scores did, correlation the mean over both scores of what the
    loadings did. Nothing is left over but rounding, which stays below 1e-12.
    """

    name: ClassVar[str] = "attribution"
    version: ClassVar[int] = 2
    fields: ClassVar[tuple[str, ...]] = ("_at_us", "_index", "_scores", "_live", "_correlation", "_loading")

    def __init__(self, market: Market) -> None:
        """Of a market: its segments and its form."""
        self._segments = Layout.of(market)
        self._is_quadratic = market.form == "ciss"
        j, s = len(self._segments.segment), len(self._segments.weight)
        self.layout = (market.form, j, s)
        self.commit(
            End(0, np.nan, np.full(j, np.nan), np.zeros(j), np.eye(s), np.zeros(j) if market.form == "factor" else None)
        )

    def advance(self, x: End) -> tuple[Moved | None, End | None]:
        """The split of the change from the last final to `x`; a moment without an index is not compared with."""
        then = End(self._at_us, self._index, self._scores, self._live, self._correlation, self._loading)
        known = x if np.isfinite(x.index) else None
        if not (np.isfinite(then.index) and np.isfinite(x.index)):
            return None, known
        return self._split(then, x), known

    def commit(self, change: End | None) -> None:
        """Later readings are compared with this final; None keeps the one before."""
        if change is not None:
            self._at_us, self._index, self._scores = change.at_us, change.index, change.scores
            self._live, self._correlation, self._loading = change.live, change.correlation, change.loading

    def _split(self, then: End, now: End) -> Moved:
        total = now.index - then.index
        live, (came, left) = np.empty(len(now.live)), np.empty((2, len(now.live)), np.bool_)
        if _common(then.live, now.live, live, came, left):
            composition = 0.0
        else:
            composition = (now.index - self._common(now, live)) - (then.index - self._common(then, live))
        level, correlation = self._quadratic(then, now, live) if self._is_quadratic else self._linear(then, now, live)
        return Moved(then.at_us, total, level, correlation, composition, came, left)

    def _quadratic(self, then: End, now: End, live: Floats) -> tuple[Floats, float]:
        x0, x1 = self._x(then, then, live), self._x(now, now, live)
        mean, shift = (then.correlation + now.correlation) / 2, now.correlation - then.correlation
        level = SCALE * (x1 - x0) * (mean * (x1 + x0)).sum(axis=1)
        return level, SCALE / 2 * float(((shift * x1).sum(axis=1) * x1 + (shift * x0).sum(axis=1) * x0).sum())

    def _linear(self, then: End, now: End, live: Floats) -> tuple[Floats, float]:
        x00, x11 = self._x(then, then, live), self._x(now, now, live)
        if now.loading is None:
            return SCALE * (x11 - x00), 0.0
        x01, x10 = self._x(then, now, live), self._x(now, then, live)
        level = SCALE / 2 * ((x01 - x00) + (x11 - x10))
        return level, SCALE / 2 * float(((x10 - x00) + (x11 - x01)).sum())

    def _x(self, loaded: End, scored: End, live: Floats) -> Floats:
        """X = w o s with the loadings of one end and the scores of the other, over the common inputs, float64[S]."""
        return weighted(blend(self._segments, scored.scores, live, loaded.loading))

    def _common(self, end: End, live: Floats) -> float:
        """The index of the common inputs at one end; 0 when there are none."""
        b = blend(self._segments, end.scores, live, end.loading)
        if not b.known:
            return 0.0
        value = quadratic(self._segments, b, end.correlation) if self._is_quadratic else linear(self._segments, b)
        return value.index


@compiled
def _common(then: Floats, now: Floats, live: Floats, came: Flags, left: Flags) -> bool:
    """The smaller live shares, into `live`, who came and left, and whether both ends have the same shares."""
    same = True
    for k in range(len(live)):
        live[k] = min(then[k], now[k])
        came[k], left[k] = then[k] == 0 < now[k], now[k] == 0 < then[k]
        same = same and then[k] == now[k]
    return same
