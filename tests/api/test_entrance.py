"""Connections that ask for nothing, and more connections than there is room for."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
from dataclasses import replace

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from api.config import ApiConfig
from api.entrance import HEAD
from tests import servers
from tests.api.conftest import serving
from tests.api.publisher import Publisher


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


def ended(one: socket.socket) -> bool:
    """Whether the other side has ended a connection; waits for it."""
    one.settimeout(10)
    try:
        return one.recv(1) == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize(
    "said", [b"", b"GET /healthz HTTP/1.1\r\nHos", b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET"]
)
def test_who_does_not_finish_asking_is_cut_off(config: ApiConfig, said: bytes) -> None:
    with serving(replace(config, ask_within=0.5)) as served:
        with socket.create_connection(("127.0.0.1", port_of(served.url))) as silent:
            silent.sendall(said)
            begin = time.monotonic()
            while not ended(silent):
                continue
            assert time.monotonic() - begin < 5
        assert served.metric("esi_api_refused_total", why="asked for nothing") == 1


POST = b"POST /v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"


def trickles(one: socket.socket, part: bytes, seconds: float) -> float:
    """Sends parts until the other side ends the connection; gives after how many seconds it did."""
    begin = time.monotonic()
    one.settimeout(0.05)
    while time.monotonic() - begin < seconds:
        try:
            one.sendall(part)
            if one.recv(1_000) == b"":
                break
        except TimeoutError:
            continue
        except OSError:
            break
    return time.monotonic() - begin


@pytest.mark.parametrize(
    ("framing", "part"), [(b"Content-Length: 1000", b"1"), (b"Transfer-Encoding: chunked", b"1\r\n1\r\n")]
)
def test_who_sends_a_body_too_slowly_is_cut_off(config: ApiConfig, framing: bytes, part: bytes) -> None:
    with serving(replace(config, ask_within=0.3)) as served:
        with socket.create_connection(("127.0.0.1", port_of(served.url))) as slow:
            slow.sendall(POST + framing + b"\r\n\r\n")
            assert 0.8 < trickles(slow, part, 10) < 8
        assert served.metric("esi_api_refused_total", why="sent its body too slowly") == 1


@pytest.mark.parametrize(
    "said",
    [b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n", POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\n1\r\n0\r\n"],
)
def test_a_head_or_trailer_without_end_is_not_kept(config: ApiConfig, said: bytes) -> None:
    with serving(config) as served:
        with socket.create_connection(("127.0.0.1", port_of(served.url))) as flood:
            flood.sendall(said)
            assert trickles(flood, b"x-a: " + b"a" * HEAD + b"\r\n", 8) < 8
        assert served.metric("esi_api_refused_total", why="head too large") == 1


def test_a_head_that_is_too_large_is_told_so(config: ApiConfig) -> None:
    with serving(config) as served, socket.create_connection(("127.0.0.1", port_of(served.url))) as large:
        large.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        time.sleep(0.1)
        large.sendall(b"x-a: " + b"a" * HEAD)
        assert large.recv(4096).startswith(b"HTTP/1.1 431 ")


def test_many_small_requests_at_once_are_no_large_head(config: ApiConfig) -> None:
    with serving(config) as served, socket.create_connection(("127.0.0.1", port_of(served.url))) as busy:
        one = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nx-a: " + b"a" * 1_000 + b"\r\n\r\n"
        busy.settimeout(10)
        busy.sendall(one * 200)
        heard = b""
        while heard.count(b"HTTP/1.1 200 OK") < 200:
            part = busy.recv(65_536)
            assert part
            heard += part


async def test_an_open_socket_has_asked(config: ApiConfig, publisher: Publisher) -> None:
    with serving(replace(config, ask_within=0.3)) as served:
        async with connect(f"{served.feed}?market={publisher.market}") as client:
            await client.recv()
            await asyncio.sleep(0.8)
            await client.ping()
            assert served.metric("esi_api_clients") == 1


async def test_more_than_there_is_room_for_are_told_to_come_back(config: ApiConfig, publisher: Publisher) -> None:
    """Viewers have their bound below that of connections, so that requests are still answered."""
    with serving(config) as served:
        served.app.state.entrance.limit = served.app.state.room.limit = 3
        url = f"{served.feed}?market={publisher.market}"
        viewers = [await connect(url) for _ in range(3)]
        with pytest.raises(InvalidStatus) as refused:
            await connect(url)
        response = refused.value.response
        assert (response.status_code, response.headers["retry-after"]) == (503, "5")
        assert b"Too many connections" in (response.body or b"")
        answer = await asyncio.to_thread(served.get, "/healthz")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert answer.json()["title"] == "Too many connections"
        published = await asyncio.to_thread(publisher.readings, [1])
        for viewer in viewers:
            await viewer.recv()
            assert published[0] in str(await asyncio.wait_for(viewer.recv(), 5))
            await viewer.close()
        servers.wait_until(lambda: served.get("/healthz").status_code == 200)
        assert served.metric("esi_api_refused_total", why="connections") >= 2


CODE = """
import resource, sys, structlog
structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
resource.setrlimit(resource.RLIMIT_NOFILE, (400, 400))
from api.config import ApiConfig
from api.server import run
run(ApiConfig(sys.argv[1], port=0), ready=lambda url: print(url, flush=True))
"""


async def test_where_open_files_run_out_others_are_served(config: ApiConfig, publisher: Publisher) -> None:
    """400 files are allowed and 600 come at once: whoever gets no seat gets an answer or an end; no other suffers."""
    command = [sys.executable, "-c", CODE, config.redis_url]
    api = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=servers.CHECKOUT)
    assert api.stdout is not None
    try:
        url = api.stdout.readline().strip()
        async with connect(f"{url.replace('http', 'ws')}/v1/feed?market={publisher.market}") as viewer:
            await viewer.recv()
            crowd = await asyncio.to_thread(rush, port_of(url), 600)
            heads = [head for head in await asyncio.to_thread(heard, crowd) if head]
            assert heads
            assert {head.split(b" ")[1] for head in heads} <= {b"200", b"503"}
            assert any(b"retry-after: 5" in head for head in heads if b" 503 " in head)
            published = await asyncio.to_thread(publisher.readings, [1])
            assert published[0] in str(await asyncio.wait_for(viewer.recv(), 5))
            for one in crowd:
                one.close()
            servers.wait_until(lambda: httpx.get(url + "/healthz").status_code == 200)
    finally:
        api.kill()
        api.communicate()


def rush(port: int, count: int) -> list[socket.socket]:
    """So many connections, and then a request on each, none of which is given up."""
    made = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
    for one in made:
        one.settimeout(5)
        try:
            one.sendall(f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        except OSError:
            continue  # ended already
    return made


def heard(crowd: list[socket.socket]) -> list[bytes]:
    """What each was answered, empty for those that were only ended."""
    found = []
    for one in crowd:
        try:
            found.append(one.recv(4096))
        except OSError:
            found.append(b"")
    return found


def test_whoever_has_asked_whole_is_not_cut_off(config: ApiConfig) -> None:
    """One connection: a request with a body, a pause, another request."""
    with serving(replace(config, ask_within=0.3)) as served:
        with socket.create_connection(("127.0.0.1", port_of(served.url))) as one:
            one.settimeout(10)
            one.sendall(POST + b"Content-Length: 2\r\n\r\n{}")
            assert one.recv(65_536).startswith(b"HTTP/1.1 4")
            time.sleep(1.2)
            one.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert b"HTTP/1.1 200" in one.recv(65_536)
        assert not served.metric("esi_api_refused_total", why="asked for nothing")
