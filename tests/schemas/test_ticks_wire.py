"""Arrow records: whatever the bytes, either columns of one length or a named reason."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import ticks_wire as wire
from schemas.arrow_schemas import BARS_SCHEMA, TICKS_SCHEMA
from schemas.instruments import BAD_NAME, Instruments
from schemas.rejects import Reason, UnreadableError
from schemas.ticks import UNKNOWN, TickBatch

NAMES = ("A", "B")
COLUMNS: dict[str, Any] = {
    "instrument": np.arange(40) % 3, "ts_us": np.arange(40), "price": np.linspace(1, 2, 40), "seq": np.arange(40),
}  # fmt: skip


def _known() -> Instruments:
    return Instruments(NAMES)


def _stream(table: Any, rows: int | None = None) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=rows)
    return bytes(sink.getvalue())


def _ticks(**columns: Any) -> bytes:
    return _stream(pa.table({"instrument": pa.array(["A", "B"]), "ts_us": pa.array([1, 2]), **columns}))


RECORDS = [
    wire.encode(COLUMNS, ("A", "B", "Z"), TICKS_SCHEMA),
    wire.encode(COLUMNS, ("A", "B", "Z"), TICKS_SCHEMA, compress=False),
    _stream(pa.table({"instrument": ["A", "B"] * 20, "ts_us": list(range(40)), "note": ["x"] * 40}), 10),
]


def _decoded(raw: bytes) -> TickBatch | UnreadableError:
    try:
        return wire.decode_ticks(raw, _known())
    except UnreadableError as error:
        return error


def _decodes_or_says_why(raw: bytes) -> None:
    read = _decoded(raw)
    if isinstance(read, UnreadableError):
        assert read.reason in {Reason.EMPTY, Reason.MALFORMED, Reason.WRONG_TYPE, Reason.OVERSIZED}
        assert str(read)
        return
    assert {len(column) for column in read.columns()[:4]} == {len(read)}
    assert all(len(column) in {0, len(read)} for column in read.columns()[4:])
    assert read.code.min() >= BAD_NAME
    assert read.code.max() < len(NAMES)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes_are_malformed(raw: bytes) -> None:
    _decodes_or_says_why(raw)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(RECORDS), st.data())
def test_cut_records_never_harm(record: bytes, data: st.DataObject) -> None:
    _decodes_or_says_why(record[: data.draw(st.integers(0, len(record)))])


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(RECORDS), st.data())
def test_flipped_bits_never_harm(record: bytes, data: st.DataObject) -> None:
    raw = bytearray(record)
    for bit in data.draw(st.lists(st.integers(0, 8 * len(raw) - 1), min_size=1, max_size=4)):
        raw[bit // 8] ^= 1 << bit % 8
    _decodes_or_says_why(bytes(raw))


def test_what_is_encoded_comes_back() -> None:
    for raw in RECORDS[:2]:
        batch = wire.decode_ticks(raw, _known())
        assert batch.code.tolist() == [[0, 1, UNKNOWN][n % 3] for n in range(40)]
        np.testing.assert_array_equal(batch.price, COLUMNS["price"])
        assert not batch.bid.size


def test_several_batches_are_one() -> None:
    assert wire.decode_ticks(RECORDS[2], _known()).ts_us.tolist() == list(range(40))


@pytest.mark.parametrize(
    "price", [pa.array(["1", "2"]), pa.array([[1.0], []]), pa.array([True, False]), pa.array([b"1", b"2"])]
)
def test_a_price_of_another_type_is_named(price: Any) -> None:
    with pytest.raises(UnreadableError, match="column 'price' is") as caught:
        wire.decode_ticks(_ticks(price=price), _known())
    assert caught.value.reason is Reason.WRONG_TYPE


def test_a_missing_column_is_named() -> None:
    with pytest.raises(UnreadableError, match="'ts_us' is missing"):
        wire.decode_ticks(_stream(pa.table({"instrument": ["A"]})), _known())


@pytest.mark.parametrize("rows", [None, 10])
def test_no_rows_are_empty(rows: int | None) -> None:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, TICKS_SCHEMA) as writer:
        if rows:
            writer.write_batch(pa.RecordBatch.from_pylist([], schema=TICKS_SCHEMA))
    with pytest.raises(UnreadableError) as caught:
        wire.decode_ticks(bytes(sink.getvalue()), _known())
    assert caught.value.reason is Reason.EMPTY


@pytest.mark.parametrize("outside", [2, -1, 2**31 - 1])
def test_a_dictionary_that_points_outside_is_malformed(outside: int) -> None:
    indices = pa.array([0, outside], pa.int32())
    names = pa.DictionaryArray.from_arrays(indices, pa.array(NAMES), safe=False)
    with pytest.raises(UnreadableError) as caught:
        wire.decode_ticks(_stream(pa.table({"instrument": names, "ts_us": [1, 2]})), _known())
    assert caught.value.reason is Reason.MALFORMED


def test_missing_empty_and_nul_names_are_bad_names() -> None:
    names = pa.array([None, "", "A\0", "A"])
    for column in (names, names.dictionary_encode()):
        batch = wire.decode_ticks(_stream(pa.table({"instrument": column, "ts_us": [1, 2, 3, 4]})), _known())
        assert batch.code.tolist() == [BAD_NAME] * 3 + [0]


def test_bars_before_1970_keep_the_time_they_were_public() -> None:
    columns: dict[str, Any] = {name: np.array([1.0]) for name in ("open", "high", "low", "close")}
    times = {"instrument": np.array([0]), "start_us": np.array([-30]), "end_us": np.array([-20])}
    given = {**times, **columns, "available_us": np.array([-10])}
    assert wire.decode_bars(wire.encode(given, NAMES, BARS_SCHEMA), _known()).available_us.tolist() == [-10]
    assert wire.decode_bars(wire.encode({**times, **columns}, NAMES, BARS_SCHEMA), _known()).available_us.tolist() == [
        -20
    ]


def _claiming(raw: bytes, true: int, claimed: int) -> bytes:
    length = struct.pack("<q", true)
    assert raw.count(length) >= 1
    return raw.replace(length, struct.pack("<q", claimed), 1)


def _oversized() -> dict[str, tuple[bytes, str]]:
    one_batch = pa.table({"ts_us": np.zeros(wire.MAX_ROWS + 1, np.int64)})
    small = pa.table({"ts_us": np.zeros(wire.MAX_ROWS + 1, np.int8)})
    names = pa.array([f"N{n}" for n in range(wire.MAX_NAMES + 1)]).dictionary_encode()
    return {
        "rows in one batch": (_stream(one_batch), "1048577 rows"),
        "rows in many batches": (_stream(small, 1 << 17), "1048577 rows"),
        "names": (_stream(pa.table({"instrument": names})), "names in dictionaries"),
        "a claim of a terabyte": (_claiming(RECORDS[0], 40 * 8, 1 << 40), "bytes once inflated"),
    }


OVERSIZED = _oversized()


@pytest.mark.parametrize(("raw", "said"), OVERSIZED.values(), ids=OVERSIZED)
def test_what_is_oversized_is_refused_before_arrow_makes_room_for_it(raw: bytes, said: str) -> None:
    allocated, most = pa.total_allocated_bytes(), pa.default_memory_pool().max_memory()
    for decode in (wire.decode_ticks, wire.decode_bars):
        with pytest.raises(UnreadableError, match=said) as caught:
            decode(raw, _known())
        assert caught.value.reason is Reason.OVERSIZED
    # reading a schema takes some kilobytes; the least of these bodies would take a megabyte
    assert pa.total_allocated_bytes() < allocated + 65_536
    assert pa.default_memory_pool().max_memory() < most + 65_536


def test_a_record_at_the_limits_is_read() -> None:
    rows = {"instrument": np.zeros(wire.MAX_ROWS, np.int32), "ts_us": np.zeros(wire.MAX_ROWS, np.int64)}
    assert len(wire.decode_ticks(wire.encode(rows, NAMES, TICKS_SCHEMA), _known())) == wire.MAX_ROWS


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(RECORDS), st.integers(0, 2**64 - 1), st.data())
def test_wild_claims_never_harm(record: bytes, claim: int, data: st.DataObject) -> None:
    """Eight bytes anywhere become any number: lengths, offsets, counts."""
    at = 4 * data.draw(st.integers(0, len(record) // 4 - 2))
    _decodes_or_says_why(record[:at] + struct.pack("<Q", claim) + record[at + 8 :])
