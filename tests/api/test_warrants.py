"""Open sockets end with what they were let in by: logout, revoked key, role; not with the database."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from api.config import ApiConfig
from tests.api.conftest import Served, archive_tables, archive_url, config, publisher, serving
from tests.api.identity.people import Person, make_key, make_user
from tests.api.publisher import Publisher

__all__ = ["archive_tables", "archive_url", "config", "publisher"]


@pytest.fixture
def closed(config: ApiConfig, publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """A server where nobody is local, which looks at warrants often."""
    publisher.readings([1])
    monkeypatch.setattr("api.identity.authority.TRUSTED_S", 0.2)
    with serving(replace(config, local_session=False, recheck=0.1)) as found:
        yield found


def feed(served: Served, **headers: str) -> Any:
    return connect(f"{served.feed}?market=test", additional_headers=headers)


async def ended(client: ClientConnection) -> tuple[int, str]:
    """With which code and words a socket is closed."""
    try:
        async with asyncio.timeout(10):
            while True:
                await client.recv()
    except ConnectionClosed as told:
        return (told.rcvd.code, told.rcvd.reason) if told.rcvd else (0, "it broke")


def execute(url: str, query: str, *values: object) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(query, values)  # type: ignore[arg-type]  # our own words


async def test_a_logout_ends_the_sockets_of_its_session_and_no_other(closed: Served, archive_url: str) -> None:
    await asyncio.to_thread(make_user, archive_url, "ann", "viewer")
    here, there = [await asyncio.to_thread(Person, closed.url, "ann") for _ in range(2)]
    cookies = [one.headers["cookie"] for one in (here, there)]
    async with feed(closed, cookie=cookies[0]) as first, feed(closed, cookie=cookies[1]) as second:
        await first.recv()
        await asyncio.to_thread(here.ask, "DELETE", "/v1/session")
        assert await ended(first) == (4401, "logged out, revoked or ended: come back with another, and since")
        await asyncio.sleep(0.5)
        assert json.loads(await second.recv())["type"] != "error"
        assert second.state.name == "OPEN"


async def test_a_revoked_key_ends_all_its_sockets(closed: Served, archive_url: str) -> None:
    key = await asyncio.to_thread(make_key, archive_url, "index:read")
    async with feed(closed, authorization=f"Bearer {key}") as first, connect(f"{closed.feed}?market=test") as second:
        await second.send(json.dumps({"type": "auth", "token": key}))
        await asyncio.gather(first.recv(), second.recv())
        await asyncio.to_thread(execute, archive_url, "UPDATE api_keys SET revoked_at = now()")
        assert [code for code, _ in await asyncio.gather(ended(first), ended(second))] == [4401, 4401]


async def test_a_key_without_the_scope_any_more_is_not_allowed(closed: Served, archive_url: str) -> None:
    key = await asyncio.to_thread(make_key, archive_url, "index:read")
    async with feed(closed, authorization=f"Bearer {key}") as client:
        await asyncio.to_thread(execute, archive_url, "UPDATE api_keys SET scopes = '{alerts:read}'")
        assert (await ended(client))[0] == 4403


async def test_while_the_database_is_away_nobody_is_put_out(
    closed: Served, archive_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await asyncio.to_thread(make_key, archive_url, "index:read")
    async with feed(closed, authorization=f"Bearer {key}") as client:
        await client.recv()
        with monkeypatch.context() as away:
            away.setattr(closed.app.state.authority, "pool", None)
            await asyncio.sleep(0.6)
            assert client.state.name == "OPEN"
        await asyncio.to_thread(execute, archive_url, "UPDATE api_keys SET revoked_at = now()")
        assert (await ended(client))[0] == 4401
