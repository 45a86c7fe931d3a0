"""The parser takes plain compact ticks and says of them exactly what the ordinary decoder says; it leaves the rest."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dataflows.drain import plain as module
from dataflows.drain.columns import Columns, Given
from dataflows.drain.names import table
from dataflows.drain.plain import OTHER, TICK
from dataflows.drain.scan import scan, texts
from schemas import json_wire
from schemas.instruments import Instruments
from schemas.ticks import NO_SEQ, UNKNOWN
from tests.dataflows.drain.messages import Messages

NAMES = ("A", "BTC-USD", "a rather long name of an instrument", "ÄÖ", "ts_us")
PLAIN = b'{"instrument":"BTC-USD","ts_us":1700000000000001,"price":101.25,"size":3}'


def scanned(messages: Messages) -> tuple[Columns, list[int], int]:
    count = len(messages.payloads)
    room, words, offset = Columns(count, 8 * count), np.zeros(3, np.int64), np.zeros(count, np.int64)
    given = Given(np.zeros(count, np.int64), np.zeros(count, np.int64), np.zeros(count, np.int8))
    scan(
        messages.addresses, messages.functions, 0, texts(), words.ctypes.data, given.address, given.length, offset,
        given.status,
    )  # fmt: skip
    assert offset.tolist() == list(range(100, 100 + count))
    known = table(NAMES)
    done, fields = room.read(given, known)
    assert done == count
    return room, given.status.tolist(), fields


def status_of(payload: bytes) -> int:
    return scanned(Messages([payload]))[1][0]


def agrees(payload: bytes) -> bool:
    """Whether it is taken; if so, every column has the ordinary decoder's bits."""
    room, status, _ = scanned(Messages([payload]))
    if status != [TICK]:
        assert status == [OTHER]
        return False
    said = json_wire.decode_ticks([payload], Instruments(NAMES))
    assert not said.bad, (payload, said.bad)
    assert len(said.batch) == payload.rstrip(b"\n").count(b"\n") + 1
    found, record = room.ticks(slice(0, 1), module.BID | module.SEQ)
    assert not record.any()
    for mine, theirs in zip(found.columns(), said.batch.columns(), strict=True):
        assert mine.tobytes() == theirs.tobytes(), payload
    return True


@pytest.mark.parametrize(
    "payload",
    [
        PLAIN,
        b'{"instrument":"A","ts_us":0,"price":0.1}',
        b'{"price":12345678.000001,"ts_us":1,"instrument":"A"}',
        b'{"instrument":"nobody","ts_us":1,"price":1}',
        b'{"instrument":"A","ts_us":1,"bid":1.5,"ask":1.6,"seq":9}',
        b'{"instrument":"A","ts_us":1}',
        b'{"instrument":"A","ts_us":-5,"price":-3.25,"seq":-1}',
        b'{"instrument":"A","ts_us":999999999999999999,"price":9007199254740992}',
        PLAIN + b"\n",
        PLAIN + b"\n" + PLAIN,
        b"\n".join([PLAIN] * 8) + b"\n",
    ],
)
def test_plain_ticks_are_taken(payload: bytes) -> None:
    assert agrees(payload)


