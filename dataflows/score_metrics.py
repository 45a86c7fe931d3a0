"""What the last final says of the future and of the unusual, as gauges."""

from __future__ import annotations

import math
from typing import Final

import msgspec

from dataflows import metrics
from dataflows.entries import Entry
from schemas.scores import Forecast, Scored, skill_against

STATES: Final = ("calm", "tense", "stress", "unknown")
_READINGS, _DETAILS = 1, 3


class _Versions(msgspec.Struct):
    models: dict[str, str] = {}


class ScoreGauges:
    """The gauges of one market."""

    def __init__(self, market: str) -> None:
        self._market = market
        self._models: dict[str, str] = {}

    def observe(self, entries: list[Entry]) -> None:
        """Shows the newest final among the entries; nothing of readings between finals."""
        details = next((entry for entry in reversed(entries) if entry.channel == _DETAILS), None)
        if details is not None:
            self._details(msgspec.json.decode(details.body, type=Scored))
        final = next((entry for entry in reversed(entries) if entry.kind == "final"), None)
        if final is not None:
            self._versions(msgspec.json.decode(final.body, type=_Versions).models)

    def _details(self, scored: Scored) -> None:
        for forecast in scored.forecast or ():
            self._forecast(forecast)
        if scored.regime is not None:
            for state in STATES:
                metrics.IN_FORCE.labels(self._market, state).set(state == scored.regime.name)
            for state, probability in scored.regime.probabilities.items():
                metrics.REGIME.labels(self._market, state).set(probability)
            metrics.CHANGE.labels(self._market).set(scored.regime.change)
        if scored.anomaly is not None:
            metrics.ANOMALY.labels(self._market).set(_number(scored.anomaly.probability))
        if scored.drift is not None:
            for detector, count in scored.drift.counts.items():
                metrics.DRIFT.labels(self._market, detector).set(count)

    def _forecast(self, forecast: Forecast) -> None:
        periods = str(forecast.periods)
        metrics.SKILL.labels(self._market, periods, "persistence").set(_number(forecast.skill))
        metrics.SKILL.labels(self._market, periods, "har").set(_number(skill_against(forecast, "har")))
        for row in forecast.coverage:
            of = metrics.COVERAGE.labels
            of(self._market, periods, str(row.nominal), "overall").set(_number(row.overall))
            of(self._market, periods, str(row.nominal), "stress").set(_number(row.stress))
        for expert in forecast.experts:
            metrics.WEIGHT.labels(self._market, periods, expert.name).set(expert.weight)

    def _versions(self, models: dict[str, str]) -> None:
        """A version that is no longer in force goes."""
        for model, version in self._models.items():
            if models.get(model) != version:
                metrics.MODEL.remove(self._market, model, version)
        for model, version in models.items():
            metrics.MODEL.labels(self._market, model, version).set(1)
        self._models = models


def _number(value: float | None) -> float:
    return math.nan if value is None else value
