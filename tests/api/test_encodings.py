"""What goes on the wire, read by another library."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame as PeerFrame
from websockets.frames import Opcode
from websockets.streams import StreamReader

from api.encodings import BINARY, JSON, MSGPACK, TEXT, changes, pre_frame


@given(st.sampled_from([0, 1, 125, 126, 127, 65_535, 65_536, 70_000]), st.sampled_from([TEXT, BINARY]))
def test_frames_are_what_another_library_reads(size: int, first: int) -> None:
    reader = StreamReader()
    reader.feed_data(pre_frame(b"x" * size, first))
    parsing = PeerFrame.parse(reader.read_exact, mask=False, max_size=None)
    try:
        next(parsing)
    except StopIteration as done:
        found = done.value
    opcode = Opcode.TEXT if first == TEXT else Opcode.BINARY
    assert (found.opcode, found.fin, bytes(found.data)) == (opcode, True, b"x" * size)


def test_json_carries_canonical_bytes_unchanged_and_messagepack_the_same_values() -> None:
    data = b'{"at":"now","index":1.50,"level":null}'
    wire = JSON.carrying({"type": "update", "id": "1-0"}, data)
    assert wire[2:] == b'{"type":"update","id":"1-0","data":' + data + b"}"
    packed = MSGPACK.carrying({"type": "update", "id": "1-0"}, data)
    assert packed[0] == BINARY
    assert msgspec.msgpack.decode(packed[2:]) == json.loads(wire[2:])
    assert len(packed) < len(wire)
    for encoding in (JSON, MSGPACK):
        assert b"data" in encoding.carrying({}, None)
    assert json.loads(JSON.message({"type": "ping", "at": "now"})[2:]) == {"type": "ping", "at": "now"}


Plain = st.sampled_from([None, True, 0, 1, 1.5, -0.25, "", "x"])
Values = st.one_of(Plain, st.lists(Plain, max_size=2), st.dictionaries(st.sampled_from("xy"), Plain))
Objects = st.dictionaries(st.sampled_from("abcdef"), Values, max_size=6)


@given(Objects, Objects)
def test_what_changed_makes_the_new_of_the_old(before: dict[str, Any], after: dict[str, Any]) -> None:
    said = changes(json.dumps(before).encode(), json.dumps(after).encode())
    state = {**before, **said["data"]}
    for name in said.get("gone", ()):
        del state[name]
    assert state == after
    assert all(name not in before or before[name] != after[name] for name in said["data"])
