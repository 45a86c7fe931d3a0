"""All scores of a market as one step: forecasts, regime, anomaly, drift."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from models.anomaly import Anomaly, AnomalyWatch
from models.change_points import ChangePoint, ChangePoints
from models.ensemble.forecaster import Forecast, Forecaster
from models.features import Schema, moment_of
from models.online.drift import Drift, DriftWatch
from models.regime import Regime, RegimeFilter
from models.registry.fits import Wanted
from models.serving.crew import Crew, Post
from models.serving.seats import Shelf
from models.signals.index import IndexState
from models.signals.step import State, Step
from models.surprises import Surprise, Surprises
from models.window import FeatureWindow
from schemas.market import Market


@dataclass(frozen=True, slots=True)
class Scores:
    """What is said of one moment.

    Attributes:
        forecasts: one period ahead and, where that is another, one horizon ahead; the last one is the headline.
        regime: where the market is.
        anomaly: how unusual the moment is.
        change: whether forecast errors have changed.
        drift: whether learners should be told so.
        surprises: what each model says that watches for anomalies.
        posts: what became of each model that a control record promoted.
    """

    forecasts: tuple[Forecast, ...]
    regime: Regime
    anomaly: Anomaly
    change: ChangePoint
    drift: Drift
    surprises: tuple[Surprise, ...] = ()
    posts: tuple[Post, ...] = ()


@dataclass(frozen=True, slots=True)
class Scored:
    """A state of the index with its scores; None in markets that want none."""

    state: IndexState
    scores: Scores | None

    @property
    def final(self) -> bool:
        """Whether it closes its period."""
        return self.state.final


class Unscored(Step[IndexState, Scored, None]):
    """The scores of a market that wants none."""

    name: ClassVar[str] = "unscored"

    def advance(self, x: IndexState) -> tuple[Scored, None]:
        """The state as it is."""
        return Scored(x, None), None

    def commit(self, change: None) -> None:
        """Nothing to learn."""


class Scoring(Step[IndexState, Scored, tuple[Any, ...]]):
    """The window of features, and everything that reads it.

    Detectors of drift and change see the errors of the forecast one period ahead, standardised: never the index.
    A moment without an index, or of a period without data, is scored by what is known and teaches nothing. Models that
    control records have promoted sit beside our own learners; a market without any has the state, and the bytes, of one
    that never heard of them.
    """

    name: ClassVar[str] = "scores"
    parts: ClassVar[tuple[str, ...]] = ("window", "regime", "anomaly", "change", "drift")
    guests: ClassVar[tuple[str, ...]] = ("crew", "surprises")
    """Parts that are saved once a model was promoted."""

    def __init__(self, market: Market, shelf: Shelf | None = None) -> None:
        """Of a market; models come from the shelf."""
        schema = Schema.of(market)
        ahead = tuple(sorted({1, market.horizon_periods}))
        self.layout = (schema.hash, *ahead)
        self.window = FeatureWindow(market)
        self.regime = RegimeFilter(schema)
        self.anomaly = AnomalyWatch(market)
        self.change = ChangePoints()
        self.drift = DriftWatch()
        self.crew = Crew(Wanted(market.name, schema.hash, ahead), shelf)
        self.surprises = Surprises(market)
        self._forecasters = tuple(Forecaster(schema, periods) for periods in ahead)

    def advance(self, x: IndexState) -> tuple[Scored, tuple[Any, ...]]:
        """Everything that is said of the moment."""
        (seats, posts), of_crew = self.crew.advance(x.indications.observation.window.models)
        seen, of_window = self.window.advance(moment_of(x))
        seen = replace(seen, seats=seats) if seats else seen
        said = [forecaster.advance(seen) for forecaster in self._forecasters]
        forecasts = tuple(forecast for forecast, _ in said)
        regime, of_regime = self.regime.advance(seen)
        surprises, of_surprises = self.surprises.advance(seen)
        anomaly, of_anomaly = self.anomaly.advance(seen)
        anomaly = anomaly.beside(np.array([one.probability for one in surprises if one.used]))
        change, of_change = self.change.advance(forecasts[0].surprise)
        drift, of_drift = self.drift.advance(forecasts[0].surprise)
        scores = Scores(forecasts, regime, anomaly, change, drift, surprises, posts)
        own = (of_window, of_regime, of_anomaly, of_change, of_drift, of_crew, of_surprises)
        return Scored(x, scores), (own, tuple(of_forecast for _, of_forecast in said))

    def commit(self, change: tuple[Any, ...]) -> None:
        """Everybody learns."""
        own, of_forecasts = change
        for name, one in zip((*self.parts, *self.guests), own, strict=True):
            getattr(self, name).apply(one)
        for forecaster, one in zip(self._forecasters, of_forecasts, strict=True):
            forecaster.apply(one)

    def snapshot(self) -> State:
        """With the forecasters', nearest first, and the models', if there are any."""
        found = super().snapshot() | {"forecasters": tuple(f.snapshot() for f in self._forecasters)}
        if not self.crew.posts:
            return found
        return found | {name: getattr(self, name).snapshot() for name in self.guests}

    def restore(self, state: State) -> None:
        """Continues every part.

        Raises:
            StateVersionError: another schema or horizon, or one of the parts refuses.
        """
        super().restore(state)
        for name in self.guests:
            if name in state:
                getattr(self, name).restore(state[name])
        for forecaster, own in zip(self._forecasters, state["forecasters"], strict=True):
            forecaster.restore(own)


def scoring(market: Market, shelf: Shelf | None = None) -> Scoring | Unscored:
    """The step that a market's file asks for."""
    return Scoring(market, shelf) if market.scores.enabled else Unscored()
