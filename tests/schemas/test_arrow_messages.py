"""Messages of Arrow streams, read where they lie."""

from __future__ import annotations

import struct
from typing import Any

import pyarrow as pa
import pytest

from schemas.arrow_messages import (
    BUFFERS,
    DICTIONARY,
    NODES,
    RECORDS,
    ROWS,
    batch_of,
    fields,
    follow,
    length_at,
    message_at,
    messages,
    pairs_at,
)  # fmt: skip

ROWS_OF = 3


def _stream() -> bytes:
    sink = pa.BufferOutputStream()
    table: Any = pa.table({"name": pa.array(["A", "B", "A"]).dictionary_encode(), "x": pa.array([1.0, None, 3.0])})
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
        writer.write_table(table)
    return bytes(sink.getvalue())


def test_messages_follow_each_other_to_the_end() -> None:
    raw = _stream()
    found = list(messages(raw))
    assert [message.kind for message in found] == [1, DICTIONARY, RECORDS, RECORDS]
    assert found[0].start == 0
    assert [message.start for message in found[1:]] == [m.body + m.length for m in found[:-1]]
    assert message_at(raw, found[-1].body + found[-1].length) is None
    assert all(length_at(raw, message.length_at) == message.length for message in found if message.length)


def test_a_batch_tells_rows_nulls_and_where_its_columns_lie() -> None:
    raw = _stream()
    _, names, records, _ = messages(raw)
    assert length_at(raw, batch_of(raw, names) + fields(raw, batch_of(raw, names))[ROWS]) == 2
    table = batch_of(raw, records)
    assert table == records.table
    given = fields(raw, table)
    assert length_at(raw, table + given[ROWS]) == ROWS_OF
    assert pairs_at(raw, follow(raw, table + given[NODES])) == (ROWS_OF, 0, ROWS_OF, 1)
    places = pairs_at(raw, follow(raw, table + given[BUFFERS]))
    numbers = struct.unpack_from("<3d", raw, records.body + places[-2])
    assert (numbers[0], numbers[2]) == (1.0, 3.0)


@pytest.mark.parametrize("raw", [b"\xff\xff\xff\xff\x08\0\0\0\xff\xff\xff\xff" + bytes(60), bytes([9, 0, 0, 0]) * 9])
def test_nonsense_is_an_error(raw: bytes) -> None:
    with pytest.raises((ValueError, struct.error, IndexError)):
        list(messages(raw))


def test_a_negative_length_is_named() -> None:
    with pytest.raises(ValueError, match="a length of -1"):
        length_at(struct.pack("<q", -1), 0)
