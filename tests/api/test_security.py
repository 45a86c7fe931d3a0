"""Who may come in: a matrix of Host and Origin, for HTTP and for sockets."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from api.config import ApiConfig
from api.security import host_name
from tests.api.conftest import Served, serving
from tests.api.identity.people import make_key
from tests.api.publisher import Publisher

CASES = [
    ({}, 200),
    ({"host": "localhost:1"}, 200),
    ({"host": "LOCALHOST"}, 200),
    ({"host": "[::1]:99"}, 200),
    ({"host": "esi.example"}, 200),
    ({"host": "evil.example"}, 400),
    ({"host": "127.0.0.1.evil.example"}, 400),
    ({"host": "localhost:1@evil.example"}, 400),
    ({"host": ""}, 400),
    ({"origin": "http://{own}"}, 200),
    ({"origin": "https://desk.example"}, 200),
    ({"origin": "https://DESK.example"}, 200),
    ({"origin": "https://desk.example.evil.example"}, 403),
    ({"origin": "http://desk.example"}, 403),
    ({"origin": "http://evil.example"}, 403),
    ({"origin": "null"}, 403),
    ({"origin": ""}, 403),
    ({"origin": "http://localhost:1", "host": "localhost:1"}, 200),
    ({"origin": "http://localhost:2", "host": "localhost:1"}, 403),
    ({"origin": "http://evil.example", "host": "evil.example"}, 400),
]


@pytest.fixture
def guarded(config: ApiConfig) -> ApiConfig:
    return replace(config, allowed_hosts=("esi.example",), allowed_origins=("https://desk.example",))


async def test_hosts_and_origins(guarded: ApiConfig, publisher: Publisher) -> None:
    assert guarded.postgres_url is not None
    key = await asyncio.to_thread(make_key, guarded.postgres_url, "index:read")
    with serving(guarded) as served:
        own = served.url.partition("//")[2]
        for given, status in CASES:
            headers = {name: value.format(own=own) for name, value in given.items()} | {
                "authorization": f"Bearer {key}"
            }
            answer = await asyncio.to_thread(served.get, "/v1/markets", headers=headers)
            assert answer.status_code == status, headers
            if status != 200:
                assert answer.headers["content-type"] == "application/problem+json"
            assert await _shakes_hands(served, publisher.market, headers) == (101 if status == 200 else status), headers


async def _shakes_hands(served: Served, market: str, headers: dict[str, str]) -> int:
    """Status of a handshake, made by hand: clients of libraries set Host themselves."""
    host = headers.get("host", served.url.partition("//")[2])
    origin = f"Origin: {headers['origin']}\r\n" if "origin" in headers else ""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(served.url.rpartition(":")[2]))
    writer.write(
        f"GET /v1/feed?market={market} HTTP/1.1\r\nHost: {host}\r\n{origin}Upgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    line = await asyncio.wait_for(reader.readline(), 5)
    writer.transport.abort()
    return int(line.split()[1])


async def test_two_hosts_or_origins_are_none(guarded: ApiConfig) -> None:
    with serving(guarded) as served:
        own = served.url.partition("//")[2]
        for twice in (f"Host: {own}\r\nHost: {own}", f"Host: {own}\r\nOrigin: http://{own}\r\nOrigin: http://{own}"):
            reader, writer = await asyncio.open_connection("127.0.0.1", int(own.rpartition(":")[2]))
            writer.write(f"GET /v1/markets HTTP/1.1\r\n{twice}\r\n\r\n".encode())
            status = int((await asyncio.wait_for(reader.readline(), 5)).split()[1])
            writer.transport.abort()
            assert status in (400, 403)


def test_only_named_origins_may_read_across(guarded: ApiConfig) -> None:
    with serving(guarded) as served:
        desk = served.get("/v1/markets", headers={"origin": "https://desk.example"})
        assert desk.headers["access-control-allow-origin"] == "https://desk.example"
        assert desk.headers["cross-origin-resource-policy"] == "cross-origin"
        own = served.get("/v1/markets", headers={"origin": served.url})
        assert "access-control-allow-origin" not in own.headers
        assert own.headers["cross-origin-resource-policy"] == "same-origin"
        assert "origin" in own.headers["vary"].lower()


async def test_a_page_from_elsewhere_gets_no_socket(served: Served, publisher: Publisher) -> None:
    url = f"{served.feed}?market={publisher.market}"
    with pytest.raises(InvalidStatus) as refused:
        await connect(url, origin="http://evil.example")  # type: ignore[arg-type]  # a plain string will do
    assert refused.value.response.status_code == 403
    async with connect(url, origin=served.url) as own:  # type: ignore[arg-type]  # as above
        assert "snapshot" in str(await own.recv())


def test_every_answer_is_marked(served: Served) -> None:
    for path in ("/v1/markets", "/v1/markets/nowhere", "/nowhere"):
        headers = served.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert len(headers["x-request-id"]) == 16
        assert "server" not in headers
    spoofed = served.get("/v1/markets", headers={"x-request-id": "a\tb" * 100})
    assert len(spoofed.headers["x-request-id"]) == 16


def test_host_names() -> None:
    assert [host_name(host) for host in ("A.b:80", "[::1]:8", "[::1]", "a", "a:")] == [
        "a.b",
        "[::1]",
        "[::1]",
        "a",
        "a",
    ]


def test_pages_of_allowed_origins_may_ask_with_a_token_and_no_others(guarded: ApiConfig) -> None:
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "authorization"}
    with serving(guarded) as served:
        mine = httpx.options(f"{served.url}/v1/alerts/silences", headers=asked | {"origin": "https://desk.example"})
        assert mine.status_code == 204
        assert mine.headers["access-control-allow-origin"] == "https://desk.example"
        assert "authorization" in mine.headers["access-control-allow-headers"]
        assert "access-control-allow-credentials" not in mine.headers
        other = httpx.options(f"{served.url}/v1/alerts/silences", headers=asked | {"origin": "https://evil.example"})
        assert other.status_code == 403
        assert "access-control-allow-origin" not in other.headers
