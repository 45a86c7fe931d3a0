"""Decodes stream entries to table rows; what cannot be decoded becomes a refusal with its reason. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from api.archive.ids import Id
from schemas.reading import EPOCH, parse_rfc3339

Channel = Literal["readings", "bars", "details"]
Reason = Literal["no_body", "malformed", "bad_time", "bad_id", "bad_sent_ns", "deleted", "other_bytes"]

BODY_FIELD: Final[dict[Channel, bytes]] = {"readings": b"reading", "bars": b"bars", "details": b"details"}
_MAX_MS: Final = 2**63 - 1
_MAX_SEQ: Final = 2**31 - 1


class ReadingColumns(msgspec.Struct, frozen=True):
    """The parts of a reading that have a column; the rest stays in its canonical bytes."""

    at: str
    final: bool
    index: float | None
    percentile: float | None
    coverage: float


class _TimedColumns(msgspec.Struct, frozen=True):
    at: str


_READING = msgspec.json.Decoder(ReadingColumns)
_TIMED = msgspec.json.Decoder(_TimedColumns)


@dataclass(frozen=True, slots=True)
class Stream:
    """One channel of one market, and its name in Redis."""

    name: str
    market: str
    channel: Channel


@dataclass(frozen=True, slots=True)
class Row:
    """One entry as it is archived; `columns` only for readings, times in UTC, `sent_ns` since 1970."""

    id: Id
    at: datetime
    body: bytes
    sent_ns: int
    columns: ReadingColumns | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """An entry that is not archived as a row, with its reason and whatever body it had."""

    id: Id
    reason: Reason
    body: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive entries of one stream, to be committed with the position behind the last of them."""

    stream: Stream
    epoch: str
    last: Id
    rows: Sequence[Row]
    refusals: Sequence[Refusal]


def decode(channel: Channel, position: Id, fields: Mapping[bytes, bytes] | None) -> Row | Refusal:
    """An entry as a row. `fields` is None where Redis delivers an entry that was deleted before it was read."""
    if fields is None:
        return Refusal(position, "deleted", b"")
    body = fields.get(BODY_FIELD[channel])
    if body is None:
        return Refusal(position, "no_body", msgspec.json.encode({repr(k): repr(v) for k, v in fields.items()}))
    if position[0] > _MAX_MS or position[1] > _MAX_SEQ:
        return Refusal(position, "bad_id", body)
    try:
        columns = _READING.decode(body) if channel == "readings" else _TIMED.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Refusal(position, "malformed", body)
    return _row(position, fields, body, columns)


def _row(
    position: Id, fields: Mapping[bytes, bytes], body: bytes, columns: ReadingColumns | _TimedColumns
) -> Row | Refusal:
    try:
        at = EPOCH + timedelta(microseconds=parse_rfc3339(columns.at))
    except (ValueError, OverflowError):
        return Refusal(position, "bad_time", body)
    sent = fields.get(b"sent_ns", b"0")
    if not sent.isdigit() or int(sent) > _MAX_MS:
        return Refusal(position, "bad_sent_ns", body)
    return Row(position, at, body, int(sent), columns if isinstance(columns, ReadingColumns) else None)


def batch(stream: Stream, epoch: str, entries: Sequence[tuple[Id, Mapping[bytes, bytes] | None]]) -> Batch:
    """The batch of consecutive `entries` (at least one), in the order of their ids."""
    decoded = [decode(stream.channel, position, fields) for position, fields in entries]
    rows = [one for one in decoded if isinstance(one, Row)]
    refusals = [one for one in decoded if isinstance(one, Refusal)]
    ms, seq = entries[-1][0]
    return Batch(stream, epoch, (min(ms, _MAX_MS), min(seq, _MAX_MS)), rows, refusals)
