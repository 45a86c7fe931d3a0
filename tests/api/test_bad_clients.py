"""Clients that read nothing, vanish, flood or hang, and a slow Redis: others are served, memory stays bounded."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest
import redis
import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio.client import ClientConnection, connect

from api.config import ApiConfig
from tests import servers
from tests.api.conftest import Served, serving
from tests.api.publisher import Publisher, id_of
from tests.api.test_feed import Mute
from tests.api.test_inbound import client_frame

LARGE = "x" * 60_000
MESSAGES = 150
SLOW = 5
"""Viewers who read nothing: nine megabytes are offered to each, loopback takes about three."""


def publish(client: redis.Redis, numbers: range, pad: str) -> None:
    """Readings that are as large as they must be to fill buffers."""
    pipe = client.pipeline(transaction=False)
    for number in numbers:
        body = json.dumps({"market": "test", "n": number, "pad": pad})
        pipe.xadd("esi:test:readings", {"reading": body, "sent_ns": time.time_ns()}, id=id_of(number))
    pipe.execute()


async def numbers_until(client: ClientConnection, last: int, seconds: float) -> list[int]:
    """Numbers of the readings that come, up to a last one or the end of a time."""
    found: list[int] = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not found or found[-1] != last:
                said: dict[str, Any] = json.loads(await client.recv())
                if said.get("type") == "update":
                    found.append(said["data"]["n"])
    return found


async def test_slow_ones_stop_nobody(served: Served, publisher: Publisher) -> None:
    slow = [await asyncio.to_thread(Mute, served, "market=test") for _ in range(SLOW)]
    async with connect(f"{served.feed}?market=test", max_size=None) as quick:
        await quick.recv()
        reading = asyncio.create_task(numbers_until(quick, MESSAGES, 60))
        for number in range(1, MESSAGES + 1):
            await asyncio.to_thread(publish, publisher.client, range(number, number + 1), LARGE)
            await asyncio.sleep(0.01)
        assert await reading == list(range(1, MESSAGES + 1))
    assert served.metric("esi_api_conflated_total", market="test") > 0
    for one in slow:
        one.close()


async def test_slow_ones_stop_everybody_where_each_is_awaited() -> None:
    """The same clients and messages, sent as it is written in most tutorials: why the feed does not do so."""
    viewers: list[WebSocket] = []

    async def endpoint(websocket: WebSocket) -> None:
        await websocket.accept()
        viewers.append(websocket)
        while True:
            await websocket.receive()

    async def broadcast() -> None:
        for number in range(1, MESSAGES + 1):
            for viewer in viewers:
                await viewer.send_text(json.dumps({"type": "update", "data": {"n": number, "pad": LARGE}}))

    async with _served(Starlette(routes=[WebSocketRoute("/v1/feed", endpoint)])) as port:
        naive = Naive(port)
        slow = [await asyncio.to_thread(Mute, naive, "") for _ in range(SLOW)]
        async with connect(f"ws://127.0.0.1:{port}/v1/feed", max_size=None, close_timeout=0.1) as quick:
            while len(viewers) <= SLOW:
                await asyncio.sleep(0.01)
            sending = asyncio.create_task(broadcast())
            assert (await numbers_until(quick, MESSAGES, 5))[-1] < MESSAGES
            assert await numbers_until(quick, MESSAGES, 2) == []  # it does not recover: it waits for the slow ones
            sending.cancel()
        for one in slow:
            one.close()


class Naive:
    """What `Mute` must know of a server."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"


@asynccontextmanager
async def _served(app: Any) -> AsyncIterator[int]:
    port = servers.free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, ws="websockets-sansio", log_config=None, lifespan="off"))
    running = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield port
    server.force_exit = server.should_exit = True
    await running


async def test_one_that_reads_a_byte_a_second_is_closed_in_the_end(config: ApiConfig, publisher: Publisher) -> None:
    with serving(replace(config, idle=2.0)) as served:
        slow = await asyncio.to_thread(Mute, served, "market=test")
        async with connect(f"{served.feed}?market=test", max_size=None) as quick:
            await quick.recv()
            begin = time.monotonic()
            got, number = [0], 0
            while served.metric("esi_api_closed_total", code="1013") == 0 and time.monotonic() - begin < 30:
                number += 1
                await asyncio.to_thread(publish, publisher.client, range(number, number + 1), LARGE)
                got += await numbers_until(quick, number, 5)
                if number % 10 == 0:
                    await asyncio.to_thread(slow.socket.recv, 1)
            assert served.metric("esi_api_closed_total", code="1013") == 1
            assert got == list(range(number + 1))
        slow.close()


