"""The reading: what the index says at one moment, and the canonical bytes that are published and hashed."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import msgspec

from schemas.scores import Anomaly, Drift, Forecast, ModelRow, Regime

SCHEMA_VERSION = 1
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Change(msgspec.Struct, frozen=True, forbid_unknown_fields=False):
    """Exact split of `index - index of the last final`: its parts sum to `total` to 1e-12.

    Attributes:
        since: UTC time of the final that is compared with, RFC 3339.
        total: change of the index, points of 0..100.
        level: by segment, what changed because its scores did.
        correlation: what changed because segments moved more (or less) together.
        composition: what changed because inputs came or went.
    """

    since: str
    total: float
    level: dict[str, float]
    correlation: float
    composition: float


class Staleness(msgspec.Struct, frozen=True):
    """How old the inputs are: `max_s` seconds since the oldest live input, `stale` inputs left out for age."""

    max_s: float | None
    stale: int


class Reading(msgspec.Struct, frozen=True, forbid_unknown_fields=False):
    """One reading of one market.

    Attributes:
        market: name of the market, with its run after `~` if it is a replay.
        at: end of the step in event time, UTC, RFC 3339.
        final: True at the close of a period (immutable), False for "if the period ended now".
        index: 0..100, or None while there is no information.
        percentile: share of the market's past finals below this index, 0..100, or None.
        band: half-width in points of the band that holds the index nine times in ten when inputs drop out, or None;
            left out, as the next two, by releases that did not know of it, whose readings are thus spelled as then.
        above: the worst remembered day (ISO date, from the market's episodes) that it stands above, or None;
            left out in markets without episodes.
        below: the mildest remembered day that it does not stand above, likewise.
        forecast: quantiles at 5, 25, 50, 75 and 95 per cent of the index one `horizon` ahead, to 0.001, or None while
            too little is known; left out, as the next two, in markets without scores.
        regime: `calm`, `tense`, `stress` or `unknown`.
        anomaly: probability of a moment at least as unusual, to 0.0001, or None.
        level: `calm`, `normal`, `elevated`, `high` or `severe`, by percentile; `unknown` without one.
        contributions: by segment, points of the index; they sum to `index` to 1e-12.
        forms: the index by every aggregation form, 0..100 each; `form` names the headline.
        coverage: weight of live inputs, 0..1.
        flags: `warming_up`, `no_data`, `degraded`, `synthetic`, and why it may have moved that is no stress:
            `composition`, `frozen_input`, `odd_move`, `recent_gap`, `silent_input`; sorted. Details name the inputs.
        version: schema, method and market file that made it.
        models: version in force of each model that a control record promoted (the newest of them), by name; left out
            while there is none. Where the flow has a registry these are the versions that serve, else those promoted.
        prev_hash: hash of the final before this one; empty in provisional readings.
        hash: SHA-256 over the canonical bytes with this field empty; empty in provisional readings.
    """

    market: str
    at: str
    final: bool
    index: float | None
    percentile: float | None
    level: str
    form: str
    contributions: dict[str, float]
    forms: dict[str, float | None]
    change: Change | None
    coverage: float
    staleness: Staleness
    flags: list[str]
    version: str
    band: float | msgspec.UnsetType | None = msgspec.UNSET
    above: str | msgspec.UnsetType | None = msgspec.UNSET
    below: str | msgspec.UnsetType | None = msgspec.UNSET
    models: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    forecast: list[float] | msgspec.UnsetType | None = msgspec.UNSET
    regime: str | msgspec.UnsetType = msgspec.UNSET
    anomaly: float | msgspec.UnsetType | None = msgspec.UNSET
    prev_hash: str = ""
    hash: str = ""


class IndicatorRow(msgspec.Struct, frozen=True):
    """One indicator of a final: raw value, score 0..1, contribution in index points, age of its inputs in seconds."""

    name: str
    segment: str
    kind: str
    raw: float | None
    score: float | None
    contribution: float
    weight: float
    age_s: float | None


class Matrix(msgspec.Struct, frozen=True):
    """A symmetric matrix with the names of its rows; None where nothing is known."""

    names: list[str]
    values: list[list[float | None]]


class Details(msgspec.Struct, frozen=True):
    """What lies behind a final: indicators, correlations, annualised volatilities, stale inputs, reasons, scores.

    `instrument_correlation` is empty in a market of more than 100 instruments. `reasons` are sentences on inputs that
    are odd by their own past, or that came or left; left out by releases that did not know of them. `remarks` are those
    of the period, text by name; left out where nobody made one. Forecasts (one period ahead, and one `horizon` where
    that is another), regime, anomaly and drift are left out in markets without scores, and models where a control
    record has promoted none.
    """

    market: str
    at: str
    indicators: list[IndicatorRow]
    segment_correlation: Matrix
    instrument_correlation: Matrix
    volatility: dict[str, float | None]
    stale: list[str]
    version: str
    reasons: list[str] | msgspec.UnsetType = msgspec.UNSET
    remarks: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    forecast: list[Forecast] | msgspec.UnsetType = msgspec.UNSET
    regime: Regime | msgspec.UnsetType = msgspec.UNSET
    anomaly: Anomaly | msgspec.UnsetType = msgspec.UNSET
    drift: Drift | msgspec.UnsetType = msgspec.UNSET
    models: list[ModelRow] | msgspec.UnsetType = msgspec.UNSET


class BarRow(msgspec.Struct, frozen=True):
    """One merged bar of one instrument; `end` is its end in UTC, RFC 3339."""

    instrument: str
    end: str
    open: float
    high: float
    low: float
    close: float
    volume: float
    count: int
    realized_variance: float


class Bars(msgspec.Struct, frozen=True):
    """The bars that one step closed, by end and instrument."""

    market: str
    at: str
    bars: list[BarRow]


@lru_cache(maxsize=1024)  # the bars of a day end at few times, and a reading says its own thrice
def rfc3339(at_us: int) -> str:
    """Microseconds since 1970 (UTC) as RFC 3339; fractions only where there are some."""
    moment = EPOCH + timedelta(microseconds=at_us)
    return moment.isoformat(timespec="auto").replace("+00:00", "Z")


def parse_rfc3339(text: str) -> int:
    """RFC 3339 time as microseconds since 1970 (UTC).

    Raises:
        ValueError: no such time, or one without a zone.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        msg = f"{text!r} has no time zone: write 2024-05-01T12:00:00Z"
        raise ValueError(msg)
    return (moment - EPOCH) // timedelta(microseconds=1)


def parse_when(text: str) -> int:
    """A time or a date that somebody asks for, as the first whole millisecond at or after it; a date is its midnight.

    Raises:
        ValueError, OverflowError: no such time, or one without a zone.
    """
    return max(-(-parse_rfc3339(text + "T00:00:00Z" if len(text) == 10 else text) // 1_000), 0)


def entry_id(at_us: int, final: bool) -> str:
    """Redis stream id of a reading: `<step_end_ms>-<0 provisional | 1 final>`."""
    return f"{at_us // 1000}-{int(final)}"


def canonical(value: msgspec.Struct) -> bytes:
    """The one spelling of a value: fields in their order, shortest floats, no spaces, UTF-8."""
    return msgspec.json.encode(value)


def seal(reading: Reading, prev_hash: str) -> Reading:
    """A final with its place in the hash chain: its hash covers everything it says and the hash before it."""
    chained = msgspec.structs.replace(reading, prev_hash=prev_hash, hash="")
    return msgspec.structs.replace(chained, hash=hashlib.sha256(canonical(chained)).hexdigest())


def decode_reading(raw: bytes | str) -> Reading:
    """Reading from its canonical bytes; fields of later schema versions are ignored.

    Raises:
        msgspec.DecodeError: not a reading.
    """
    try:
        return msgspec.json.decode(raw, type=Reading)
    except (UnicodeDecodeError, RecursionError) as error:  # msgspec lets these through as they are
        raise msgspec.DecodeError(str(error)) from error
