"""What an Arrow IPC stream weighs, read from its headers before anything of it is inflated.

A kilobyte of lz4 may claim a terabyte, and Arrow reserves what is claimed. The framing and the tables are those of
https://arrow.apache.org/docs/format/Columnar.html (Encapsulated message format; Message.fbs of format version 1),
and FlatBuffers' own: a table begins with the distance back to its list of fields, a reference is a distance onwards.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_INT32, _UINT16, _UINT32, _INT64 = (struct.Struct(f"<{kind}").unpack_from for kind in "iHIq")
_CONTINUES: Final = -1
"""Before the length of a message's header, since version 0.15; streams of before have the length at once."""

_AS_IT_IS: Final = -1
"""In place of the true length of a buffer in a compressed batch: this one is not compressed."""

_RECORDS: Final = 3
_WITH_BODY: Final = (2, _RECORDS)
"""Kinds of messages: dictionaries and records."""

_MESSAGE_KIND, _MESSAGE_HEADER, _MESSAGE_BODY = 1, 2, 3
_DICTIONARY_DATA: Final = 1
_BATCH_ROWS, _BATCH_BUFFERS, _BATCH_COMPRESSION = 0, 2, 3
_MOST_FIELDS: Final = 4
"""Places of fields in their tables, and how many of a table are looked at."""


@dataclass(frozen=True, slots=True)
class Weight:
    """A stream's size, once it is read.

    Attributes:
        rows: of all batches of records.
        names: of all batches of dictionaries.
        inflated: bytes of all bodies, once they are decompressed.
    """

    rows: int
    names: int
    inflated: int


def weigh(raw: bytes) -> Weight:
    """Weighs a stream; costs a few microseconds a batch, whatever the batch claims.

    Raises:
        ValueError: its headers make no sense.
    """
    rows = names = inflated = 0
    try:
        for kind, batch, body in _batches(raw):
            fields = _fields(raw, batch)
            length = _length(raw, batch + at) if (at := fields[_BATCH_ROWS]) else 0
            rows, names = (rows + length, names) if kind == _RECORDS else (rows, names + length)
            if at := fields[_BATCH_BUFFERS]:
                inflated += _inflated(raw, _follow(raw, batch + at), body, bool(fields[_BATCH_COMPRESSION]))
    except (struct.error, IndexError) as error:
        msg = f"a header points outside of the record: {error}"
        raise ValueError(msg) from error
    return Weight(rows, names, inflated)


def _batches(raw: bytes) -> Iterator[tuple[int, int, int]]:
    """Kind, table and body of each message that has a body; their positions in the record."""
    here, end = 0, len(raw) - 4
    while here <= end:
        length = _INT32(raw, here)[0]
        here += 4
        if length == _CONTINUES:
            length = _INT32(raw, here)[0]
            here += 4
        if length <= 0:
            return  # the end of the stream
        message, body = _follow(raw, here), here + length
        fields = _fields(raw, message)
        kind = raw[message + fields[_MESSAGE_KIND]] if fields[_MESSAGE_KIND] else 0
        if kind in _WITH_BODY:
            yield kind, _batch(raw, kind, _follow(raw, message + fields[_MESSAGE_HEADER])), body
        here = body + (_length(raw, message + fields[_MESSAGE_BODY]) if fields[_MESSAGE_BODY] else 0)


def _batch(raw: bytes, kind: int, header: int) -> int:
    """Position of the batch's table: the header itself, or what the header of a dictionary refers to."""
    return header if kind == _RECORDS else _follow(raw, header + _fields(raw, header)[_DICTIONARY_DATA])


def _inflated(raw: bytes, vector: int, body: int, compressed: bool) -> int:
    """Bytes of a batch's buffers: each compressed one begins with its true length, -1 where it was left as it is."""
    count = _UINT32(raw, vector)[0]
    places = struct.unpack_from(f"<{2 * count}q", raw, vector + 4)
    if not compressed:
        return sum(places[1::2])
    total = 0
    for offset, length in zip(places[::2], places[1::2], strict=True):
        if length:
            claimed = _INT64(raw, body + offset)[0]
            total += length if claimed == _AS_IT_IS else _length(raw, body + offset)
    return total


def _fields(raw: bytes, table: int) -> tuple[int, ...]:
    """Distances from a table to its fields in their order, 0 for those it leaves out."""
    start = table - _INT32(raw, table)[0]
    if start < 0:
        msg = "a header points before the record"
        raise ValueError(msg)
    known = _UINT16(raw, start)[0] // 2 - 2
    given = struct.unpack_from(f"<{min(max(known, 0), _MOST_FIELDS)}H", raw, start + 4)
    return given + (0,) * (_MOST_FIELDS - len(given))


def _follow(raw: bytes, at: int) -> int:
    """Where a reference points."""
    return at + int(_UINT32(raw, at)[0])


def _length(raw: bytes, at: int) -> int:
    """A length, which nothing but nonsense makes negative."""
    found = int(_INT64(raw, at)[0])
    if found < 0:
        msg = f"a length of {found}"
        raise ValueError(msg)
    return found
