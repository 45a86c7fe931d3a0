"""What learners are shown of one moment of a market: its features by name, from the state of the index."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from models.signals.correlation import BASE
from models.signals.index import IndexState
from models.signals.schedule import YEAR_US
from models.signals.step import Floats
from schemas.duration import DAY_US
from schemas.market import Market

VERSION: Final = 1
"""Raised whenever the same input would give other features."""

LENGTH: Final = 50
"""Rows that sequence models see: 49 finals and the current moment."""

LAGS: Final = (1, 5, 22)
"""Periods over which changes are taken: a day, a week and a month of sessions (Corsi 2009)."""

_WEEK_US: Final = 7 * DAY_US


@dataclass(frozen=True, slots=True)
class Moment:
    """A state of the index in short: all that scores are made of.

    Attributes:
        at_us: end of the window, microseconds since 1970 (UTC).
        final: whether it closes its period.
        learns: whether its period had data: others are looked at and never learned.
        index: 0..100; NaN without information.
        percentile: of the index among its own finals, 0..100; NaN during their warm-up.
        scores: scores of the segments, float64[S], 0..1; NaN where missing.
        contributions: of the segments, points of the index, float64[S].
        volatility: mean over instruments of the logarithm of their variance per period; NaN without any.
        segment_correlation: mean of the segments' correlations; NaN where there is none.
        correlation: mean of the instruments' correlations.
        coverage: weight of the inputs that are live, 0..1.
    """

    at_us: int
    final: bool
    learns: bool
    index: float
    percentile: float
    scores: Floats
    contributions: Floats
    volatility: float
    segment_correlation: float
    correlation: float
    coverage: float


def moment_of(x: IndexState) -> Moment:
    """The moment that a state of the index is."""
    correlations = x.indications.correlations
    observation = x.indications.observation
    known = math.isfinite(x.index)
    return Moment(
        at_us=observation.window.at_us,
        final=x.final,
        learns=observation.learns and known,
        index=x.index,
        percentile=x.percentile,
        scores=x.aggregates.blend.score,
        contributions=x.aggregates.value.by_segment,
        volatility=_mean_log(correlations.volatilities.variance),
        segment_correlation=_off_diagonal(x.aggregates.correlation),
        correlation=_off_diagonal(correlations.matrix[BASE]),
        coverage=x.coverage,
    )


def _mean_log(variance: Floats) -> float:
    positive = variance[variance > 0]
    return float(np.log(positive).mean()) if len(positive) else math.nan


def _off_diagonal(matrix: Floats) -> float:
    """Mean of the known entries beside the diagonal."""
    known = np.isfinite(matrix)
    np.fill_diagonal(known, val=False)
    return float(matrix[known].mean()) if known.any() else math.nan


@dataclass(frozen=True, slots=True)
class Schema:
    """Names of the features in their order; models are trained for one schema and refuse another.

    Attributes:
        segments: names of the segments.
    """

    segments: tuple[str, ...]

    @classmethod
    def of(cls, market: Market) -> Schema:
        """The schema of a market."""
        return cls(tuple(s.name for s in market.segment))

    @property
    def names(self) -> tuple[str, ...]:
        """Names, F of them."""
        changes = tuple(f"change_{lag}" for lag in LAGS)
        distances = tuple(f"above_mean_{lag}" for lag in LAGS[1:])
        levels = ("index", "log_index", "volatility", "segment_correlation", "correlation", "coverage")
        moved = ("volatility_change", "correlation_change")
        by_segment = tuple(f"{what}.{s}" for what in ("score", "contribution", "moved") for s in self.segments)
        return (*levels, *changes, *distances, *moved, *by_segment, *CALENDAR)

    @property
    def hash(self) -> str:
        """SHA-256 over version, length and names, in hexadecimal."""
        return hashlib.sha256("\n".join([str(VERSION), str(LENGTH), *self.names]).encode()).hexdigest()


CALENDAR: Final = ("day_sin", "day_cos", "week_sin", "week_cos", "year_sin", "year_cos")


def levels_of(x: Moment) -> Floats:
    """What is remembered of a final to take changes from: index, volatility, correlation, scores; float64[3 + S]."""
    return np.concatenate([[x.index, x.volatility, x.segment_correlation], x.scores])


def features_of(x: Moment, past: Floats) -> Floats:
    """The features of a moment, float64[F], NaN where unknown.

    Args:
        x: the moment.
        past: `levels_of` the finals before, newest last, float64[n, 3 + S] with n >= 22, NaN before the first.
    """
    now = levels_of(x)
    changes = [x.index - float(past[-lag, 0]) for lag in LAGS]
    distances = [x.index - float(past[-lag:, 0].mean()) for lag in LAGS[1:]]
    levels = [x.index, math.log1p(max(x.index, 0.0)), x.volatility, x.segment_correlation, x.correlation, x.coverage]
    moved = now - past[-1]
    return np.concatenate([levels, changes, distances, moved[1:3], x.scores, x.contributions, moved[3:], _clock(x)])


def _clock(x: Moment) -> list[float]:
    """Where in day, week and year a moment lies (UTC)."""
    turns = [2 * math.pi * (x.at_us % cycle) / cycle for cycle in (DAY_US, _WEEK_US, YEAR_US)]
    return [wave(turn) for turn in turns for wave in (math.sin, math.cos)]
