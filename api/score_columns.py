"""Scores over time as columns: of every final's details only what belongs to scores is decoded."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from schemas.scores import ExpertRow, Forecast, Scored

_Columns = dict[str, list[float | None]]

STATES = ("calm", "tense", "stress")


class CoverageColumns(msgspec.Struct, frozen=True):
    """Share of labels within an interval that promises `nominal`, 0..1, at every time."""

    nominal: float
    overall: list[float | None]
    stress: list[float | None]


class Scores(msgspec.Struct, frozen=True):
    """What finals said of the future and of the unusual: columns of equal length, oldest first.

    Attributes:
        periods: how far the forecasts look ahead (a whole `horizon`), null where there is none.
        skill: of the ensemble against persistence.
        skills: of each expert; null while it sleeps or has too few labels.
        weights: of each expert in the ensemble, 0..1.
        labels: forecasts whose outcome was known.
        regime: `calm`, `tense`, `stress` or `unknown`; `probabilities` are of each state.
        change: probability that forecast errors changed within the last 5 labels.
        anomaly: probability of a moment at least as unusual.
        drifts: how often drift was found until then; it grows where it was found.
        last, next: as in `readings`.
    """

    market: str
    epoch: str
    periods: int | None
    at: list[str]
    skill: list[float | None]
    skills: dict[str, list[float | None]]
    weights: dict[str, list[float | None]]
    coverage: list[CoverageColumns]
    labels: list[int]
    regime: list[str | None]
    probabilities: dict[str, list[float | None]]
    change: list[float | None]
    anomaly: list[float | None]
    drifts: list[int]
    last: str
    next: str | None


def decoded(bodies: Sequence[bytes]) -> list[Scored]:
    """What each final's details say of scores; those of a market without scores say nothing and are left out."""
    decoder = msgspec.json.Decoder(Scored)
    return [scored for body in bodies if (scored := decoder.decode(body)).forecast is not None]


def columns(market: str, epoch: str, finals: list[Scored], last: str, following: str | None) -> Scores:
    """Finals in order as columns; the forecast is the one that looks a whole horizon ahead."""
    ahead = [_ahead(final) for final in finals]
    return Scores(
        market,
        epoch,
        next((forecast.periods for forecast in reversed(ahead) if forecast is not None), None),
        [final.at for final in finals],
        [None if forecast is None else forecast.skill for forecast in ahead],
        _by_expert(ahead, lambda row: row.skill),
        _by_expert(ahead, lambda row: row.weight),
        _coverage(ahead),
        [0 if forecast is None else forecast.labels[0] for forecast in ahead],
        [None if final.regime is None else final.regime.name for final in finals],
        {state: [_probability(final, state) for final in finals] for state in STATES},
        [None if final.regime is None else final.regime.change for final in finals],
        [None if final.anomaly is None else final.anomaly.probability for final in finals],
        [0 if final.drift is None else sum(final.drift.counts.values()) for final in finals],
        last,
        following,
    )


def _ahead(final: Scored) -> Forecast | None:
    return final.forecast[-1] if final.forecast else None


def _by_expert(
    ahead: list[Forecast | None], value: Callable[[ExpertRow], float | None]
) -> dict[str, list[float | None]]:
    """A column of each expert, in the order of the newest forecast; None where a forecast does not know it."""
    rows = [{} if forecast is None else {row.name: row for row in forecast.experts} for forecast in ahead]
    names = dict.fromkeys(name for known in reversed(rows) for name in known)
    return {name: [value(known[name]) if name in known else None for known in rows] for name in names}


def _coverage(ahead: list[Forecast | None]) -> list[CoverageColumns]:
    rows = [{} if forecast is None else {row.nominal: row for row in forecast.coverage} for forecast in ahead]
    nominals = sorted({nominal for known in rows for nominal in known}, reverse=True)
    return [
        CoverageColumns(
            nominal,
            [known[nominal].overall if nominal in known else None for known in rows],
            [known[nominal].stress if nominal in known else None for known in rows],
        )
        for nominal in nominals
    ]


def _probability(final: Scored, state: str) -> float | None:
    return None if final.regime is None else final.regime.probabilities.get(state)