@pytest.mark.parametrize(
    "payload",
    [
        b"", b"{", b"{}", b"[]", b"null", PLAIN[:-1], PLAIN + b" ", b" " + PLAIN, PLAIN + PLAIN,
        PLAIN + b"\n\n" + PLAIN, b"\n" + PLAIN,
        PLAIN + b"\n" + PLAIN[:-1], PLAIN + b"\r\n", b"\n".join([PLAIN] * 9),
        PLAIN.replace(b":", b": "), PLAIN.replace(b"101.25", b"1.0125e2"), PLAIN.replace(b"101.25", b"null"),
        PLAIN.replace(b"101.25", b"NaN"), PLAIN.replace(b"101.25", b".5"), PLAIN.replace(b"101.25", b"5."),
        PLAIN.replace(b"101.25", b"05"), PLAIN.replace(b"101.25", b"-0.0"), PLAIN.replace(b"101.25", b"-"),
        PLAIN.replace(b"101.25", b"1.2.3"), PLAIN.replace(b"101.25", b"0.1234567890123456789"),
        PLAIN.replace(b"101.25", b"9007199254740993"), PLAIN.replace(b"101.25", b'"1"'),
        PLAIN.replace(b"1700000000000001", b"1.5"), PLAIN.replace(b"1700000000000001", b"1.0"),
        PLAIN.replace(b"1700000000000001", b"9223372036854775808"), PLAIN.replace(b"BTC-USD", b"BTC\\u002dUSD"),
        PLAIN.replace(b"BTC-USD", "ÄÖ".encode()), PLAIN.replace(b"BTC-USD", b""), PLAIN.replace(b"BTC-USD", b"A\x00"),
        PLAIN.replace(b"price", b"prime"), PLAIN.replace(b"size", b"price"), PLAIN.replace(b"price", b"size\x00"),
        PLAIN.replace(b"size", b"a key of more than sixteen"), PLAIN.replace(b'"size":3', b'"note":"x"'),
        b'{"ts_us":1,"price":2}', b'{"instrument":"A","price":2}', b'{"instrument":1,"ts_us":1}',
        b'{"instrument":"A","ts_us":1,}', b'{"instrument":"A" "ts_us":1}', b'{"instrument":"A',
        PLAIN.replace(b"BTC-USD", b"x" * 600),
    ],
)  # fmt: skip
def test_whatever_is_not_plain_is_left_to_the_ordinary_decoder(payload: bytes) -> None:
    assert status_of(payload) == OTHER


number = st.one_of(
    st.integers(-(2**63), 2**63 - 1).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.decimals(-1000, 1000, places=4, allow_nan=False).map(str),
    st.sampled_from(["0", "-0", "1e5", "007", "null", '"7"', "1.", ".1", "+1", "NaN"]),
)
key = st.sampled_from(["instrument", "ts_us", "price", "size", "bid", "ask", "seq", "note", "prices", ""])
name = st.sampled_from([*NAMES, "B", "", 'q"', "\\"]) | st.text(max_size=5)
pair = st.tuples(key, number) | st.tuples(st.just("instrument"), name.map(json.dumps))
"""A field; most objects of them are no ticks, and those that are one must be read alike."""


@settings(max_examples=400, deadline=None)
@given(st.lists(pair, min_size=1, max_size=8), st.sampled_from(["", " "]))
@example([("instrument", '"A"'), ("ts_us", "1"), ("price", "0.3")], "")
def test_both_decoders_agree_on_whatever_is_taken(pairs: list[tuple[str, str]], space: str) -> None:
    agrees(("{" + f",{space}".join(f'"{k}":{v}' for k, v in pairs) + "}").encode())


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_flipped_bits_and_cuts_never_harm(data: st.DataObject) -> None:
    raw = bytearray(PLAIN)
    for bit in data.draw(st.lists(st.integers(0, 8 * len(raw) - 1), min_size=1, max_size=3)):
        raw[bit // 8] ^= 1 << bit % 8
    agrees(bytes(raw[: data.draw(st.integers(0, len(raw)))]))


@settings(max_examples=200, deadline=None)
@given(st.floats(-1e15, 1e15).map(lambda x: round(x, 6)), st.integers(0, 2**53))
def test_common_numbers_are_read_to_the_last_bit(price: float, size: int) -> None:
    agrees(b'{"instrument":"A","ts_us":1,"price":%s,"size":%d}' % (repr(price).encode(), size))


def test_what_a_message_lacks_is_what_the_words_say() -> None:
    room, _, _ = scanned(Messages([b'{"instrument":"Z","ts_us":1}']))
    found: Any = room.ticks(slice(0, 1), module.BID | module.SEQ)[0]
    assert (found.code[0], found.size[0], found.seq[0]) == (UNKNOWN, 0.0, NO_SEQ)
    assert np.isnan([found.price[0], found.bid[0], found.ask[0]]).all()
    plain = room.ticks(slice(0, 1), 0)[0]
    assert (plain.bid.size, plain.ask.size, plain.seq.size) == (0, 0, 0)
