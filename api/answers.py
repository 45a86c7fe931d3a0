"""The answers of the REST interface. Canonical bytes are spliced in as they were published, never encoded again."""

from __future__ import annotations

from typing import Any, TypeVar, cast

import msgspec

from models.registry.store import Version
from schemas.reading import Details, IndicatorRow, Matrix, Reading
from schemas.scores import Anomaly, Drift, Forecast, ModelRow, Regime

T = TypeVar("T")


def raw(kind: type[T], body: bytes) -> T:
    """Canonical bytes where a `kind` is declared; they are encoded as they are (`kind` is for the type checker)."""
    return cast("T", msgspec.Raw(body))


class IndicatorDefinition(msgspec.Struct):
    """An indicator of a market: its kind, the instruments it is computed of, and its weight, 0 if only watched."""

    name: str
    kind: str
    of: list[str]
    weight: float = 1.0


class SegmentDefinition(msgspec.Struct):
    """A segment of a market, its relative weight and its indicators."""

    name: str
    weight: float
    indicators: list[IndicatorDefinition]


class InstrumentDefinition(msgspec.Struct):
    """An instrument of a market."""

    name: str
    kind: str
    unit: str
    why: str


class Definition(msgspec.Struct):
    """A market as its flow published it; durations are microseconds, or the word `session` or `period`.

    Attributes:
        edition: which edition of the market this is: a changed file is published beside the old one, as `us@2`.
        since: time of its first final, null before it.
        hours: opens and closes around now, null for a market that never closes.
    """

    name: str
    run: str | None
    title: str
    about: str
    feed: str
    calendar: str
    period: int | str
    step: int | str
    bar: int
    form: str
    horizon: str
    synthetic: bool
    version: str
    instruments: list[InstrumentDefinition]
    segments: list[SegmentDefinition]
    edition: int = 1
    since: str | None = None
    hours: list[list[str]] | None = None


class Markets(msgspec.Struct):
    """Every market that some flow publishes, by name."""

    markets: list[Definition]


class Latest(msgspec.Struct):
    """The newest reading of any kind, and the newest final; ids are null before the first.

    `as_known_at`, here and elsewhere, is the wall-clock time that was asked for, left out where none was.
    """

    market: str
    epoch: str
    id: str | None
    sent_ns: int | None
    reading: Reading | None
    final_id: str | None
    final: Reading | None
    as_known_at: str | msgspec.UnsetType = msgspec.UNSET


class Readings(msgspec.Struct):
    """One page of history, oldest first.

    Attributes:
        last: id of the last reading given, or where the page began.
        next: `cursor` of the next page, or null when there is no more for now.
    """

    market: str
    epoch: str
    readings: list[Reading]
    last: str
    next: str | None
    as_known_at: str | msgspec.UnsetType = msgspec.UNSET


class Indicators(msgspec.Struct):
    """The indicators of the last final."""

    at: str
    rows: list[IndicatorRow]


class Contributions(msgspec.Struct):
    """Points of the index by segment over time (columns of equal length), and by indicator at the last final."""

    market: str
    epoch: str
    at: list[str]
    final: list[bool]
    index: list[float | None]
    contributions: dict[str, list[float | None]]
    indicators: Indicators | None
    last: str
    next: str | None
    as_known_at: str | msgspec.UnsetType = msgspec.UNSET


class Correlations(msgspec.Struct):
    """Correlations of the last final, between segments and between instruments; volatilities are per year."""

    market: str
    at: str
    segments: Matrix
    instruments: Matrix
    volatility: dict[str, float | None]


class Forecasts(msgspec.Struct):
    """Forecasts of the last final, nearest first; the last one looks a whole `horizon` ahead."""

    market: str
    at: str
    forecasts: list[Forecast]


class Condition(msgspec.Struct):
    """Where the market is, as the last final saw it: regime, anomaly, drift of the forecasts."""

    market: str
    at: str
    regime: Regime
    anomaly: Anomaly
    drift: Drift


class Models(msgspec.Struct):
    """Every version of every model in the registry."""

    models: list[Version]


class MarketModels(msgspec.Struct):
    """The models of a market.

    Attributes:
        at: the final that they are told by.
        models: what became of each that was promoted, with its weight and live skill; none where none was.
        versions: of the market's models in the registry.
    """

    market: str
    at: str
    models: list[ModelRow]
    versions: list[Version]


class Check(msgspec.Struct):
    """Whether one server answers."""

    ok: bool
    detail: str


class Ready(msgspec.Struct):
    """Whether everything that answers need is there, and what is not."""

    status: str
    checks: dict[str, Check]
    missing: list[str]


class Fault(msgspec.Struct):
    """One parameter that cannot be used."""

    where: str
    fault: str


class ProblemDetails(msgspec.Struct):
    """RFC 9457 problem details; the log has the request under `request_id`."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    errors: list[Fault] | None = None


def correlations(details: Details) -> Correlations:
    """The correlation part of a final's details."""
    return Correlations(
        details.market, details.at, details.segment_correlation, details.instrument_correlation, details.volatility
    )


def segment_columns(readings: list[Reading]) -> dict[str, list[float | None]]:
    """Contributions by segment, one value per reading (None where a reading knows no such segment), sorted by name."""
    segments = sorted({segment for reading in readings for segment in reading.contributions})
    return {segment: [reading.contributions.get(segment) for reading in readings] for segment in segments}


def with_since(definition: bytes, since: str | None) -> bytes:
    """A definition as its flow published it, and since when there are finals, if it does not say so itself."""
    said = msgspec.json.decode(definition)
    return definition if said.get("since") else msgspec.json.encode({**said, "since": since})


def encode(answer: Any) -> bytes:
    """An answer as JSON."""
    return msgspec.json.encode(answer)
