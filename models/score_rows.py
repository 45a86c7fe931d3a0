"""Scores spelled out: in short for readings, in full for details."""

from __future__ import annotations

import math
from typing import Any, Final

from msgspec import UNSET

from models.ensemble.forecaster import Forecast as Said
from models.ensemble.levels import LEVELS, SHOWN
from models.ensemble.record import Standing
from models.online.drift import DETECTORS
from models.regime import STATES
from models.registry.aliases import ordered
from models.scores import Scores
from models.serving.crew import Post
from models.serving.seats import counts, name_of
from models.signals.step import Floats
from schemas.scores import Anomaly, Coverage, Drift, ExpertRow, Forecast, ModelRow, Regime

NOMINAL: Final = (0.9, 0.5)


def short(scores: Scores | None) -> dict[str, Any]:
    """Fields `forecast`, `regime`, `anomaly` and, where a registry is looked at, `models` of a reading."""
    if scores is None:
        return {}
    serving = {post.label: post.version for post in scores.posts if post.version}
    quantiles = known(scores.forecasts[-1].quantiles[list(SHOWN)])
    chance = scores.anomaly.probability
    return {
        "forecast": None if quantiles is None else [round(q, 3) for q in quantiles],
        "regime": scores.regime.name,
        "anomaly": round(chance, 4) if math.isfinite(chance) else None,
    } | ({"models": serving or UNSET} if scores.posts else {})


def full(scores: Scores | None) -> dict[str, Any]:
    """Fields `forecast`, `regime`, `anomaly`, `drift` and `models` of details; none without scores."""
    if scores is None:
        return {}
    return {
        "forecast": [_forecast(one) for one in scores.forecasts],
        "regime": _regime(scores),
        "anomaly": Anomaly(*map(number, (scores.anomaly.probability, scores.anomaly.trees, scores.anomaly.turbulence))),
        "drift": _drift(scores),
        "models": [_model(post, scores) for post in scores.posts] or UNSET,
    }


def known(values: Floats) -> list[float] | None:
    """Values within 0..100 that are all known, else None."""
    listed: list[float] = values.tolist()
    return listed if math.isfinite(sum(listed)) else None  # one that is unknown makes the sum so


def number(value: float) -> float | None:
    """None for what is not known: JSON has no NaN."""
    return value if math.isfinite(value) else None


def _forecast(said: Said) -> Forecast:
    standing = said.standing
    return Forecast(
        periods=said.periods,
        levels=list(LEVELS),
        quantiles=known(said.quantiles),
        skill=number(float(standing.skill[-1])),
        coverage=_coverage(standing),
        labels=list(standing.labels),
        experts=[
            ExpertRow(name, weight, number(skill), known(quantiles))
            for name, weight, skill, quantiles in zip(
                said.names, said.weights.tolist(), standing.skill[:-1].tolist(), said.experts, strict=True
            )
        ],
    )


def _coverage(standing: Standing) -> list[Coverage]:
    overall, stress = standing.coverage.tolist()
    return [Coverage(n, number(a), number(b)) for n, a, b in zip(NOMINAL, overall, stress, strict=True)]


def _regime(scores: Scores) -> Regime:
    regime, change = scores.regime, scores.change
    probabilities = dict(zip(STATES, regime.probability.tolist(), strict=True))
    return Regime(regime.name, regime.dwell, probabilities, change.recent, change.run)


def _drift(scores: Scores) -> Drift:
    drift = scores.drift
    return Drift(
        list(drift.found), dict(zip(DETECTORS, drift.counts.tolist(), strict=True)), drift.since, drift.retrain
    )


def _model(post: Post, scores: Scores) -> ModelRow:
    """A post with what the forecasts and the watch say of whoever holds it."""
    forecast = next((f for f in scores.forecasts if post.version and post.label in f.names), None)
    watch = next((s for s in scores.surprises if s.label == post.label), None)
    place = -1 if forecast is None else forecast.names.index(post.label)
    kind = ("forecast" if post.periods else "anomaly") if post.version else None
    return ModelRow(
        name=name_of(post.label),
        role="champion" if counts(post.label) else "challenger",
        ordered=ordered(post.order),
        version=post.version or None,
        kind=kind,
        periods=post.periods,
        reason=post.reason or None,
        weight=None if forecast is None else float(forecast.weights[place]),
        skill=None if forecast is None else number(float(forecast.standing.skill[place])),
        surprise=None if watch is None else number(watch.surprise),
        probability=None if watch is None else number(watch.probability),
    )
