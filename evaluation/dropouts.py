"""How often the band keeps its word: readings that lose inputs at random, against the same with all of them."""

from __future__ import annotations

import dataclasses
from typing import Any, Final

import numpy as np

from models.signals.aggregate import Aggregate, Aggregates, Scores
from models.signals.band import Band
from models.signals.forms import quadratic
from models.signals.index import IndexState
from models.signals.layout import Layout
from models.signals.step import Flags, Floats
from models.signals.zscores import HIGH, LOW
from schemas.market import Market

LOST: Final = (0.05, 0.1, 0.2, 0.3)
"""Shares of the instruments that are lost, each on its own."""

EVERY: Final = 21
"""Finals from one that is tried to the next: about a month."""

DRAWS: Final = 40
"""Random losses at each of them and each share."""


class Dropouts:
    """Tries what it is shown: an instrument is lost as if it were too old, so indicators that read it count less.

    The correlation of segments stays as it was, since one reading moves it little.
    """

    def __init__(self, market: Market, seed: int = 0) -> None:
        """Of a market; the same seed loses the same instruments."""
        indicators = [i for s in market.segment for i in s.indicator]
        reads = np.array([[i.name in one.of for one in indicators] for i in market.instrument], np.float64)
        self._reads = reads / np.array([len(one.of) for one in indicators])
        self._layout, self._form = Layout.of(market), market.form
        self._step, self._band = Aggregate(market), Band(market)
        self._rng = np.random.default_rng(seed)
        self._finals = 0
        self._tried: dict[float, list[tuple[bool, float]]] = {share: [] for share in LOST}

    def see(self, state: IndexState) -> None:
        """One final; most are passed over."""
        if not np.isfinite(state.index):
            return
        self._finals += 1
        if self._finals % EVERY:
            return
        for share, tried in self._tried.items():
            tried += [self._try(state, self._rng.random(len(self._reads)) < share) for _ in range(DRAWS)]

    def report(self) -> list[dict[str, Any]]:
        """By share: `lost`, `readings` tried, share of them whose band `held` the whole index, median half-`width`."""
        return [
            {
                "lost": share,
                "readings": len(tried),
                "held": float(np.mean([held for held, _ in tried])),
                "width": float(np.nanmedian([width for _, width in tried])),
            }
            for share, tried in self._tried.items()
            if tried
        ]

    def _try(self, state: IndexState, lost: Flags) -> tuple[bool, float]:
        """Whether the band of what is left holds the whole index, and its half-width; nothing left is not wrong."""
        found = self._without(state, 1 - lost @ self._reads)
        width = self._band.half_width(found, state.indications.age_us)
        return not abs(found.value.index - state.index) > width, width

    def _without(self, state: IndexState, left: Floats) -> Aggregates:
        whole, x = state.aggregates, state.indications
        z = LOW + (HIGH - LOW) * whole.scores
        loading = np.ones(len(z)) if whole.loading is None else whole.loading
        found = self._step.peek(Scores(whole.scores, z, whole.scores, x.live * left, loading, 1.0, True))
        if self._form != "ciss":
            return found
        return dataclasses.replace(found, value=quadratic(self._layout, found.blend, whole.correlation))
