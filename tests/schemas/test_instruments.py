"""Names and their codes; a dictionary is translated once and told from every other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from schemas.instruments import BAD_NAME, Instruments
from schemas.rejects import Reason, UnreadableError
from schemas.ticks import UNKNOWN


def _known() -> Instruments:
    return Instruments(("A", "B"))


@pytest.mark.parametrize(
    ("name", "code"), [("B", 1), ("C", UNKNOWN), ("", BAD_NAME), ("A\0", BAD_NAME), ("A\n", BAD_NAME)]
)
def test_a_name_has_a_code(name: str, code: int) -> None:
    assert _known().code(name) == code


def test_dictionaries_that_differ_only_in_what_is_missing_are_told_apart() -> None:
    known, whole = _known(), pa.array(["A", "B"])
    valid, offsets, data = pa.py_buffer(b"\x01"), *whole.buffers()[1:]
    holed = pa.StringArray.from_buffers(2, offsets, data, valid)
    assert known.of_dictionary(whole).tolist() == [0, 1]
    assert known.of_dictionary(holed).tolist() == [0, BAD_NAME]


def test_a_dictionary_is_translated_once() -> None:
    known = _known()
    first = known.of_dictionary(pa.array(["B", "C"]))
    assert known.of_dictionary(pa.array(["B", "C"])) is first


def test_what_came_last_is_known_by_its_bytes_and_holds_no_record() -> None:
    """Buffers of a record are slices of it: eight megabytes must not live on for a few names."""
    known, record = _known(), np.frombuffer(b"AB" + bytes(1_000_000), np.uint8)
    ends = pa.py_buffer(np.array([0, 1, 2], np.int32).tobytes())
    first = known.of_dictionary(pa.StringArray.from_buffers(2, ends, pa.py_buffer(record).slice(0, 2)))
    assert known.of_dictionary(pa.array(["A", "B"])) is first
    assert known.of_dictionary(pa.array(["A", "C"])).tolist() == [0, UNKNOWN]
    assert known.of_dictionary(pa.array(["A", "B"])).tolist() == [0, 1]
    assert known._last is not None
    assert [buffer if buffer is None else buffer.size for buffer in known._last[2]] == [None, 12, 2]


def test_only_the_newest_dictionaries_are_remembered() -> None:
    known = Instruments(("A",), remembered=2)
    first = known.of_dictionary(pa.array(["A", "0"]))
    for name in ("1", "2"):
        known.of_dictionary(pa.array([name]))
    assert known.of_dictionary(pa.array(["A", "0"])) is not first


def test_what_is_long_is_not_kept() -> None:
    known, names = _known(), pa.array(["A" * 1000 + str(n) for n in range(2000)])
    assert known.of_dictionary(names).tolist() == [UNKNOWN] * 2000
    assert known.of_dictionary(names) is not known.of_dictionary(names)


@pytest.mark.parametrize("data", [b"AB", b"A\xff"])
def test_broken_text_is_malformed(data: bytes) -> None:
    ends = [0, 2**30, 2] if data == b"AB" else [0, 1, 2]
    names: Any = pa.StringArray.from_buffers(2, pa.py_buffer(np.array(ends, np.int32).tobytes()), pa.py_buffer(data))
    with pytest.raises(UnreadableError) as caught:
        _known().of_dictionary(names)
    assert caught.value.reason is Reason.MALFORMED
