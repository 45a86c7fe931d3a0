"""JSON records to columns: the friendly lane. One object a record, or several lines.

A run of records is decoded in one go. That is safe because records are joined by line feeds, begin with `{` and end
with `}`: two halves of broken records cannot join to something whole without a comma or a colon at the seam.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from schemas.instruments import Instruments
from schemas.rejects import Reason, UnreadableError
from schemas.ticks import NO_SEQ, BarBatch, TickBatch

_Int = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
_NAN: Final = float("nan")


class JsonTick(msgspec.Struct, gc=False):
    """One tick as JSON; unknown fields are ignored."""

    instrument: str
    ts_us: _Int
    price: float | None = None
    size: float | None = None
    bid: float | None = None
    ask: float | None = None
    seq: _Int | None = None


class JsonBar(msgspec.Struct, gc=False):
    """One ready-made bar as JSON."""

    instrument: str
    start_us: _Int
    end_us: _Int
    open: float
    high: float
    low: float
    close: float
    available_us: _Int | None = None
    volume: float | None = None
    count: _Int | None = None


class JsonTock(msgspec.Struct):
    """Time as data: its partition has reached this event time (microseconds, UTC)."""

    ts_us: _Int


@dataclass(frozen=True, slots=True)
class Decoded:
    """Ticks of several records.

    Attributes:
        batch: the ticks that could be read, in order.
        record: for each tick, which record it came from (position in the input), int64[n].
        bad: records that could not be read: (position, reason, note).
    """

    batch: TickBatch
    record: npt.NDArray[np.int64]
    bad: list[tuple[int, Reason, str]]


_BROKEN: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises: for wrong text, for text that is not UTF-8, for text that is nested too deeply."""

_ticks: Final = msgspec.json.Decoder(JsonTick)
_bars: Final = msgspec.json.Decoder(JsonBar)
_tock: Final = msgspec.json.Decoder(JsonTock)


def decode_ticks(values: list[bytes], instruments: Instruments) -> Decoded:
    """Ticks of a run of JSON records, at full speed as long as each is one good object."""
    joined = b"\n".join(values)
    whole = joined[:1] == b"{" and joined[-1:] == b"}"
    if whole and joined.count(b"\n") == joined.count(b"}\n{") == len(values) - 1:
        try:
            ticks = _ticks.decode_lines(joined)
        except _BROKEN:
            ticks = []
        if len(ticks) == len(values):
            return Decoded(_columns(ticks, instruments), np.arange(len(values)), [])
    return _one_by_one(values, instruments)


def _one_by_one(values: list[bytes], instruments: Instruments) -> Decoded:
    """The careful way: each record for itself, so that a bad one spoils nothing."""
    ticks: list[JsonTick] = []
    record: list[int] = []
    bad: list[tuple[int, Reason, str]] = []
    for position, value in enumerate(values):
        try:
            lines = _lines(value, _ticks)
        except UnreadableError as error:
            bad.append((position, error.reason, str(error)))
            continue
        ticks += lines
        record += [position] * len(lines)
    return Decoded(_columns(ticks, instruments), np.array(record, np.int64), bad)


def _lines(value: bytes, decoder: Any) -> list[Any]:
    """The objects of one record, one a line.

    Raises:
        UnreadableError: there is no line, or one is no JSON object, lacks a field, or has one of another type.
    """
    lines = [line for line in value.split(b"\n") if line.strip()]
    if not lines:
        raise UnreadableError(Reason.EMPTY, "a record without an object")
    try:
        return [decoder.decode(line) for line in lines]
    except msgspec.ValidationError as error:
        raise UnreadableError(Reason.WRONG_TYPE, str(error)) from error
    except _BROKEN as error:
        raise UnreadableError(Reason.MALFORMED, str(error)) from error


def decode_bars(value: bytes, instruments: Instruments) -> BarBatch:
    """Bars of one JSON record.

    Raises:
        UnreadableError: as for ticks.
    """
    bars: list[JsonBar] = _lines(value, _bars)
    return BarBatch(
        np.array([instruments.code(b.instrument) for b in bars], np.int32),
        np.array([b.start_us for b in bars], np.int64),
        np.array([b.end_us for b in bars], np.int64),
        np.array([b.end_us if b.available_us is None else b.available_us for b in bars], np.int64),
        np.array([b.open for b in bars], np.float64),
        np.array([b.high for b in bars], np.float64),
        np.array([b.low for b in bars], np.float64),
        np.array([b.close for b in bars], np.float64),
        np.array([b.volume or 0.0 for b in bars], np.float64),
        np.array([b.count or 0 for b in bars], np.int64),
    )


def decode_tock(value: bytes) -> int:
    """Event time of a tock, microseconds since 1970 (UTC).

    Raises:
        UnreadableError: no tock.
    """
    return int(single(value, _tock).ts_us)


def single(value: bytes, decoder: Any) -> Any:
    """The one object of a record.

    Raises:
        UnreadableError: it is none, or not the only one.
    """
    lines = _lines(value, decoder)
    if len(lines) != 1:
        raise UnreadableError(Reason.MALFORMED, f"{len(lines)} objects where one is expected")
    return lines[0]


def encode_tock(ts_us: int) -> bytes:
    """A tock as JSON."""
    return msgspec.json.encode(JsonTock(ts_us))


def _columns(ticks: list[JsonTick], instruments: Instruments) -> TickBatch:
    count, codes = len(ticks), instruments.codes
    code = np.fromiter((codes.get(t.instrument, -1) for t in ticks), np.int32, count)
    for row in np.flatnonzero(code < 0):
        code[row] = instruments.code(ticks[row].instrument)
    return TickBatch(
        code,
        np.fromiter((t.ts_us for t in ticks), np.int64, count),
        _floats(ticks, "price", _NAN),
        _floats(ticks, "size", 0.0),
        _floats(ticks, "bid", _NAN),
        _floats(ticks, "ask", _NAN),
        np.fromiter((NO_SEQ if t.seq is None else t.seq for t in ticks), np.int64, count),
    )


def _floats(ticks: list[JsonTick], name: str, absent: float) -> npt.NDArray[np.float64]:
    values = [getattr(t, name) for t in ticks]
    return np.array([absent if v is None else v for v in values], np.float64)
