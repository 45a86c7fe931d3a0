"""Columns of Arrow batches: any number type is read, what is missing has its value, what is wrong its name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from schemas.arrow_columns import codes, floats, ints
from schemas.instruments import BAD_NAME, Instruments
from schemas.rejects import Reason, UnreadableError
from schemas.ticks import UNKNOWN

KNOWN = Instruments(("A", "B"))


def _batch(**columns: Any) -> Any:
    return pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))


def test_nulls_and_absent_columns_are_what_they_stand_for() -> None:
    batch = _batch(price=pa.array([None, 1.0]), seq=pa.array([None, 5]))
    assert floats(batch, "price", 7.0).tolist() == [7.0, 1.0]
    assert floats(batch, "size", 0.0).tolist() == [0.0, 0.0]
    assert ints(batch, "seq", -1).tolist() == [-1, 5]
    assert ints(batch, "count", np.array([3, 4])).tolist() == [3, 4]


@pytest.mark.parametrize("kind", [pa.int8(), pa.uint32(), pa.float32(), pa.int64()])
def test_any_number_is_a_number(kind: Any) -> None:
    batch = _batch(x=pa.array([1, 2]).cast(kind))
    assert floats(batch, "x", 0.0).tolist() == [1.0, 2.0]
    assert ints(batch, "x", 0).tolist() == [1, 2]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_times_of_any_unit_are_microseconds(unit: str) -> None:
    seconds = pa.array([1_700_000_000], pa.int64()).cast(pa.timestamp("s")).cast(pa.timestamp(unit))
    assert ints(_batch(ts_us=seconds), "ts_us", 0).tolist() == [1_700_000_000_000_000]


@pytest.mark.parametrize("column", [pa.array(["1"]), pa.array([1.5]), pa.array([2**63], pa.uint64())])
def test_what_is_no_whole_number_is_named(column: Any) -> None:
    with pytest.raises(UnreadableError, match="column 'seq' is") as caught:
        ints(_batch(seq=column), "seq", 0)
    assert caught.value.reason is Reason.WRONG_TYPE


@pytest.mark.parametrize("kind", [pa.utf8(), pa.large_utf8(), pa.dictionary(pa.int8(), pa.large_utf8())])
def test_names_are_codes(kind: Any) -> None:
    names = pa.array(["B", None, "C", "A"])
    column = names.dictionary_encode().cast(kind) if pa.types.is_dictionary(kind) else names.cast(kind)
    assert codes(_batch(instrument=column), KNOWN).tolist() == [1, BAD_NAME, UNKNOWN, 0]


@pytest.mark.parametrize("column", [pa.array([1]), pa.array([b"A"]), pa.array([1]).dictionary_encode()])
def test_names_of_another_type_are_named(column: Any) -> None:
    batch = _batch(instrument=column)
    if pa.types.is_dictionary(column.type):
        assert codes(batch, KNOWN).tolist() == [UNKNOWN], "a number can be spelled"
        return
    with pytest.raises(UnreadableError, match="not text") as caught:
        codes(batch, KNOWN)
    assert caught.value.reason is Reason.WRONG_TYPE


def test_wild_offsets_in_names_are_malformed() -> None:
    offsets = pa.py_buffer(np.array([0, 2**30, 2], np.int32).tobytes())
    names = pa.StringArray.from_buffers(2, offsets, pa.py_buffer(b"AB"))
    with pytest.raises(UnreadableError) as caught:
        codes(_batch(instrument=names), KNOWN)
    assert caught.value.reason is Reason.MALFORMED


def test_a_full_small_dictionary_may_have_missing_names() -> None:
    names = pa.array([*(f"N{n}" for n in range(127)), "A"])
    column = pa.DictionaryArray.from_arrays(pa.array([127, None], pa.int8()), names)
    assert codes(_batch(instrument=column), KNOWN).tolist() == [0, BAD_NAME]
