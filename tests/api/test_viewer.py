"""One viewer on a transport that the test controls."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace

import pytest

from api.config import ApiConfig
from api.encodings import JSON, MSGPACK
from api.frames import Channel, Frame
from api.inbound import BINARY, CLOSE, PING, PONG, TEXT
from api.metrics import Metrics
from api.room import Room
from api.streams import Entry, Id
from api.viewer import CLOSE_GRACE, PING_FRAME, GoneError, Viewer
from tests.api.fake_transport import FakeTransport
from tests.api.test_inbound import client_frame

CONFIG = ApiConfig("redis://127.0.0.1:1/0", ping=20.0, probe=60.0, idle=20.0)


class Seen:
    """A viewer, its transport, and a clock that the test moves."""

    def __init__(self, config: ApiConfig = CONFIG) -> None:
        self.now = 1_000.0
        self.metrics = Metrics()
        self.room = Room(config, self.metrics)
        self.room.now = lambda: self.now
        self.transport = FakeTransport()
        self.viewer = self.transport.protocol = Viewer(self.room, self.transport, JSON)
        self.room.enter(self.viewer)
        self.channel = Channel("m", "readings", 1000, 1_000_000)

    def frames(self, first: int, last: int, *, final: bool = False) -> list[Frame]:
        """New entries of its channel."""
        return [self.channel.encode(Entry(Id(n, int(final)), b"{}", 1)) for n in range(first, last + 1)]

    def look(self, seconds: float = 0.0) -> None:
        """Time passes, and the room looks."""
        self.now += seconds
        self.viewer.look(self.now, CONFIG.ping, CONFIG.idle)

    def told(self) -> int | None:
        """Close code that was written last."""
        last = self.transport.written[-1]
        return int.from_bytes(last[2:4], "big") if last[0] == 0x88 else None


@pytest.fixture
async def seen() -> Seen:
    return Seen()


async def test_it_takes_a_few_hundred_bytes(seen: Seen) -> None:
    assert not hasattr(seen.viewer, "__dict__")
    assert sys.getsizeof(seen.viewer) + sys.getsizeof(seen.viewer._inbound) < 400


async def test_what_waits_goes_out_in_order_and_nothing_overtakes_it(seen: Seen) -> None:
    some = seen.frames(1, 9, final=True)
    seen.viewer.pause_writing()
    seen.viewer.offer(some[:3])
    seen.viewer.offer(some[3:6])
    assert (seen.transport.written, seen.viewer.clear) == ([], False)
    seen.transport.make_room()
    assert seen.viewer.clear
    seen.viewer.offer(some[6:])
    assert b"".join(seen.transport.written) == b"".join(frame.wire() for frame in some)
    assert b'esi_api_messages_total{channel="readings",market="m"} 9' in seen.metrics.page()


async def test_slow_ones_get_the_newest_and_are_told(seen: Seen) -> None:
    seen.viewer.encoding = MSGPACK
    seen.viewer.pause_writing()
    for frame in seen.frames(1, 500):
        seen.viewer.offer([frame])
    assert len(seen.viewer._outbox or ()) <= CONFIG.conflate_after + 1
    seen.viewer.encoding = JSON
    seen.transport.make_room()
    said = seen.transport.messages()
    assert sum(one["skipped"] for one in said if one["type"] == "conflated") == 500 - len(
        [one for one in said if one["type"] == "update"]
    )
    assert said[-1]["id"] == "500-0"
    assert seen.viewer._outbox is None


async def test_what_waits_are_the_frames_themselves(seen: Seen) -> None:
    """However many are slow, a frame is in memory once."""
    other = Seen()
    [frame] = seen.frames(1, 1)
    for one in (seen, other):
        one.viewer.pause_writing()
        one.viewer.offer([frame])
    boxes = [one.viewer._outbox for one in (seen, other)]
    assert [next(iter(box._waiting.values())) for box in boxes if box] == [frame, frame]


async def test_a_drain_stops_where_the_socket_is_full_again(seen: Seen) -> None:
    some = seen.frames(1, 2_000, final=True)
    seen.viewer.pause_writing()
    seen.viewer.offer(some)
    seen.transport.make_room(1)
    assert len(seen.transport.written) == 1
    assert not seen.viewer.clear
    seen.transport.make_room()
    assert b"".join(seen.transport.written) == b"".join(frame.wire() for frame in some)


async def test_too_many_finals_close_it() -> None:
    seen = Seen(replace(CONFIG, outbox_bytes=1_000))
    seen.viewer.pause_writing()
    seen.viewer.offer(seen.frames(1, 500))
    assert seen.viewer.open
    seen.viewer.offer(seen.frames(501, 520, final=True))
    assert (seen.viewer.open, seen.told()) == (False, 1013)
    seen.viewer.offer(seen.frames(521, 530))  # too late
    assert len(seen.transport.written) == 1


async def test_who_takes_nothing_for_too_long_is_closed_and_cut_off(seen: Seen) -> None:
    seen.viewer.pause_writing()
    seen.look(19)
    assert seen.viewer.open
    seen.look(2)
    assert seen.told() == 1013
    assert seen.transport.ended == ""
    seen.look(CLOSE_GRACE + 1)
    assert seen.transport.ended == "abort"


async def test_who_waits_for_room_gets_it_or_is_told(seen: Seen) -> None:
    seen.viewer.pause_writing()
    sending = asyncio.create_task(seen.viewer.send(seen.frames(1, 2)))
    await asyncio.sleep(0)
    assert not sending.done()
    seen.transport.make_room()
    await sending
    assert seen.transport.ids() == ["1-0", "2-0"]
    seen.viewer.pause_writing()
    sending = asyncio.create_task(seen.viewer.send(seen.frames(3, 3)))
    await asyncio.sleep(0)
    seen.viewer.connection_lost(None)
    with pytest.raises(GoneError):
        await sending
    assert len(seen.room) == 0


async def test_silence_is_broken(seen: Seen) -> None:
    seen.look(19)
    assert seen.transport.written == []
    seen.look(1)
    assert seen.transport.messages()[0]["type"] == "ping"
    seen.look(5)
    assert len(seen.transport.written) == 1


async def test_peers_are_asked_and_the_dead_are_closed(seen: Seen) -> None:
    seen.look(60)
    assert seen.transport.written == [PING_FRAME]
    seen.viewer.data_received(client_frame(PONG))
    seen.look(10)
    seen.look(50)
    assert seen.transport.written.count(PING_FRAME) == 2
    seen.look(21)
    assert seen.told() == 1011
    assert seen.transport.ended == "close"


async def test_a_ping_that_had_to_wait_is_not_held_against_the_peer(seen: Seen) -> None:
    seen.look(60)
    seen.viewer.pause_writing()
    seen.now += 19
    seen.transport.make_room()
    seen.look(19)
    assert seen.viewer.open


async def test_its_pings_are_answered_and_its_close_as_well(seen: Seen) -> None:
    data = client_frame(PING, b"abc") + client_frame(CLOSE, b"\x03\xe9bye")
    for byte in data:
        seen.viewer.data_received(bytes([byte]))
    assert seen.transport.written == [b"\x8a\x03abc", b"\x88\x02\x03\xe9"]
    assert seen.transport.ended == "close"


async def test_our_close_ends_with_its_answer(seen: Seen) -> None:
    seen.viewer.close(1012, "bye")
    seen.viewer.close(1008, "again")
    assert seen.transport.written == [b"\x88\x05\x03\xf4bye"]
    seen.viewer.data_received(client_frame(TEXT, b"meanwhile") + client_frame(CLOSE, b"\x03\xf4"))
    assert (seen.transport.ended, len(seen.transport.written)) == ("close", 1)


async def test_a_broken_protocol_is_told_and_what_follows_is_dropped(seen: Seen) -> None:
    seen.viewer.data_received(b"\x82\xff" + (10_000_000).to_bytes(8, "big") + bytes(100))
    assert (seen.told(), seen.transport.ended) == (1009, "eof")
    seen.viewer.data_received(client_frame(PING) * 1000)
    assert len(seen.transport.written) == 1
    seen.look(CLOSE_GRACE + 1)
    assert seen.transport.ended == "abort"


@pytest.mark.parametrize(("opcode", "count"), [(TEXT, 61), (BINARY, 61), (PONG, 601)])
async def test_who_talks_too_much_is_refused(seen: Seen, opcode: int, count: int) -> None:
    for _ in range(2):
        seen.viewer.data_received(client_frame(opcode) * (count - 1))
        assert seen.viewer.open
        seen.viewer.forgive()
    seen.viewer.data_received(client_frame(opcode) * count)
    assert seen.transport.messages()[0]["title"] == "Too many messages"
    assert seen.told() == 1008


async def test_pings_of_a_peer_that_reads_nothing_do_not_pile_up(seen: Seen) -> None:
    seen.viewer.pause_writing()
    seen.viewer.data_received(client_frame(PING, b"x" * 125) * 500)
    assert seen.transport.written == []
