"""Records as bytes into columns, and runs of one kind."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflows.drain.columns import of_texts, runs
from dataflows.drain.names import table
from dataflows.drain.plain import BID, OTHER, SEQ, TICK
from schemas import json_wire
from schemas.instruments import Instruments

NAMES = ("A", "B")
LINES = [b'{"instrument":"A","ts_us":%d,"price":1.5}' % number for number in range(4)]


def test_equal_kinds_in_a_row_are_one_run() -> None:
    assert [(r.start, r.stop) for r in runs(np.array([0, 0, 1, 0, 2, 2], np.int8))] == [(0, 2), (2, 3), (3, 4), (4, 6)]
    assert [(r.start, r.stop) for r in runs(np.array([1], np.int8))] == [(0, 1)]


def test_lines_belong_to_their_records() -> None:
    room, status, fields = of_texts([LINES[0], b"", b"\n".join(LINES[1:3]), b"[]", LINES[3] + b"\n"], table(NAMES))
    assert status.tolist() == [TICK, OTHER, TICK, OTHER, TICK]
    assert room.starts.tolist() == [0, 1, 1, 3, 3, 4]
    batch, record = room.ticks(slice(2, 3), fields)
    assert (batch.ts_us.tolist(), record.tolist()) == ([1, 2], [0, 0])
    whole, records = room.ticks(slice(0, 5), fields)
    assert (whole.ts_us.tolist(), records.tolist()) == ([0, 1, 2, 3], [0, 2, 2, 4])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.sampled_from([*LINES, b"{}", b""]), min_size=1, max_size=3).map(b"\n".join), max_size=6))
def test_what_is_taken_is_what_the_decoder_says(texts: list[bytes]) -> None:
    room, status, _ = of_texts(texts, table(NAMES))
    for place in np.flatnonzero(status == TICK):
        said = json_wire.decode_ticks([texts[place]], Instruments(NAMES))
        assert not said.bad
        mine, _ = room.ticks(slice(place, place + 1), BID | SEQ)
        assert [one.tobytes() for one in mine.columns()] == [one.tobytes() for one in said.batch.columns()]
