"""What readings say of the future and of the unusual: forecast, regime, anomaly, drift."""

from __future__ import annotations

import msgspec


class ExpertRow(msgspec.Struct, frozen=True):
    """One expert of a forecast.

    Attributes:
        name: of the expert; `persistence` says "as now".
        weight: in the ensemble, mean over the levels; all sum to 1.
        skill: 1 - loss / loss of persistence on the same occasions, lately, or None with too few labels.
        quantiles: of the index, at the forecast's levels, or None while it sleeps.
    """

    name: str
    weight: float
    skill: float | None
    quantiles: list[float] | None


class Coverage(msgspec.Struct, frozen=True):
    """Share of labels that came within an interval of the ensemble, or None with fewer than 60 labels.

    Attributes:
        nominal: what the interval promises, 0..1.
        overall: share of all labels.
        stress: share of the labels of forecasts made at or above the index's 90th percentile.
    """

    nominal: float
    overall: float | None
    stress: float | None


class Forecast(msgspec.Struct, frozen=True):
    """The index some periods ahead.

    Attributes:
        periods: how far ahead, periods of the market that have an index.
        levels: of the quantiles, 0..1.
        quantiles: of the index then, 0..100, or None while too little is known.
        skill: of the ensemble against persistence, lately, or None.
        coverage: of its 90 and 50 per cent intervals.
        labels: forecasts whose outcome is known, and how many of them were made in stress.
        experts: who was asked.
    """

    periods: int
    levels: list[float]
    quantiles: list[float] | None
    skill: float | None
    coverage: list[Coverage]
    labels: list[int]
    experts: list[ExpertRow]


class Regime(msgspec.Struct, frozen=True):
    """Where the market is.

    Attributes:
        name: `calm`, `tense` or `stress`; `unknown` while the index has no percentile.
        dwell: finals since it was entered.
        probabilities: of each state, filtered.
        change: probability that the distribution of forecast errors changed within the last 5 labels.
        run: most probable number of labels since it last did; 399 stands for more.
    """

    name: str
    dwell: int
    probabilities: dict[str, float]
    change: float
    run: int


class Anomaly(msgspec.Struct, frozen=True):
    """How unusual the moment is.

    Attributes:
        probability: of one at least as unusual, 0..1, or None during the warm-up.
        trees: score of the half-space trees, 0..1.
        turbulence: logarithm of the mean squared distance of the segments' joint move, 0 on an average day.
    """

    probability: float | None
    trees: float | None
    turbulence: float | None


class Drift(msgspec.Struct, frozen=True):
    """Whether forecast errors are still what they were, as of the label before this one.

    Attributes:
        found: detectors that fired at the last label.
        counts: how often each has fired.
        since: labels since one fired.
        retrain: why models should be trained anew, `drift` or `schedule`, or None.
    """

    found: list[str]
    counts: dict[str, int]
    since: int
    retrain: str | None


class ModelRow(msgspec.Struct, frozen=True):
    """A model that a control record promoted, and how it does.

    Attributes:
        name: of the model.
        role: `champion`, which is used, or `challenger`, which is only judged.
        ordered: version that was promoted last, or None where somebody retired it.
        version: that serves, or None: nobody does.
        kind: `forecast`, `anomaly`, or None where nothing is known of it.
        periods: finals ahead that it forecasts; 0 for one that watches for anomalies.
        reason: why the version that was ordered does not serve, in one word, or None.
        weight: in the ensemble, mean over the levels, or None where it is no forecast.
        skill: 1 - loss / loss of persistence on the same occasions, lately, or None with too few labels.
        surprise: of one that watches, in its own units, or None asleep.
        probability: of a surprise at least as large among those of its past, or None.
    """

    name: str
    role: str
    ordered: str | None
    version: str | None
    kind: str | None
    periods: int
    reason: str | None
    weight: float | None
    skill: float | None
    surprise: float | None
    probability: float | None


class Scored(msgspec.Struct, frozen=True):
    """The part of a final's details that scores are in, for whoever needs no more: the matrices are skipped.

    All are None in markets without scores.
    """

    at: str
    forecast: list[Forecast] | None = None
    regime: Regime | None = None
    anomaly: Anomaly | None = None
    drift: Drift | None = None


def skill_against(forecast: Forecast, yardstick: str) -> float | None:
    """Skill of the ensemble against one of its experts: 1 - loss / loss of that expert.

    Both skills are against persistence on the same occasions, so its loss cancels. None where either is not known.
    """
    theirs = next((row.skill for row in forecast.experts if row.name == yardstick), None)
    if forecast.skill is None or theirs is None or theirs >= 1.0:
        return None
    return 1.0 - (1.0 - forecast.skill) / (1.0 - theirs)
