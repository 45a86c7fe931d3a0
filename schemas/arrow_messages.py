"""The messages of an Arrow IPC stream and the tables in their headers, read where they lie.

The framing and the tables are those of https://arrow.apache.org/docs/format/Columnar.html (Encapsulated message format;
Message.fbs of format version 1), and FlatBuffers' own: a table begins with the distance back to its list of fields, a
reference is a distance onwards. Positions are bytes from the beginning of the record.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

_INT32, _UINT16, _UINT32, _INT64 = (struct.Struct(f"<{kind}").unpack_from for kind in "iHIq")
_CONTINUES: Final = -1
"""Before the length of a message's header, since version 0.15; streams of before have the length at once."""

DICTIONARY, RECORDS = 2, 3
"""Kinds of messages that have a body; that of a stream's schema is 1."""

_KIND, _HEADER, _BODY = 1, 2, 3
_DICTIONARY_DATA: Final = 1
ROWS, NODES, BUFFERS, COMPRESSION = 0, 1, 2, 3
_MOST_FIELDS: Final = 4
"""Places of fields in their tables, and how many of a table are looked at."""


class Message(NamedTuple):
    """A message.

    Attributes:
        start: where it begins.
        kind: of its header.
        table: position of the table in its header.
        body: where its body begins.
        length: of its body, as it says.
        length_at: where it says so, 0 where it has none.
    """

    start: int
    kind: int
    table: int
    body: int
    length: int
    length_at: int


def message_at(raw: bytes, start: int) -> Message | None:
    """The message that begins there, None at the end of the stream.

    Raises:
        ValueError: its header makes no sense.
        struct.error, IndexError: it points outside of the record.
    """
    here = start
    length: int = _INT32(raw, here)[0]
    here += 4
    if length == _CONTINUES:
        length = _INT32(raw, here)[0]
        here += 4
    if length <= 0:
        return None
    message = follow(raw, here)
    given = fields(raw, message)
    kind = raw[message + given[_KIND]] if given[_KIND] else 0
    table = follow(raw, message + given[_HEADER]) if given[_HEADER] else message
    at = message + given[_BODY] if given[_BODY] else 0
    return Message(start, kind, table, here + length, length_at(raw, at) if at else 0, at)


def messages(raw: bytes) -> Iterator[Message]:
    """The messages of a stream in their order.

    Raises:
        ValueError, struct.error, IndexError: as `message_at`.
    """
    here, end = 0, len(raw) - 4
    while here <= end and (found := message_at(raw, here)) is not None:
        yield found
        here = found.body + found.length


def batch_of(raw: bytes, message: Message) -> int:
    """Position of the table of a batch: the header itself, or what the header of a dictionary refers to."""
    if message.kind == RECORDS:
        return message.table
    return follow(raw, message.table + fields(raw, message.table)[_DICTIONARY_DATA])


def pairs_at(raw: bytes, vector: int) -> tuple[int, ...]:
    """The numbers of a list of pairs of int64: nodes (rows, nulls) or buffers (offset, length)."""
    return struct.unpack_from(f"<{2 * _UINT32(raw, vector)[0]}q", raw, vector + 4)


def fields(raw: bytes, table: int) -> tuple[int, ...]:
    """Distances from a table to its first four fields in their order, 0 for those it leaves out.

    Raises:
        ValueError: the table makes no sense.
    """
    start = table - _INT32(raw, table)[0]
    if start < 0:
        msg = "a header points before the record"
        raise ValueError(msg)
    known = _UINT16(raw, start)[0] // 2 - 2
    given = struct.unpack_from(f"<{min(max(known, 0), _MOST_FIELDS)}H", raw, start + 4)
    return given + (0,) * (_MOST_FIELDS - len(given))


def follow(raw: bytes, at: int) -> int:
    """Where a reference points."""
    return at + int(_UINT32(raw, at)[0])


def length_at(raw: bytes, at: int) -> int:
    """A length, which nothing but nonsense makes negative.

    Raises:
        ValueError: it is negative.
    """
    found = int(_INT64(raw, at)[0])
    if found < 0:
        msg = f"a length of {found}"
        raise ValueError(msg)
    return found
