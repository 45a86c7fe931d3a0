"""Scores spelled out: in short for readings, in full for details."""

from __future__ import annotations

import math
from typing import Any, Final

from models.ensemble.forecaster import Forecast as Said
from models.ensemble.levels import LEVELS, SHOWN
from models.ensemble.record import Standing
from models.online.drift import DETECTORS
from models.regime import STATES
from models.scores import Scores
from models.signals.step import Floats
from schemas.scores import Anomaly, Coverage, Drift, ExpertRow, Forecast, Regime

NOMINAL: Final = (0.9, 0.5)


def short(scores: Scores | None) -> dict[str, Any]:
    """Fields `forecast`, `regime` and `anomaly` of a reading; none without scores."""
    if scores is None:
        return {}
    quantiles = known(scores.forecasts[-1].quantiles[list(SHOWN)])
    chance = scores.anomaly.probability
    return {
        "forecast": None if quantiles is None else [round(q, 3) for q in quantiles],
        "regime": scores.regime.name,
        "anomaly": round(chance, 4) if math.isfinite(chance) else None,
    }


def full(scores: Scores | None) -> dict[str, Any]:
    """Fields `forecast`, `regime`, `anomaly` and `drift` of details; none without scores."""
    if scores is None:
        return {}
    return {
        "forecast": [_forecast(one) for one in scores.forecasts],
        "regime": _regime(scores),
        "anomaly": Anomaly(*map(number, (scores.anomaly.probability, scores.anomaly.trees, scores.anomaly.turbulence))),
        "drift": _drift(scores),
    }


def known(values: Floats) -> list[float] | None:
    """Values that are all known, else None."""
    listed: list[float] = values.tolist()
    return listed if all(map(math.isfinite, listed)) else None


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
