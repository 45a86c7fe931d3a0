"""Frames and the ring."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame as PeerFrame
from websockets.frames import Opcode
from websockets.streams import StreamReader

from api.frames import Channel, message, pre_frame
from api.streams import EMPTY, ZERO, Entry, Extent, Id
from schemas.market_file import load
from schemas.reading import canonical
from tests.api.test_fitting import worst


@given(st.sampled_from([0, 1, 125, 126, 127, 65_535, 65_536, 70_000]))
def test_frames_are_what_another_library_reads(size: int) -> None:
    reader = StreamReader()
    reader.feed_data(pre_frame(b"x" * size))
    parsing = PeerFrame.parse(reader.read_exact, mask=False, max_size=None)
    try:
        next(parsing)
    except StopIteration as done:
        found = done.value
    assert (found.opcode, found.fin, bytes(found.data)) == (Opcode.TEXT, True, b"x" * size)


def entries(first: int, last: int) -> list[Entry]:
    return [Entry(Id(number, 0), b'{"n":%d}' % number, number) for number in range(first, last + 1)]


def ring(max_frames: int = 10, max_bytes: int = 100_000) -> Channel:
    return Channel("m", "readings", max_frames, max_bytes)


@given(st.lists(st.integers(0, 7), max_size=12), st.integers(1, 12), st.integers(100, 3_000))
def test_every_entry_behind_the_floor_is_in_the_ring(batches: list[int], frames: int, size: int) -> None:
    found = ring(frames, size)
    found.load("e", [], EMPTY)
    last = 0
    for batch in batches:
        found.add(entries(last + 1, last + batch))
        last += batch
    assert [f.id.ms for f in found.after(found.floor)] == list(range(found.floor.ms + 1, last + 1))
    assert len(found.after(found.floor)) <= frames
    assert sum(len(f.wire) for f in found.after(found.floor)) <= size
    assert found.last.ms == last


def test_the_floor_after_loading() -> None:
    found = ring()
    cases = [
        (entries(1, 5), Extent(Id(1, 0), Id(5, 0), trimmed=False), ZERO),  # all there ever was
        (entries(3, 5), Extent(Id(1, 0), Id(5, 0), trimmed=False), Id(3, 0)),  # only the newest were loaded
        (entries(3, 5), Extent(Id(3, 0), Id(5, 0), trimmed=True), Id(3, 0)),
        ([], Extent(None, Id(5, 0), trimmed=True), Id(5, 0)),
        ([], EMPTY, ZERO),
        (entries(1, 5), EMPTY, Id(1, 0)),  # written between the two questions
    ]
    for loaded, extent, floor in cases:
        found.load("e", loaded, extent)
        assert found.floor == floor, (loaded, extent)
    assert found.generation == len(cases)


def test_states_say_where_they_stand() -> None:
    found = ring()
    found.load("e", [], EMPTY)
    empty = json.loads(found.state("snapshot").wire[2:])
    assert empty == {"type": "snapshot", "market": "m", "channel": "readings", "epoch": "e", "id": None, "data": None}
    found.add(entries(7, 9))
    state = found.state("reset")
    assert json.loads(state.wire[2:])["data"] == {"n": 9}
    assert (state.id, state.droppable, state.sent_ns) == (Id(9, 0), False, 0)
    assert [f.droppable for f in found.add([Entry(Id(10, 1), b"{}", 1), Entry(Id(11, 0), b"{}", 1)])] == [False, True]
    bars = Channel("m", "bars", 10, 1000)
    assert not bars.encode(Entry(Id(1, 0), b"{}", 1)).droppable


@pytest.mark.parametrize("name", ["us", "us-open", "sim", "week"])
def test_frames_of_readings_are_under_a_kilobyte_at_their_worst(name: str) -> None:
    reading = worst(load(name))
    found = Channel(reading.market, "readings", 10, 100_000)
    found.load("e" * 32, [], EMPTY)
    entry = Entry(Id(1_602_540_000_000, 1), canonical(reading), 1_700_000_000_000_000_000)
    frames = [*found.add([entry]), found.state("snapshot"), found.state("reset")]
    assert max(len(frame.wire) for frame in frames) < 1_000
    data = json.loads(frames[0].wire[4:])["data"]
    assert set(data) >= {"index", "percentile", "contributions", "change", "coverage", "band"}
    assert data["change"] is not None


def test_what_is_no_reading_is_not_cut_short() -> None:
    details = Channel("m", "details", 10, 100_000)
    body = b'{"values":[' + b"0.1234567890123," * 200 + b"1]}"
    assert body in details.encode(Entry(Id(1, 1), body, 1)).wire


def test_small_messages() -> None:
    assert json.loads(message(type="ping", at="now")[2:]) == {"type": "ping", "at": "now"}
