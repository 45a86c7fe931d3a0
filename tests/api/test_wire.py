"""Both ways to a socket: the transport itself, and any ASGI server."""

from __future__ import annotations

import asyncio
import json

import pytest
import uvicorn
from websockets.asyncio.client import connect

from api.app import create_app
from api.config import ApiConfig
from api.frames import pre_frame
from api.wire import _payload
from tests import servers
from tests.api.publisher import Publisher


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_a_payload_comes_out_of_its_frame(size: int) -> None:
    assert _payload(pre_frame(b"x" * size)) == b"x" * size


@pytest.mark.parametrize("implementation", ["websockets-sansio", "api.wire:TransportProtocol"])
async def test_both_wires_carry_the_same_frames(config: ApiConfig, publisher: Publisher, implementation: str) -> None:
    port = servers.free_port()
    settings = uvicorn.Config(
        create_app(config), port=port, ws=implementation, ws_per_message_deflate=False, log_config=None
    )
    server = uvicorn.Server(settings)
    serving = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.01)
    url = f"ws://127.0.0.1:{port}/v1/feed"
    async with connect(f"{url}?market=test") as client:
        assert json.loads(await client.recv())["type"] == "snapshot"
        published = await asyncio.to_thread(publisher.readings, range(1, 201), [100, 200])
        got: list[str] = []
        skipped = 0
        while not got or got[-1] != published[-1]:
            found = json.loads(await asyncio.wait_for(client.recv(), 10))
            if found["type"] == "update":
                got.append(found["id"])
            else:
                skipped += found["skipped"]
        assert len(got) + skipped == len(published)
        assert {name for name in published if name.endswith("-1")} <= set(got)
    async with connect(f"{url}?market=nowhere") as client:
        assert json.loads(await client.recv())["type"] == "error"
        await asyncio.wait_for(client.wait_closed(), 10)
        assert client.close_code == 1008
    server.should_exit = True
    await serving
