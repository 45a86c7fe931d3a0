"""The reader of client frames against the `websockets` library, on whatever bytes, however they are cut."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from websockets.frames import Frame as PeerFrame
from websockets.frames import Opcode
from websockets.protocol import Protocol, Side, State

from api.inbound import (
    BAD_TEXT,
    BINARY,
    CLOSE,
    CONTINUATION,
    NO_STATUS,
    PING,
    PONG,
    PROTOCOL_ERROR,
    TEXT,
    TOO_BIG,
    Inbound,
    ProtocolFault,
    close_code,
    close_frame,
)

LIMIT = 300
LONG_PING = b"\x89\xfe\x00\x80" + bytes(132)
"""A ping of 128 bytes. Amid a message that it would make too big it has two faults, and either may be told."""
logging.getLogger("websockets").setLevel(logging.CRITICAL)


def client_frame(opcode: int, payload: bytes = b"", *, final: bool = True, mask: bytes = b"\x01\x02\x03\x04") -> bytes:
    """A frame as a client sends it, written by hand so that it may also be wrong."""
    head = bytes(((0x80 if final else 0) | opcode,))
    size = len(payload)
    if size < 126:
        head += bytes((0x80 | size,))
    elif size < 65_536:
        head += b"\xfe" + size.to_bytes(2, "big")
    else:
        head += b"\xff" + size.to_bytes(8, "big")
    return head + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))


@dataclass
class Heard:
    """What a reader made of some bytes: messages and control frames in order, and the code it failed with."""

    events: list[tuple[int, bytes]]
    code: int | None


def ours(pieces: list[bytes]) -> Heard:
    inbound, events = Inbound(LIMIT), []
    try:
        for piece in pieces:
            for opcode, payload in inbound.feed(piece):
                events.append((opcode, payload))
                if opcode == CLOSE:
                    close_code(payload)
                    return Heard(events, None)
    except ProtocolFault as fault:
        return Heard(events, fault.code)
    return Heard(events, None)


def theirs(pieces: list[bytes]) -> Heard:
    peer = Protocol(Side.SERVER, state=State.OPEN, max_size=LIMIT)
    events: list[tuple[int, bytes]] = []
    begun = 0
    for piece in pieces:
        peer.receive_data(piece)
        for frame in peer.events_received():
            assert isinstance(frame, PeerFrame)
            if frame.opcode in (Opcode.PING, Opcode.PONG, Opcode.CLOSE):
                events.append((int(frame.opcode), bytes(frame.data)))
                continue
            begun = int(frame.opcode) or begun
            if frame.fin:
                events.append((begun, b""))
        if peer.parser_exc is not None:
            return Heard(events, peer.close_sent.code if peer.close_sent else None)
        if peer.close_rcvd is not None:
            break
    return Heard(events, None)


Mask = st.binary(min_size=4, max_size=4)
Ascii = st.integers(0, 200).map(lambda size: b"x" * size)
Control = st.builds(client_frame, st.sampled_from([PING, PONG]), st.binary(max_size=125), mask=Mask)
Whole = st.builds(client_frame, st.sampled_from([TEXT, BINARY]), Ascii, mask=Mask)
Part = st.builds(client_frame, st.sampled_from([TEXT, BINARY, CONTINUATION]), Ascii, final=st.booleans(), mask=Mask)
Wrong = st.one_of(
    st.just(b"\xc1\x80" + bytes(4)),  # a reserved bit
    st.just(b"\x83\x80" + bytes(4)),  # an unknown opcode
    st.just(b"\x8b\x80" + bytes(4)),
    st.just(b"\x81\x00"),  # not masked
    st.just(b"\x09\x80" + bytes(4)),  # a ping in fragments
    st.just(LONG_PING),
    st.just(client_frame(TEXT, b"x" * (LIMIT + 1))),
    st.just(b"\x82\xff" + (10_000_000).to_bytes(8, "big") + bytes(4)),  # ten megabytes
    st.just(client_frame(CLOSE, b"\x03")),
    st.builds(lambda code: client_frame(CLOSE, code.to_bytes(2, "big")), st.integers(0, 5_100)),
    st.just(client_frame(CLOSE, b"\x03\xe8\xff\xfe")),  # a reason that is not UTF-8
)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    marks = sorted({place % (len(data) + 1) for place in places})
    return [data[begin:end] for begin, end in zip([0, *marks], [*marks, len(data)], strict=True)]


@given(
    frames=st.lists(st.one_of(Control, Whole, Part), max_size=8),
    last=st.one_of(st.just(b""), Wrong),
    places=st.lists(st.integers(0, 10_000), max_size=12),
)
@example(frames=[client_frame(TEXT, b"x" * 173, final=False)], last=LONG_PING, places=[])
def test_it_hears_what_another_library_hears(frames: list[bytes], last: bytes, places: list[int]) -> None:
    data = b"".join(frames) + last
    found, wanted = ours(cut(data, places)), theirs([data])
    ended = any(opcode == CLOSE for opcode, _ in found.events)  # what follows is not read: RFC 6455, 1.4
    too_long = last == LONG_PING and (found.code, wanted.code) == (PROTOCOL_ERROR, TOO_BIG)
    assert found.code == wanted.code or too_long or (ended and found.code is None and last)
    assert found.events[: len(wanted.events)] == wanted.events
    assert len(found.events) - len(wanted.events) <= 1  # it tells the close frame whose code it then refuses


@given(st.binary(max_size=60), st.lists(st.integers(0, 60), max_size=5))
def test_any_bytes_end_in_the_same_verdict_however_they_are_cut(data: bytes, places: list[int]) -> None:
    assert ours(cut(data, places)) == ours([data])


@given(text=st.text(max_size=60), places=st.lists(st.integers(0, 200), max_size=4), bad=st.booleans())
def test_text_may_be_cut_within_a_character_but_must_be_utf8(text: str, places: list[int], bad: bool) -> None:
    raw = text.encode() + (b"\xf0\x9f" if bad else b"")
    parts = cut(raw, places)
    frames = [
        client_frame(CONTINUATION if number else TEXT, part, final=number == len(parts) - 1)
        for number, part in enumerate(parts)
    ]
    found = ours([client_frame(PING).join(frames)])
    assert found.code == (BAD_TEXT if bad else None)
    if not bad:
        assert found.events == [(PING, b"")] * (len(parts) - 1) + [(TEXT, b"")]


def test_what_it_keeps_is_bounded() -> None:
    inbound = Inbound(LIMIT)
    for _ in range(1_000):
        list(
            inbound.feed(
                client_frame(BINARY, b"", final=False) if inbound.frames == 0 else client_frame(0, b"", final=False)
            )
        )
        assert len(inbound._pending) == 0
    with pytest.raises(ProtocolFault) as fault:
        list(inbound.feed(b"\x00\xff" + (2**40).to_bytes(8, "big")))
    assert fault.value.code == TOO_BIG
    assert inbound.frames == 1_000


@pytest.mark.parametrize(
    ("payload", "code"), [(b"", NO_STATUS), (b"\x03\xe8", 1000), (b"\x0b\xb8bye", 3000), (b"\x03\xf7", None)]
)
def test_close_codes(payload: bytes, code: int | None) -> None:
    if code is None:
        with pytest.raises(ProtocolFault) as fault:
            close_code(payload + b"\xff")
        assert fault.value.code in {PROTOCOL_ERROR, BAD_TEXT}
        return
    assert close_code(payload) == code
    assert close_code(close_frame(code, "")[2:]) == code
    assert len(close_frame(1008, "x" * 500)) == 127
