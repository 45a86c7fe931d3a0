"""JSON records: a run of them decodes exactly as one by one, whatever stands in them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import json_wire
from schemas.instruments import BAD_NAME, Instruments
from schemas.rejects import Reason, UnreadableError

KNOWN = Instruments(("A", "B"))
GOOD = b'{"instrument":"A","ts_us":1,"price":2.5}'
DEEP = b'{"instrument":"A","ts_us":1,"x":' + b'{"a":' * 5000 + b"1" + b"}" * 5001
PIECES = [
    GOOD,
    b'{"instrument":"B","ts_us":2,"seq":7}',
    b'{"instrument":"A","ts_us":1,"x":"}',
    b'{","y":1}',
    b'{"x":{}',
    b"{}}",
    b'{"instrument":"A","ts_us":1,"x":{}',
    b'{"y":1}}',
    GOOD + GOOD,
    GOOD + b" " + GOOD,
    GOOD + b"\n" + GOOD,
    b"",
    b"\n",
    b"{",
    b"}",
    b'{"instrument":"\xff","ts_us":1}',
    b'{"instrument":"A\\u0000","ts_us":1}',
    b'{"instrument":"A","ts_us":1,"price":1e999}',
    b'{"instrument":"A","ts_us":9223372036854775808}',
    b'{"instrument":"A","ts_us":null}',
    b'{"instrument":"A","ts_us":1,"price":true}',
    b"[]",
    b"null",
    b"\x00",
    b"}\n{",
    GOOD + b"\r",
    b"\xef\xbb\xbf" + GOOD,
    DEEP,
]


def _assert_as_one_by_one(values: list[bytes]) -> None:
    run = json_wire.decode_ticks(values, KNOWN)
    alone = [json_wire.decode_ticks([value], KNOWN) for value in values]
    assert run.record.tolist() == [n for n, one in enumerate(alone) for _tick in range(len(one.batch))]
    assert run.bad == [(n, reason, note) for n, one in enumerate(alone) for _zero, reason, note in one.bad]
    for position, column in enumerate(run.batch.columns()):
        expected = [one.batch.columns()[position] for one in alone]
        np.testing.assert_array_equal(column, np.concatenate(expected) if expected else column)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=6))
def test_neighbours_decode_as_one_by_one(values: list[bytes]) -> None:
    _assert_as_one_by_one(values)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.one_of(st.just(GOOD), st.binary(max_size=30), st.integers(0, len(GOOD)).map(lambda n: GOOD[:n])),
        min_size=1,
        max_size=5,
    )
)
def test_random_and_cut_records_decode_as_one_by_one(values: list[bytes]) -> None:
    _assert_as_one_by_one(values)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.integers(0, 7))
def test_a_flipped_bit_spoils_only_its_record(position: int, bit: int) -> None:
    flipped = bytearray(GOOD)
    flipped[position] ^= 1 << bit
    decoded = json_wire.decode_ticks([GOOD, bytes(flipped), GOOD], KNOWN)
    assert {0, 2} <= set(decoded.record.tolist())
    assert all(where == 1 for where, _reason, _note in decoded.bad)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"", Reason.EMPTY),
        (b" \n ", Reason.EMPTY),
        (b"{", Reason.MALFORMED),
        (DEEP, Reason.MALFORMED),
        (b"\x00", Reason.MALFORMED),
        (b'{"instrument":"\xff","ts_us":1}', Reason.MALFORMED),
        (b"{}", Reason.WRONG_TYPE),
        (b"[]", Reason.WRONG_TYPE),
        (b'{"instrument":"A","ts_us":1.5}', Reason.WRONG_TYPE),
        (b'{"instrument":"A","ts_us":1e999}', Reason.WRONG_TYPE),
        (b'{"instrument":"A","ts_us":1,"price":"1"}', Reason.WRONG_TYPE),
        (b'{"instrument":"A","ts_us":1,"price":NaN}', Reason.MALFORMED),
        (b'{"instrument":"A","ts_us":' + b"9" * 5000 + b"}", Reason.WRONG_TYPE),
        (b'{"instrument":null,"ts_us":1}', Reason.WRONG_TYPE),
    ],
)
def test_each_fault_has_its_reason(value: bytes, reason: Reason) -> None:
    decoded = json_wire.decode_ticks([value, GOOD], KNOWN)
    assert [(where, why) for where, why, _note in decoded.bad] == [(0, reason)]
    assert decoded.record.tolist() == [1]


def test_a_nul_in_a_name_is_a_bad_name() -> None:
    assert json_wire.decode_ticks([b'{"instrument":"A\\u0000","ts_us":1}'], KNOWN).batch.code.tolist() == [BAD_NAME]


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60))
def test_random_bytes_are_no_bars_or_tocks(raw: bytes) -> None:
    for decode in (
        lambda: json_wire.decode_bars(raw, KNOWN),
        lambda: json_wire.decode_tock(raw),
    ):
        with pytest.raises(UnreadableError):
            decode()


def test_bars_without_the_optional_fields_are_available_at_their_end() -> None:
    bar = {"instrument": "B", "start_us": 0, "end_us": 60, "open": 1, "high": 2, "low": 1, "close": 2}
    bars = json_wire.decode_bars(json.dumps(bar).encode(), KNOWN)
    assert (bars.code.tolist(), bars.available_us.tolist(), bars.volume.tolist(), bars.count.tolist()) == (
        [1],
        [60],
        [0.0],
        [0],
    )


@settings(max_examples=50, deadline=None)
@given(st.integers(-(2**63), 2**63 - 1))
def test_tocks_come_back(ts_us: int) -> None:
    assert json_wire.decode_tock(json_wire.encode_tock(ts_us)) == ts_us


def test_two_tocks_in_one_record_are_none() -> None:
    with pytest.raises(UnreadableError, match="2 objects"):
        json_wire.decode_tock(b'{"ts_us":1}\n{"ts_us":2}')
