"""River's linear models behind two verbs, score and learn."""

from __future__ import annotations

from typing import Any, ClassVar, Final

import numpy as np

from models.features import Schema
from models.online.question import Lesson, Question
from models.online.stamped import RIVER, Stamped
from models.signals.step import Floats, Step

LABELS: Final = ("river_sgd", "river_pa", "river_bayes")

WARM_UP: Final = 60
"""Lessons before they are asked."""

BOUND: Final = 8.0
"""Standardised labels are cut here."""


def used(schema: Schema) -> tuple[str, ...]:
    """Features that linear models read: level, changes, distances, and what moved; no calendar, no doublets."""
    own = ("index", "change_1", "change_5", "change_22", "above_mean_5", "above_mean_22")
    joint = ("volatility", "volatility_change", "segment_correlation", "correlation_change")
    return (*own, *joint, *(f"moved.{s}" for s in schema.segments))


class RiverStep(Step[Question, Floats, Lesson | None]):
    """Any set of River models that say something of a question and learn from its lesson.

    Labels are standardised by the scale that was known when the forecast was made. River's models learn in place, so
    they learn at the commit of a final: the lesson of this final speaks from the next one on.
    """

    fields: ClassVar[tuple[str, ...]] = ("lessons", "stamped")

    def __init__(self, schema: Schema, names: tuple[str, ...], models: Any) -> None:
        """Models over some features of a schema."""
        self.layout = (RIVER, schema.hash, names)
        self._names = names
        self._places = np.array([schema.names.index(name) for name in names], np.intp)
        self._river = Stamped(models)
        self.lessons = 0

    @property
    def stamped(self) -> bytes:
        """The models as bytes."""
        return self._river.saved

    @stamped.setter
    def stamped(self, stamped: bytes) -> None:
        self._river.restore(stamped)

    def dictionary(self, now: Floats) -> dict[str, float]:
        """Features as River wants them."""
        return dict(zip(self._names, now[self._places].tolist(), strict=True))

    def commit(self, change: Lesson | None) -> None:
        """Learns what came of a forecast."""
        if change is None or not change.scale > 0:
            return
        label = min(max(change.change / change.scale, -BOUND), BOUND)
        self.learn(self.dictionary(change.now), label)
        self.lessons += 1
        self._river.learned()

    def learn(self, features: dict[str, float], label: float) -> None:
        """Learns one standardised label."""
        raise NotImplementedError


class LinearModels(RiverStep):
    """Three regressions of the standardised change: stochastic gradient, passive-aggressive, Bayesian.

    They differ in what they assume: `river_sgd` follows slowly with a small penalty, `river_pa` moves only as far as
    the last error asks (Crammer et al. 2006, with a small C), `river_bayes` shrinks by a strong prior that fades as it
    forgets (Bishop 2006, section 3.3). ALMA, which River also has, is a classifier. The answer is the expected change
    in points, float64[3], NaN (asleep) before 60 lessons.
    """

    name: ClassVar[str] = "linear"

    def __init__(self, schema: Schema) -> None:
        """Of a schema of features."""
        super().__init__(schema, used(schema), _models())

    def advance(self, x: Question) -> tuple[Floats, Lesson | None]:
        """Expected changes, points."""
        if self.lessons < WARM_UP or not x.scale > 0:
            return np.full(len(LABELS), np.nan), x.lesson
        features = self.dictionary(x.now)
        said = np.array([self._river.model[label].predict_one(features) for label in LABELS])
        return x.scale * np.clip(said, -BOUND, BOUND), x.lesson

    def learn(self, features: dict[str, float], label: float) -> None:
        """Each model learns."""
        for model in self._river.model.values():
            model.learn_one(features, label)


def _models() -> dict[str, Any]:
    """Fresh models by their labels."""
    from river import linear_model, optim, preprocessing  # noqa: PLC0415 (a market without scores does not wait for River)

    gradient = linear_model.LinearRegression(
        optimizer=optim.SGD(0.001), loss=optim.losses.Huber(1.0), l2=0.001, intercept_lr=0.001
    )
    passive = linear_model.PARegressor(C=0.0005, eps=0.1, mode=1)  # type: ignore[no-untyped-call] # without types
    return {
        "river_sgd": preprocessing.StandardScaler() | gradient,
        "river_pa": preprocessing.StandardScaler() | passive,
        "river_bayes": linear_model.BayesianLinearRegression(alpha=0.2, beta=1.0, smoothing=0.9995),
    }
