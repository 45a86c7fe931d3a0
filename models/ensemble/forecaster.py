"""The forecast of the index some finals ahead: experts, intervals, weights, guard, and their record."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Final, NamedTuple

import numpy as np

from models.ensemble.boa import Boa, Gathering, Judged
from models.ensemble.guard import GENTLE, PACE, Came, Guard
from models.ensemble.guests import Brought, Guests, Invitation, ModelGuests, Seated
from models.ensemble.intervals import Asked, Errors, Intervals
from models.ensemble.levels import LEVELS, MEDIAN
from models.ensemble.record import STRESS, Outcome, Record, Standing
from models.ensemble.seating import PARTS, carried, moves
from models.features import Schema
from models.online import har, linear
from models.online import quantiles as direct_quantiles
from models.online.har import RecursiveHar
from models.online.labels import Issued, LabelQueue
from models.online.linear import LinearModels
from models.online.quantiles import QuantileModels
from models.online.question import Lesson, Question
from models.serving.seats import counts
from models.signals.step import Flags, Floats, State, Step
from models.window import Seen

PERSISTENCE: Final = "persistence"
POINTS: Final = (PERSISTENCE, *har.LABELS, *linear.LABELS)
"""Experts that give a middle; their own past errors give the quantiles."""

EXPERTS: Final = (*POINTS, direct_quantiles.LABEL)
ENSEMBLE: Final = "ensemble"

NEWCOMER: Final = 0.25
"""Prior weight of a guest beside our own experts, which all have 1."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """The index `periods` finals ahead.

    Attributes:
        periods: how far ahead.
        names: of the experts, K of them.
        quantiles: of the index then at `LEVELS`, 0..100, sorted, float64[Q]; NaN while too little is known.
        experts: the same of each expert, float64[K, Q]; NaN where it sleeps.
        weights: of each expert, mean over the levels, float64[K], sum 1.
        standing: skill of experts and, last, of the ensemble, and coverage.
        surprise: what came, less the median of the forecast that came due, in its scale; NaN without one.
        issued: the forecast that came due with this moment: for evaluation.
        change: what came of it, points; NaN without one.
    """

    periods: int
    names: tuple[str, ...]
    quantiles: Floats
    experts: Floats
    weights: Floats
    standing: Standing
    surprise: float
    issued: Issued | None
    change: float


class _Asked(NamedTuple):
    """What the experts say: middles and scales of those that give a middle, rows of quantiles and scales of all.

    `used` are those that may have a weight.
    """

    centres: Floats
    own: Floats
    rows: Floats
    scales: Floats
    used: Flags


class Forecaster(Step[Seen, Forecast, tuple[Any, ...] | None]):
    """One horizon.

    A forecast that comes due with the moment teaches first: HAR, intervals, guard and weights answer with the lesson
    learned, River's models with it from the next final on. A moment without an index gives no forecast.
    """

    name: ClassVar[str] = "forecaster"
    parts: ClassVar[tuple[str, ...]] = (
        "labels", "har", "linear", "quantile", "guests", "intervals", "boa", "guard", "record"
    )  # fmt: skip

    def __init__(self, schema: Schema, periods: int, guests: Guests | None = None) -> None:
        """Of a schema of features, so many finals ahead; guests stand behind our own experts."""
        self._schema, self._periods = schema, periods
        self.guests = ModelGuests(periods) if guests is None else guests
        self.har = RecursiveHar(schema)
        self.linear = LinearModels(schema)
        self.quantile = QuantileModels(schema, LEVELS)
        self.intervals = Intervals(len(POINTS))
        self._sit(self.guests.seated)

    def _sit(self, seated: Seated) -> None:
        """Makes the parts that know rows, for these guests."""
        self._seated = seated
        self._names = (*EXPERTS, *(label for label, _ in seated))
        rows = len(self._names) + 1
        self.layout = (self._schema.hash, self._periods, self._names)
        self.labels = LabelQueue(self._periods, rows)
        self.boa = Boa(tuple(map(_prior, self._names)))
        self.guard = Guard((PACE,) * len(self._names) + (GENTLE,))
        self.record = Record(rows)

    def advance(self, x: Seen) -> tuple[Forecast, tuple[Any, ...] | None]:
        """The forecast from this moment on."""
        due = self.labels.due if x.moment.learns else None
        change = math.nan if due is None else x.moment.index - due.level
        asked, of_experts = self._asked(x, due, change)
        offset, of_guard = self.guard.advance(None if due is None else Came(due.unsorted, change))
        moved = asked.rows + asked.scales[:, None] * offset[:-1]
        rows = np.sort(moved, axis=1)
        weights, of_boa = self.boa.advance(Gathering(np.isfinite(rows[:, 0]) & asked.used, _judged(due, change)))
        unsorted = np.vstack([moved, _mixed(weights, rows) + asked.scales[0] * offset[-1]])
        quantiles = np.sort(unsorted, axis=1)
        standing, of_record = self.record.advance(None if due is None else Outcome(due.quantiles, change, due.stress))
        issued = self._issued(x, asked, quantiles, unsorted, weights)
        index = x.moment.index
        forecast = Forecast(
            self._periods, self._names, _levels(quantiles[-1], index), _levels(rows, index), weights.mean(axis=1),
            standing, _surprise(due, change), due, change,
        )  # fmt: skip
        changes = (issued, *of_experts, of_boa, of_guard, of_record)
        return forecast, changes if x.moment.learns else None

    def commit(self, change: tuple[Any, ...] | None) -> None:
        """Everybody learns; the new forecast waits for its label."""
        if change is not None:
            for name, own in zip(self.parts, change, strict=True):
                getattr(self, name).apply(own)
            if self.guests.seated != self._seated:
                self._reseat()

    def restore(self, state: State) -> None:
        """Continues with the rows that the state has.

        Raises:
            StateVersionError: of another schema or horizon, or one of the parts refuses.
        """
        if isinstance(self.guests, ModelGuests):
            self._sit(tuple(state.get("guests", {}).get("seated", ())))
        super().restore(state)

    def _reseat(self) -> None:
        """Rows of the guests that stay are carried over, others come or go."""
        before = {name: getattr(self, name).snapshot() for name in PARTS}
        of = moves(len(EXPERTS), self._seated, self.guests.seated)
        self._sit(self.guests.seated)
        for name in PARTS:
            part = getattr(self, name)
            part.restore(carried(name, before[name], part.snapshot(), of))

    def _asked(self, x: Seen, due: Issued | None, change: float) -> tuple[_Asked, tuple[Any, ...]]:
        """What every expert says, with the lesson learned, and their changes in the order of `parts`."""
        lesson = None if due is None else Lesson(due.raw, due.now, change, float(due.scales[0]))
        question = Question(x.raw, x.now, self.intervals.scale_of(0), lesson)
        of_har, har_change = self.har.advance(question)
        of_linear, linear_change = self.linear.advance(question)
        centres = np.concatenate([[0.0], of_har, of_linear])
        direct, quantile_change = self.quantile.advance(question)
        brought, guests_change = self.guests.advance(Invitation(x, question.scale))
        errors = None if due is None else Errors(change - due.centres, due.scales)
        spread, intervals_change = self.intervals.advance(Asked(centres, errors))
        rows = np.concatenate([spread.quantiles, direct, brought.rows])
        scales = np.append(spread.scale, np.full(len(rows) - len(spread.scale), spread.scale[0]))
        changes = (har_change, linear_change, quantile_change, guests_change, intervals_change)
        return _Asked(centres, spread.scale, rows, scales, _used(brought)), changes

    def _issued(self, x: Seen, asked: _Asked, quantiles: Floats, unsorted: Floats, weights: Floats) -> Issued:
        """The forecast as it waits for its label."""
        at_us, level, stress = x.moment.at_us, x.moment.index, x.moment.percentile >= STRESS
        return Issued(at_us, level, x.raw, x.now, asked.own, asked.centres, quantiles, unsorted, weights, stress)


def _prior(expert: str) -> float:
    """Weight to begin with; none for who runs in the shadow."""
    if expert in EXPERTS:
        return 1.0
    return NEWCOMER if counts(expert) else 0.0


def _used(brought: Brought) -> Flags:
    return np.concatenate([np.ones(len(EXPERTS), np.bool_), brought.used])


def _mixed(weights: Floats, rows: Floats) -> Floats:
    """Weighted means of the rows that are awake, float64[Q]; NaN if none is."""
    mixture: Floats = np.where(weights > 0, weights * rows, 0.0).sum(axis=0)
    return np.where(weights.sum(axis=0) > 0, mixture, np.nan)


def _judged(due: Issued | None, change: float) -> Judged | None:
    if due is None or not due.scales[0] > 0:
        return None
    rows = due.quantiles[:-1].copy()
    rows[len(EXPERTS) :][~due.weights[len(EXPERTS) :].any(axis=1)] = np.nan  # who was not used has nothing to gain
    return Judged(rows, _mixed(due.weights, rows), change, float(due.scales[0]))


def _surprise(due: Issued | None, change: float) -> float:
    return math.nan if due is None else float((change - due.quantiles[-1, MEDIAN]) / due.scales[0])


def _levels(change: Floats, index: float) -> Floats:
    """Quantiles of the change as quantiles of the index, which stays within 0..100."""
    return np.clip(index + change, 0.0, 100.0)
