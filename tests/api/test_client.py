"""One client on a wire that the test controls."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from api.client import Client, TooSlowError
from api.config import ApiConfig
from api.frames import Channel, Frame
from api.metrics import Metrics
from api.streams import Entry, Id

CONFIG = ApiConfig("redis://127.0.0.1:1/0", ping=60.0, idle=60.0)


class FakeWire:
    """Takes frames while `clear`; `deliver` waits until then."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.room = asyncio.Event()
        self.room.set()

    @property
    def clear(self) -> bool:
        """Whether there is room."""
        return self.room.is_set()

    def write(self, frames: bytes) -> None:
        """Takes them at once."""
        assert self.clear
        self.written.append(frames)

    async def deliver(self, frames: list[bytes]) -> None:
        """Takes them once there is room."""
        await self.room.wait()
        await asyncio.sleep(0)
        self.written += frames

    async def close(self, code: int, reason: str) -> None:
        """Never asked for here."""
        raise NotImplementedError


def frames(first: int, last: int, final: bool = False) -> list[Frame]:
    channel = Channel("m", "readings", 1000, 1_000_000)
    return [channel.encode(Entry(Id(number, int(final)), b"{}", 1)) for number in range(first, last + 1)]


def offer(client: Client, some: list[Frame]) -> bool:
    return client.offer(some, b"".join(frame.wire for frame in some))


async def test_what_the_socket_takes_is_written_at_once_in_one_piece() -> None:
    wire = FakeWire()
    client = Client(wire, CONFIG, Metrics())
    some = frames(1, 3)
    assert offer(client, some)
    assert wire.written == [b"".join(frame.wire for frame in some)]


async def test_nothing_overtakes_what_waits() -> None:
    wire = FakeWire()
    client = Client(wire, CONFIG, Metrics())
    running = asyncio.create_task(client.run())
    some = frames(1, 9, final=True)
    wire.room.clear()
    assert not offer(client, some[:3])
    await asyncio.sleep(0.01)  # the outbox is being written
    wire.room.set()
    assert not offer(client, some[3:6])  # there is room, but three frames are still on their way
    await asyncio.sleep(0.01)
    assert offer(client, some[6:])
    assert b"".join(wire.written) == b"".join(frame.wire for frame in some)
    running.cancel()


async def test_too_many_finals_fail_the_client() -> None:
    wire, metrics = FakeWire(), Metrics()
    client = Client(wire, replace(CONFIG, outbox_bytes=1_000), metrics)
    wire.room.clear()
    offer(client, frames(1, 500))
    assert not client.failed.done()
    assert b'esi_api_conflated_total{market="m"} 4' in metrics.page()
    offer(client, frames(501, 520, final=True))
    with pytest.raises(TooSlowError):
        client.failed.result()


async def test_a_client_that_takes_nothing_is_too_slow() -> None:
    wire = FakeWire()
    client = Client(wire, replace(CONFIG, idle=0.05), Metrics())
    wire.room.clear()
    offer(client, frames(1, 1))
    with pytest.raises(TooSlowError):
        await asyncio.wait_for(client.run(), 5)


async def test_a_ping_comes_after_silence_only() -> None:
    wire = FakeWire()
    client = Client(wire, replace(CONFIG, ping=0.2), Metrics())
    running = asyncio.create_task(client.run())
    for number in range(1, 7):
        offer(client, frames(number, number))
        await asyncio.sleep(0.05)
    assert len(wire.written) == 6
    await asyncio.sleep(0.4)
    assert b'"ping"' in wire.written[6]
    running.cancel()
