"""`since` where a socket cannot show it; the rest is proved over sockets in test_feed."""

from __future__ import annotations

import pytest

from api import streams
from api.audience import Audience, Manner
from api.config import ApiConfig
from api.encodings import JSON
from api.frames import Channel
from api.metrics import Metrics
from api.resume import Resume
from api.room import Room
from api.streams import EMPTY, Entry, Extent, Id
from api.viewer import GoneError, Viewer
from tests.api.fake_transport import FakeTransport


class Seat:
    """A channel of five readings, an audience, and a viewer that is to be seated."""

    def __init__(self) -> None:
        config = ApiConfig("redis://127.0.0.1:1/0")
        self.channel = Channel("m", "readings", 3, 1_000_000)
        self.channel.load("e", [], EMPTY)
        self.channel.add([Entry(Id(n, 0), b"{}", 1) for n in range(1, 6)])
        self.audience = Audience(self.channel, Manner())
        self.transport = FakeTransport()
        self.viewer = self.transport.protocol = Viewer(Room(config, Metrics()), self.transport, JSON)
        self.resume = Resume(config, Metrics(), streams.connect(config.redis_url, 0.1))


async def test_what_the_ring_holds_needs_no_redis() -> None:
    seat = Seat()
    await seat.resume.seat(seat.viewer, seat.audience, ("e", Id(2, 0)))
    assert seat.transport.ids() == ["3-0", "4-0", "5-0"]
    assert len(seat.audience) == 1


async def test_what_it_lacks_is_a_reset_while_redis_is_away() -> None:
    seat = Seat()
    await seat.resume.seat(seat.viewer, seat.audience, ("e", Id(1, 0)))
    assert [(said["type"], said["id"]) for said in seat.transport.messages()] == [("reset", "5-0")]
    assert len(seat.audience) == 1


@pytest.mark.parametrize("since", [None, ("e", Id(3, 0)), ("other", Id(3, 0))])
async def test_who_left_is_not_seated(since: tuple[str, Id] | None) -> None:
    seat = Seat()
    seat.viewer.connection_lost(None)
    with pytest.raises(GoneError):
        await seat.resume.seat(seat.viewer, seat.audience, since)
    assert len(seat.audience) == 0


async def test_what_is_large_is_taken_by_the_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was asked of Redis for a viewer that does not read is no more than fits in `ROOM`, or one entry."""
    asked: list[int] = []
    seat = Seat()
    seat.channel.name = "bars"
    sizes = [50_000] * 3 + [100] * 300

    async def following(*_: object, count: int, **__: object) -> tuple[list[Entry], None]:
        first = sum(asked)
        asked.append(count)
        return [
            Entry(Id(first + n + 1, 0), b"x" * size, 1) for n, size in enumerate(sizes[first : first + count])
        ], None

    async def answered(*_: object) -> object:
        return Extent(Id(0, 0), Id(303, 0), trimmed=False) if len(_) == 3 else {"m": "e"}

    monkeypatch.setattr(streams, "following", following)
    monkeypatch.setattr(streams, "extent", answered)
    monkeypatch.setattr(streams, "epochs", answered)
    seat.channel.floor, seat.channel.last = Id(300, 0), Id(303, 0)
    await seat.resume.seat(seat.viewer, seat.audience, ("e", Id(0, 0)))
    assert asked[:4] == [1, 1, 1, 1]
    assert asked[4:] == [100] * 3


async def test_what_cannot_be_sent_yet_is_no_copy() -> None:
    seat = Seat()
    given: list[bytes] = []
    seat.transport.writelines = given.extend  # type: ignore[method-assign, assignment]
    await seat.resume.seat(seat.viewer, seat.audience, ("e", Id(2, 0)))
    assert [id(wire) for wire in given] == [id(frame.wire()) for frame in seat.channel.after(Id(2, 0))]