def vanish(port: int, count: int) -> None:
    """So many connections, cut off at once: before, within, right behind and long behind their handshake."""
    whole = (
        f"GET /v1/feed?market=test HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ).encode()
    made = []
    for number in range(count):
        one = socket.create_connection(("127.0.0.1", port))
        one.sendall(whole[: (0, 40, len(whole), len(whole))[number % 4]])
        if number % 4 == 3:
            one.recv(1)
        made.append(one)
    for one in made:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # no goodbye: a reset
        one.close()


async def test_two_thousand_that_connect_and_vanish_leave_nothing(served: Served, publisher: Publisher) -> None:
    publisher.readings([1])
    port = int(served.url.rpartition(":")[2])
    async with connect(f"{served.feed}?market=test") as viewer:
        await viewer.recv()
        sizes = []
        for number in range(2, 6):
            await asyncio.to_thread(vanish, port, 500)
            published = publisher.readings([number])
            assert json.loads(await asyncio.wait_for(viewer.recv(), 5))["id"] == published[0]
            await asyncio.to_thread(servers.wait_until, lambda: served.metric("esi_api_clients") == 1)
            sizes.append(psutil.Process().memory_info().rss)
        assert sizes[-1] - sizes[0] < 20e6
        room = served.app.state.room
        assert len(room) == 1
        [seat] = next(iter(room)).seats
        assert (seat.users, len(seat), seat.channel.users) == (1, 1, 1)


async def test_ten_megabytes_are_refused_at_their_head(served: Served, publisher: Publisher) -> None:
    async with connect(f"{served.feed}?market=test") as viewer:
        await viewer.recv()
        flooder = await asyncio.to_thread(Mute, served, "market=test")
        before = psutil.Process().memory_info().rss
        frame = client_frame(0x2, bytes(10_000_000))
        served.get("/healthz")
        with contextlib.suppress(ConnectionError, TimeoutError):
            await asyncio.to_thread(flooder.socket.sendall, frame)
        published = publisher.readings([1])
        assert json.loads(await asyncio.wait_for(viewer.recv(), 5))["id"] == published[0]
        assert await asyncio.to_thread(_close_code, flooder) == 1009
        assert psutil.Process().memory_info().rss - before < 60e6  # the frame itself was made in this process
        flooder.close()
    assert served.metric("esi_api_closed_total", code="1009") == 1


def _close_code(client: Mute) -> int:
    while True:
        opcode, payload = client.read()
        if opcode == 8:
            return int.from_bytes(payload[:2], "big")


@contextmanager
def delayed(url: str, seconds: float) -> Iterator[str]:
    """A way to Redis on which every answer comes so much later; gives its address."""
    parts = urlsplit(url)
    listener = socket.create_server(("127.0.0.1", 0))

    def carry(source: socket.socket, sink: socket.socket, wait: float) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                time.sleep(wait)
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection((parts.hostname or "", parts.port or 0))
                held.extend((near, far))
                for source, sink, wait in ((near, far, 0.0), (far, near, seconds)):
                    threading.Thread(target=carry, args=(source, sink, wait), daemon=True).start()

    held: list[socket.socket] = []
    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield url.replace(f":{parts.port}/", f":{listener.getsockname()[1]}/")
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for one in held:
            one.close()
        thread.join(5)


async def test_a_redis_that_takes_half_a_second_delays_what_it_tells_and_nothing_else(
    config: ApiConfig, publisher: Publisher
) -> None:
    publisher.readings([1])
    with delayed(config.redis_url, 0.5) as url, serving(replace(config, redis_url=url)) as served:
        query = f"{served.feed}?market=test"
        async with connect(query, open_timeout=20) as viewer:
            await asyncio.wait_for(viewer.recv(), 20)
            published = publisher.readings([2])
            assert json.loads(await asyncio.wait_for(viewer.recv(), 10))["id"] == published[0]
            assert served.get("/v1/markets/test/latest").status_code == 200
            begin = time.monotonic()
            for _ in range(10):  # from memory: each would take half a second and more if it asked
                async with connect(query) as another:
                    assert json.loads(await another.recv())["type"] == "snapshot"
                assert (await asyncio.to_thread(served.get, "/v1/markets/test/latest")).status_code == 200
            assert time.monotonic() - begin < 10
            assert served.metric("esi_api_redis_up") == 1


@pytest.mark.parametrize("ending", ["reset", "silence"])
async def test_one_that_never_answers_our_close_is_cut_off(
    config: ApiConfig, publisher: Publisher, ending: str
) -> None:
    with serving(config) as served:
        rude = await asyncio.to_thread(Mute, served, f"market={publisher.market}&channel=ticks")
        if ending == "reset":
            rude.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            rude.close()
        await asyncio.to_thread(servers.wait_until, lambda: served.metric("esi_api_clients") == 0, 30)
        rude.close()
