"""The process: it says where it listens, ends at once, and says what stands in its way."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from api.config import ApiConfig
from api.server import PortTakenError, run
from tests import servers
from tests.api.publisher import Publisher

CODE = """
import sys
import structlog
from api.config import ApiConfig
from api.server import run
structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
run(ApiConfig(sys.argv[1], sys.argv[2] or None, port=0), ready=lambda url: print(url, flush=True))
"""


@contextmanager
def process(redis_url: str, postgres_url: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`run` in a process of its own, and its address."""
    command = [sys.executable, "-c", CODE, redis_url, postgres_url]
    found = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=servers.CHECKOUT)
    assert found.stdout is not None
    try:
        yield found, found.stdout.readline().strip()
    finally:
        found.kill()
        found.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_within_two_seconds_with_sockets_open(config: ApiConfig, publisher: Publisher, number: int) -> None:
    with process(config.redis_url, config.postgres_url or "") as (api, url), ExitStack() as stack:
        assert httpx.get(url + "/readyz").status_code == 200
        publisher.readings(range(1, 4))
        feed = f"{url.replace('http', 'ws')}/v1/feed?market=test"
        sockets = [stack.enter_context(connect(feed)) for _ in range(20)]
        assert all(json.loads(client.recv())["type"] == "snapshot" for client in sockets)
        begin = time.monotonic()
        api.send_signal(number)
        assert api.wait(5) == 0
        assert time.monotonic() - begin < 2
        assert {_close_code(client) for client in sockets} == {1012}
        assert api.stderr is not None
        assert "Traceback" not in api.stderr.read()


def _close_code(client: ClientConnection) -> int | None:
    try:
        while True:
            client.recv(timeout=5)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None


def test_it_ends_within_two_seconds_with_everything_away(own_redis: servers.Redis) -> None:
    own_redis.kill()
    away = "postgresql://esi:x@127.0.0.1:1/esi"
    with process(own_redis.url, away) as (api, url):
        ready = httpx.get(url + "/readyz", timeout=20)
        assert (ready.status_code, ready.json()["missing"]) == (503, ["redis", "postgres"])
        assert httpx.get(url + "/healthz").status_code == 200
        assert httpx.get(url + "/v1/markets", timeout=20).json()["title"] == "Redis is away"
        begin = time.monotonic()
        api.send_signal(signal.SIGTERM)
        assert api.wait(5) == 0
        assert time.monotonic() - begin < 2


def test_a_frozen_redis_is_away_and_comes_back(own_redis: servers.Redis) -> None:
    with own_redis.client() as client:
        Publisher(client, "test").readings(range(1, 4))
    with process(own_redis.url, "") as (_, url):
        assert len(httpx.get(url + "/v1/markets/test/readings").json()["readings"]) == 3
        own_redis.pause()
        ready = httpx.get(url + "/readyz", timeout=20)
        assert (ready.status_code, ready.json()["missing"]) == (503, ["redis"])
        own_redis.resume()
        servers.wait_until(lambda: httpx.get(url + "/readyz").status_code == 200)
        assert len(httpx.get(url + "/v1/markets/test/readings").json()["readings"]) == 3


def test_a_taken_port_is_named_with_its_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTakenError, match=f"127.0.0.1:{port}.*choose another port"):
            run(ApiConfig("redis://127.0.0.1:1/0", port=port))
    with pytest.raises(PortTakenError, match="choose an address of this machine"):
        run(ApiConfig("redis://127.0.0.1:1/0", "dbname=esi", host="192.0.2.1", port=0, allowed_hosts=("esi.example",)))
