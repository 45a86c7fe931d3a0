"""Quantile regressions by River: one linear model for each level, under the pinball loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

import numpy as np

from models.features import Schema
from models.online.linear import BOUND, WARM_UP, RiverStep, used
from models.online.question import Lesson, Question
from models.signals.step import Floats

LABEL: Final = "river_quantile"


class QuantileModels(RiverStep):
    """Linear quantiles of the standardised change (Koenker and Bassett 1978) by stochastic gradient.

    One scaler, one model a level. The answer is float64[1, Q], change in points, sorted; NaN (asleep) before 60
    lessons.
    """

    name: ClassVar[str] = "quantile"

    def __init__(self, schema: Schema, levels: Sequence[float]) -> None:
        """Of a schema of features, for levels within 0..1."""
        from river import linear_model, optim, preprocessing  # noqa: PLC0415 (a market without scores does not wait for River)

        heads = [
            linear_model.LinearRegression(
                optimizer=optim.SGD(0.002), loss=optim.losses.Quantile(level), l2=0.002, intercept_lr=0.02
            )
            for level in levels
        ]
        super().__init__(schema, used(schema), (preprocessing.StandardScaler(), heads))
        self.layout += tuple(levels)
        self._count = len(heads)

    def advance(self, x: Question) -> tuple[Floats, Lesson | None]:
        """Quantiles of the change, points."""
        if self.lessons < WARM_UP or not x.scale > 0:
            return np.full((1, self._count), np.nan), x.lesson
        scaler, heads = self._river.model
        features = scaler.transform_one(self.dictionary(x.now))
        said = np.array([[head.predict_one(features) for head in heads]])
        return x.scale * np.clip(np.sort(said, axis=1), -BOUND, BOUND), x.lesson

    def learn(self, features: dict[str, float], label: float) -> None:
        """The scaler learns first, then each level."""
        scaler, heads = self._river.model
        scaler.learn_one(features)
        scaled = scaler.transform_one(features)
        for head in heads:
            head.learn_one(scaled, label)
