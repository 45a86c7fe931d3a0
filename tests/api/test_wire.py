"""From handshake to viewer: under our own server, and where there is none."""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from api.app import create_app
from api.config import ApiConfig
from api.hub import Hub
from api.viewer import Viewer
from api.wire import Handshake
from tests import servers
from tests.api.publisher import Publisher


@asynccontextmanager
async def serving(config: ApiConfig, implementation: str) -> AsyncIterator[str]:
    """The app under uvicorn, in this loop; gives the feed's address."""
    port = servers.free_port()
    settings = uvicorn.Config(
        create_app(config), port=port, ws=implementation, ws_per_message_deflate=False, log_config=None
    )
    server = uvicorn.Server(settings)
    running = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield f"ws://127.0.0.1:{port}/v1/feed"
    finally:
        server.should_exit = True
        await running


def held(kind: type) -> int:
    """How many objects of a kind somebody holds."""
    gc.collect()
    return sum(type(thing) is kind for thing in gc.get_objects())


async def test_a_viewer_holds_the_connection_and_the_handshake_is_gone(config: ApiConfig, publisher: Publisher) -> None:
    async with serving(config, "api.wire:Handshake") as url, connect(f"{url}?market=test") as client:
        assert json.loads(await client.recv())["type"] == "snapshot"
        published = await asyncio.to_thread(publisher.readings, range(1, 201), [100, 200])
        got = [json.loads(await asyncio.wait_for(client.recv(), 10))["id"] for _ in published]
        assert got == published
        deadline = asyncio.get_running_loop().time() + 10
        while held(Handshake) and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.05)  # its task may be about to end
        assert (held(Viewer), held(Handshake)) == (1, 0)


async def test_another_server_is_told_so(config: ApiConfig) -> None:
    async with serving(config, "websockets-sansio") as url:
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"{url}?market=test")
    assert refused.value.response.status_code == 501
    assert json.loads(refused.value.response.body)["title"] == "Not here"


async def test_a_fault_after_the_handshake_closes_the_viewer(
    config: ApiConfig, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert publisher

    async def fail(*_: object) -> None:
        msg = "the secret"
        raise RuntimeError(msg)

    monkeypatch.setattr(Hub, "seat", fail)
    async with serving(config, "api.wire:Handshake") as url, connect(f"{url}?market=test") as client:
        await asyncio.wait_for(client.wait_closed(), 5)
        assert (client.close_code, client.close_reason) == (1011, "a fault of the server")
