"""Samples for the steps that score: what the laws feed them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np

from models.anomaly import AnomalyWatch
from models.change_points import ChangePoints
from models.ensemble.boa import Boa, Gathering, Judged
from models.ensemble.forecaster import Forecaster
from models.ensemble.guard import Came, Guard
from models.ensemble.guests import Invitation, ModelGuests
from models.ensemble.intervals import KEPT, Asked, Errors, Intervals
from models.ensemble.levels import LEVELS
from models.ensemble.record import Outcome, Record
from models.features import Moment, Schema
from models.online.drift import DriftWatch
from models.online.har import RecursiveHar
from models.online.labels import Issued, LabelQueue
from models.online.linear import LinearModels
from models.online.quantiles import QuantileModels
from models.online.question import Lesson, Question
from models.regime import RegimeFilter
from models.registry.fits import Wanted
from models.serving.crew import Crew
from models.signals.orders import Pairs
from models.signals.step import Floats
from models.surprises import Surprises, SurpriseTail
from models.window import FeatureWindow, Seen, windows
from tests.laws import AnyStep, Sample
from tests.models import fake_models, tape

PERIOD_US = 10 * tape.SECOND


@cache
def made(finals: int = 160, seed: int = 4) -> tuple[Moment, ...]:
    """An index that wanders and has a bad fortnight, with a period without data now and then."""
    rng = np.random.default_rng(seed)
    level, found = 20.0, []
    for n in range(finals):
        push = 4.0 if 90 <= n < 100 else 0.0
        level = float(np.clip(0.97 * level + 0.6 + push + rng.standard_normal(), 0.5, 99))
        share = rng.dirichlet([4.0, 3.0, 2.0])
        scores = np.where(rng.random(3) < 0.03, np.nan, np.clip(level / 100 + 0.05 * rng.standard_normal(3), 0, 1))
        found.append(
            Moment(
                tape.START + n * PERIOD_US, final=True, learns=n % 17 != 3, index=level, percentile=level,
                scores=scores, contributions=level * share, volatility=-9 + level / 30, segment_correlation=0.4,
                correlation=float(rng.uniform(0.1, 0.6)), coverage=1.0,
            )
        )  # fmt: skip
    return tuple(found)


def wild() -> Sequence[Moment]:
    """An index that jumps between its bounds, with numbers as odd as an index state can have."""
    sizes = [0.0, 100.0, 5e-324, 50.0, 1e-300]
    return [
        Moment(
            tape.START + n, final=True, learns=n % 3 > 0, index=sizes[n % 5], percentile=np.nan,
            scores=np.full(3, n % 2), contributions=np.array([sizes[n % 5], 0.0, 0.0]),
            volatility=(-1400.0, 1400.0, np.nan)[n % 3],
            segment_correlation=(-1.0, 1.0)[n % 2], correlation=np.nan, coverage=1e-300,
        )
        for n in range(30)
    ]  # fmt: skip


SCHEMA = Schema.of(tape.market())


def seen() -> Sequence[Seen]:
    """What the window makes of it."""
    return [x for x in windows(tape.market(), made()) if x.moment.learns]


def wildly_seen() -> Sequence[Seen]:
    """And of the odd ones."""
    return list(windows(tape.market(), wild()))


def questions(of: Sequence[Seen]) -> Sequence[Question]:
    """A question at each moment, with the lesson of the one before."""
    found = [Question(of[0].raw, of[0].now, np.nan, None)]
    for before, x in pairwise(of):
        change = x.moment.index - before.moment.index
        found.append(Question(x.raw, x.now, 1.0, Lesson(before.raw, before.now, change, 1.0)))
    return found


def _quantiles(rng: np.random.Generator, rows: int) -> Floats:
    """Rows of which some sleep."""
    found = np.sort(rng.standard_normal((rows, len(LEVELS))), axis=1)
    found[rng.random(rows) < 0.2] = np.nan
    return found


def issued(n: int) -> Issued:
    """A forecast on its way."""
    rng = np.random.default_rng(n)
    quantiles = _quantiles(rng, 3)
    return Issued(
        tape.START + n, float(n), rng.random(5), rng.random(5), np.ones(3), np.zeros(3), quantiles, quantiles[:, ::-1],
        np.full((2, len(LEVELS)), 0.5), stress=n % 2 > 0,
    )  # fmt: skip


def _asked(size: float, finals: int = 2 * KEPT) -> Sequence[Asked]:
    rng = np.random.default_rng(1)
    found = [Asked(np.zeros(2), None)]
    for _ in range(finals):
        error = np.where(rng.random(2) < 0.1, np.nan, size * rng.standard_normal(2))
        found.append(Asked(size * rng.standard_normal(2), Errors(error, np.full(2, max(size, 1e-6)))))
    return found


def _gatherings(size: float) -> Sequence[Gathering]:
    rng = np.random.default_rng(2)
    found = [Gathering(np.ones(4, np.bool_), None)]
    for n in range(120):
        rows = size * _quantiles(rng, 4)
        judged = Judged(rows, np.nanmean(np.vstack([rows, np.zeros(len(LEVELS))]), axis=0), size * (n % 5 - 2), 1.0)
        found.append(Gathering(np.isfinite(rows[:, 0]), judged))
    return found


def _came(size: float) -> Sequence[Came | None]:
    rng = np.random.default_rng(3)
    return [None, *(Came(size * _quantiles(rng, 3), size * rng.standard_normal()) for _ in range(120))]


def _outcomes(size: float) -> Sequence[Outcome | None]:
    return [None] + [Outcome(c.quantiles, c.change, n % 4 == 0) for n, c in enumerate(_came(size)) if c]


def _errors(size: float) -> Sequence[float]:
    rng = np.random.default_rng(5)
    return [math.nan if n % 11 == 0 else size * float(rng.standard_normal()) for n in range(600)]


@cache
def _longer_seen() -> Sequence[Seen]:
    """Long enough for the half-space trees to speak."""
    return [x for x in windows(tape.market(), made(400)) if x.moment.learns]


WATCHED = tape.market(scores={"enabled": True}, horizon="20s")
"""Forecasts one and two finals ahead."""

ORDERS = (
    (), (("lstm", "1:1"),), (("lstm", "1:1"), ("vae", "1:1"), ("far", "1:1")),
    (("vae", "1:1"), ("far", "1:1"), ("lstm", "2:2"), ("lstm:challenger", "1:3")), (("gru", "1:1"), ("lstm", "2:2")),
)  # fmt: skip
"""What control records say, one after the other; the last but one is the longest."""


SHELF = fake_models.shelf(WATCHED, horizon=2)


def _crew() -> Crew:
    return Crew(Wanted(WATCHED.name, SCHEMA.hash, (1, 2)), SHELF)


def _orders() -> Sequence[Pairs]:
    return [ORDERS[n // 10 % len(ORDERS)] for n in range(120)]


def _seated(of: Sequence[Seen]) -> Sequence[Seen]:
    """With models that come, are swapped and go."""
    crew = _crew()
    return [replace(x, seats=crew.update(ORDERS[n // 12 % len(ORDERS)]).seats) for n, x in enumerate(of)]


def _invited() -> Sequence[Invitation]:
    return [Invitation(x, 1.0 if n % 7 else math.nan) for n, x in enumerate(_seated(seen()))]


def _wildly_invited() -> Sequence[Invitation]:
    return [Invitation(x, 1e-300 if n % 2 else 1e100) for n, x in enumerate(_seated(wildly_seen()))]


def named() -> dict[type[AnyStep], Sample]:
    """By class."""
    m = tape.market()
    asked, oddly = lambda: questions(seen()), lambda: questions(wildly_seen())
    return {
        FeatureWindow: Sample(lambda: FeatureWindow(m), made, wild),
        RecursiveHar: Sample(lambda: RecursiveHar(SCHEMA), asked, oddly),
        LinearModels: Sample(lambda: LinearModels(SCHEMA), asked, oddly),
        QuantileModels: Sample(lambda: QuantileModels(SCHEMA, LEVELS), asked, oddly),
        LabelQueue: Sample(
            lambda: LabelQueue(3, 3), lambda: [issued(n) for n in range(30)], lambda: [issued(n) for n in range(9)]
        ),
        Intervals: Sample(lambda: Intervals(2), lambda: _asked(1.0), lambda: _asked(1e100, 60)),
        Guard: Sample(lambda: Guard((0.02, 0.02, 0.005)), lambda: _came(1.0), lambda: _came(1e300)),
        Boa: Sample(lambda: Boa((1.0, 1.0, 0.2, 0.2)), lambda: _gatherings(1.0), lambda: _gatherings(1e100)),
        Record: Sample(lambda: Record(3), lambda: _outcomes(1.0), lambda: _outcomes(1e100)),
        DriftWatch: Sample(DriftWatch, lambda: _errors(1.0), lambda: _errors(1e300)),
        ChangePoints: Sample(ChangePoints, lambda: _errors(1.0), lambda: _errors(1e300)),
        RegimeFilter: Sample(lambda: RegimeFilter(SCHEMA), seen, wildly_seen),
        AnomalyWatch: Sample(lambda: AnomalyWatch(m), _longer_seen, wildly_seen),
        ModelGuests: Sample(lambda: ModelGuests(1), _invited, _wildly_invited),
        Forecaster: Sample(lambda: Forecaster(SCHEMA, 2), lambda: _seated(seen()), lambda: _seated(wildly_seen())),
        Crew: Sample(_crew, _orders, _orders),
        SurpriseTail: Sample(lambda: SurpriseTail(20, 50), lambda: _errors(1.0), lambda: _errors(1e100)),
        Surprises: Sample(lambda: Surprises(m), lambda: _seated(seen()), lambda: _seated(wildly_seen())),
    }
