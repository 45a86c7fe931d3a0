"""Weights of Arrow streams: what the headers claim is what reading them takes, and nonsense is named."""

from __future__ import annotations

import struct
from contextlib import suppress
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.arrow_weight import Weight, weigh

WORDS = st.lists(st.sampled_from(["A", "BB", "", "a long name " * 9]), min_size=1, max_size=60)


def _stream(batches: list[Any], compression: str | None = None) -> bytes:
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression=compression, emit_dictionary_deltas=True)
    with pa.ipc.new_stream(sink, batches[0].schema, options=options) as writer:
        for batch in batches:
            writer.write_batch(batch)
    return bytes(sink.getvalue())


def _batch(words: list[str]) -> Any:
    numbers = [None if len(word) == 1 else float(row) for row, word in enumerate(words)]
    columns = {
        "instrument": pa.array(words).dictionary_encode(),
        "price": pa.array(numbers, pa.float64()),
        "note": words,
    }
    return pa.RecordBatch.from_arrays([pa.array(c) if isinstance(c, list) else c for c in columns.values()], [*columns])


@settings(max_examples=100, deadline=None)
@given(WORDS, st.integers(1, 3), st.sampled_from([None, "lz4", "zstd"]))
def test_the_claim_is_what_reading_takes(words: list[str], batches: int, compression: str | None) -> None:
    raw = _stream([_batch(words)] * batches, compression)
    read = list(pa.ipc.open_stream(raw))
    weight = weigh(raw)
    assert weight.rows == sum(batch.num_rows for batch in read)
    assert weight.names == len(read[0].column("instrument").dictionary)
    dictionary = read[0].column("instrument").dictionary
    held = [
        *(buffer for batch in read for column in batch.columns for buffer in _buffers(column)),
        *_buffers(dictionary),
    ]
    assert weight.inflated == sum(buffer.size for buffer in held)


def _buffers(column: Any) -> list[Any]:
    array = column.indices if isinstance(column, pa.DictionaryArray) else column
    return [buffer for buffer in array.buffers() if buffer is not None]


@pytest.mark.parametrize("compression", ["lz4", "zstd"])
def test_a_claim_costs_nothing(compression: str) -> None:
    """Eight bytes say how much Arrow would reserve: they are read, and nothing is reserved."""
    raw = _stream([pa.record_batch({"price": np.zeros(4096)})], compression)
    claim = struct.pack("<q", 4096 * 8)
    assert raw.count(claim) == 1, "the only true length in it"
    bomb = raw.replace(claim, struct.pack("<q", 1 << 50))
    assert weigh(bomb) == Weight(4096, 0, 1 << 50)


def test_buffers_that_share_their_bytes_are_each_counted() -> None:
    columns = {f"c{n}": np.zeros(100_000) for n in range(20)}
    raw = _stream([pa.record_batch(columns)], "lz4")
    assert weigh(raw).inflated == 20 * 800_000
    assert len(raw) < 800_000


def test_streams_from_before_the_mark_are_weighed() -> None:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(
        sink, pa.schema([("x", pa.int64())]), options=pa.ipc.IpcWriteOptions(use_legacy_format=True)
    ) as w:
        w.write_batch(pa.record_batch({"x": [1, 2, 3]}))
    assert weigh(bytes(sink.getvalue())) == Weight(3, 0, 24)


@pytest.mark.parametrize("raw", [b"", b"\0\0\0\0", b"\xff\xff\xff\xff\0\0\0\0"])
def test_a_stream_of_nothing_weighs_nothing(raw: bytes) -> None:
    assert weigh(raw) == Weight(0, 0, 0)


@pytest.mark.parametrize("raw", [b"{" * 40, struct.pack("<iiII", -1, 8, 4, 1 << 30)])
def test_nonsense_is_named(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"header|length"):
        weigh(raw)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_weighed_or_named(raw: bytes) -> None:
    with suppress(ValueError):
        weight = weigh(raw)
        assert min(weight.rows, weight.names, weight.inflated) >= 0
