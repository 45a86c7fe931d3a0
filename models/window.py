"""The window of features: the last finals and the current moment, each normalised by what was known then."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from models.features import LENGTH, Moment, Schema, features_of, levels_of
from models.serving.seats import Seat
from models.signals.compiled import compiled
from models.signals.step import Floats, Step
from schemas.market import Market

BOUND: Final = 6.0
"""Normalised features are cut here: one print must not throw a linear model."""

WARM_UP: Final = 20
"""Finals before a feature is normalised; it is 0 until then."""

_Change = tuple[Floats, Floats, Floats] | None


@dataclass(frozen=True, slots=True)
class Seen:
    """A moment with its features.

    Attributes:
        moment: the moment.
        raw: its features, float64[F]; NaN where unknown.
        rows: normalised features of the last 49 finals (zeros before the first) and of this moment, float64[50, F].
        seats: models that are asked of it beside our own learners.
    """

    moment: Moment
    raw: Floats
    rows: Floats
    seats: tuple[Seat, ...] = ()

    @property
    def now(self) -> Floats:
        """Normalised features of the moment itself, float64[F]."""
        row: Floats = self.rows[-1]
        return row


class FeatureWindow(Step[Moment, Seen, _Change]):
    """A ring of normalised features.

    Each feature is (x - mean) / sd of all finals before (Welford), cut at 6; 0 where it is unknown, does not vary, or
    has been seen fewer than 20 times. A row is normalised once, at its own time, and never again: what a model was
    trained on is what it is served.
    """

    name: ClassVar[str] = "window"
    fields: ClassVar[tuple[str, ...]] = ("rows", "levels", "moments")

    def __init__(self, market: Market) -> None:
        """Of a market."""
        schema = Schema.of(market)
        self.layout = (schema.hash,)
        width, segments = len(schema.names), len(market.segment)
        self.rows: Floats = np.zeros((LENGTH - 1, width))
        self.levels: Floats = np.full((LENGTH - 1, 3 + segments), np.nan)
        """What changes are taken from, newest last."""
        self.moments: Floats = np.zeros((3, width))
        """Count, mean and sum of squared distances of each feature."""

    def advance(self, x: Moment) -> tuple[Seen, _Change]:
        """The window with the moment at its end."""
        raw = features_of(x, self.levels)
        row = normalised(raw, self.moments)
        rows = np.concatenate([self.rows, row[None]])
        change = (row, levels_of(x), raw) if x.learns else None
        return Seen(x, raw, rows), change

    def commit(self, change: _Change) -> None:
        """A final enters; one without data does not."""
        if change is None:
            return
        row, levels, raw = change
        self.rows = np.concatenate([self.rows[1:], row[None]])
        self.levels = np.concatenate([self.levels[1:], levels[None]])
        self.moments = learned(raw, self.moments)


@compiled
def normalised(raw: Floats, moments: Floats) -> Floats:
    """Features in deviations from their own past, float64[F], cut at `BOUND`; 0 where that says nothing."""
    row = np.zeros(len(raw))
    for k in range(len(raw)):
        count, mean = moments[0, k], moments[1, k]
        spread = np.sqrt(moments[2, k] / max(count - 1, 1.0))
        if count >= WARM_UP and spread > 1e-9 * max(abs(mean), 1e-9) and np.isfinite(raw[k]):
            row[k] = min(max((raw[k] - mean) / spread, -BOUND), BOUND)
    return row


@compiled
def learned(raw: Floats, moments: Floats) -> Floats:
    """Count, mean and sum of squares with one more row (Welford 1962); NaN teaches nothing."""
    found = moments.copy()
    for k in range(len(raw)):
        if np.isfinite(raw[k]):
            found[0, k] += 1
            distance = raw[k] - found[1, k]
            found[1, k] += distance / found[0, k]
            found[2, k] += distance * (raw[k] - found[1, k])
    return found


def windows(market: Market, moments: Iterable[Moment]) -> Iterator[Seen]:
    """The windows of a history, for training: the same step that serves, fed the same moments."""
    step = FeatureWindow(market)
    for moment in moments:
        yield step.update(moment) if moment.final else step.peek(moment)
