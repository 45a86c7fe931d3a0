"""The feed with tokens: by subprotocol, by first message, by cookie; what is refused, and what happens at the end."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from api.config import ApiConfig
from api.identity.scopes import Identity
from tests.api.conftest import Served, archive_tables, archive_url, config, publisher, serving
from tests.api.identity.people import Person, make_key, make_user
from tests.api.publisher import Publisher

__all__ = ["archive_tables", "archive_url", "config", "publisher"]


@pytest.fixture
def closed(config: ApiConfig, publisher: Publisher) -> Iterator[Served]:
    """A server where nobody is local, with one reading in the market `test`."""
    publisher.readings([1])
    with serving(replace(config, local_session=False, ask_within=1.0, max_per_identity=2)) as found:
        yield found


async def first(served: Served, *said: str, **options: Any) -> Any:
    """The first message, after these were said; or how it was closed: (code, title)."""
    async with connect(f"{served.feed}?market=test&since=0", **options) as client:
        for text in said:
            await client.send(text)
        try:
            message = json.loads(await client.recv())
            if message.get("type") != "error":
                return message.get("type")
            await client.recv()
        except ConnectionClosed as ended:
            return ended.rcvd.code if ended.rcvd else None
    raise AssertionError("neither a reading nor an end")


def auth(token: str) -> str:
    return json.dumps({"type": "auth", "token": token})


async def test_ways_in(closed: Served, archive_url: str) -> None:
    key = await asyncio.to_thread(make_key, archive_url, "index:read")
    await asyncio.to_thread(make_user, archive_url, "ann", "viewer")
    ann = await asyncio.to_thread(Person, closed.url, "ann")
    ways: list[tuple[tuple[str, ...], dict[str, Any]]] = [
        ((auth(key),), {}),
        ((), {"additional_headers": {"authorization": f"Bearer {key}"}}),
        ((), {"additional_headers": {"cookie": ann.headers["cookie"]}}),
        ((), {"subprotocols": ["esi.v1", f"esi.bearer.{key}"]}),
        ((), {"subprotocols": [f"esi.bearer.{key}"]}),
    ]
    for said, options in ways:
        assert await first(closed, *said, **options) not in {4401, 4403, 4408}, (said, options)


async def test_the_token_is_not_told_back(closed: Served, archive_url: str) -> None:
    key = await asyncio.to_thread(make_key, archive_url, "index:read")
    async with connect(f"{closed.feed}?market=test", subprotocols=["esi.v1", f"esi.bearer.{key}"]) as client:  # type: ignore[list-item]
        assert client.subprotocol == "esi.v1"


async def test_ways_that_lead_nowhere(closed: Served, archive_url: str) -> None:
    weak = await asyncio.to_thread(make_key, archive_url, "alerts:read")
    for said, code in (
        ((), 4408),
        (("",), 4401),
        (("hello",), 4401),
        (('{"type":"auth"}',), 4401),
        (('{"type":"auth","token":1}',), 4401),
        (('{"type":"other","token":"x"}',), 4401),
        ((auth("esi_0123456789ab_nothing"),), 4401),
        ((auth("a.b.c"),), 4401),
        ((auth(weak),), 4403),
    ):
        assert await first(closed, *said) == code, said
    with pytest.raises(InvalidStatus) as refused:
        await first(closed, subprotocols=["esi.bearer.wrong"])
    assert refused.value.response.status_code == 401


async def test_nobody_has_more_sockets_than_they_may(closed: Served, archive_url: str) -> None:
    key = await asyncio.to_thread(make_key, archive_url, "index:read")
    options = {"additional_headers": {"authorization": f"Bearer {key}"}}
    async with connect(f"{closed.feed}?market=test", **options), connect(f"{closed.feed}?market=test", **options):
        assert await first(closed, **options) == 4429
    await asyncio.sleep(0.2)
    assert await first(closed, **options) != 4429, "those that left make room"


async def _listen(client: Any) -> None:
    async with asyncio.timeout(10):
        while True:
            await client.recv()


async def test_a_token_that_ends_ends_the_socket(
    closed: Served, archive_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await asyncio.to_thread(make_key, archive_url, "index:read")
    authority = closed.app.state.authority

    async def ending(shown: Any, address: str = "") -> Identity:
        return Identity("key:x", "x", "service", frozenset({"index:read"}), time.time() + 1.0)

    monkeypatch.setattr(authority, "who", ending)
    async with connect(f"{closed.feed}?market=test", additional_headers={"authorization": f"Bearer {key}"}) as client:
        began = time.monotonic()
        with pytest.raises(ConnectionClosed) as ended:
            await _listen(client)
    assert ended.value.rcvd is not None
    assert ended.value.rcvd.code == 4401
    assert time.monotonic() - began > 0.5
