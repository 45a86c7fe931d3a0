"""Who is in, and who is looked after."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from api.config import ApiConfig
from api.encodings import JSON
from api.metrics import Metrics
from api.room import Room
from api.viewer import PING_FRAME, Viewer
from tests.api.fake_transport import FakeTransport

CONFIG = ApiConfig("redis://127.0.0.1:1/0")


def enter(room: Room) -> FakeTransport:
    transport = FakeTransport()
    transport.protocol = Viewer(room, transport, JSON)
    room.enter(transport.protocol)
    return transport


async def test_it_counts_who_comes_and_goes() -> None:
    metrics = Metrics()
    room = Room(CONFIG, metrics)
    transports = [enter(room) for _ in range(3)]
    assert b"esi_api_clients 3.0" in metrics.page()
    for _ in range(2):  # told twice, counted once
        room.leave(transports[0].protocol)
    assert (len(room), b"esi_api_clients 2.0" in metrics.page()) == (2, True)


async def test_it_looks_after_everybody_without_a_timer_for_each() -> None:
    room = Room(replace(CONFIG, ping=0.1, probe=0.05, idle=0.2), Metrics())
    transports = [enter(room) for _ in range(20)]
    before = len(asyncio.all_tasks())
    running = asyncio.create_task(room.run())
    await asyncio.sleep(0.6)
    assert len(asyncio.all_tasks()) == before + 1
    assert all(PING_FRAME in transport.written for transport in transports)
    assert {transport.ended for transport in transports} == {"close"}  # nobody answered
    running.cancel()


async def test_newcomers_are_asked_one_after_the_other() -> None:
    room = Room(CONFIG, Metrics())
    times = [room.first_probe() - room.now() for _ in range(200)]
    assert 30 <= min(times) < max(times) <= 60
    assert max(times) - min(times) > 20


async def test_everybody_is_told_that_the_server_ends() -> None:
    room = Room(CONFIG, Metrics())
    transports = [enter(room) for _ in range(3)]
    await room.close()
    assert {transport.written[-1][2:4] for transport in transports} == {(1012).to_bytes(2, "big")}
    assert {transport.ended for transport in transports} == {"close"}
