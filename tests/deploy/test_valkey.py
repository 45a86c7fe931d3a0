"""The embedded Valkey answers on a socket for its owner only, and keeps what it was given over a kill."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import redis

from deploy.child import Child
from deploy.valkey import Valkey
from tests.servers import wait_until


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[Valkey], Child]]:
    """Starts a server and waits until it answers; ends it after the test."""
    children: list[Child] = []

    def run(server: Valkey) -> Child:
        server.prepare()
        children.append(Child(server.command(), tmp_path / "valkey.log", os.environ))
        wait_until(server.answers, 20, "valkey")
        return children[-1]

    yield run
    for child in children:
        child.kill()


def test_it_keeps_its_data_over_a_kill_behind_a_private_socket(
    tmp_path: Path, start: Callable[[Valkey], Child]
) -> None:
    server = Valkey(tmp_path / "with space#" / "valkey")
    assert not server.answers()
    first = start(server)
    with redis.Redis.from_url(server.url) as client:
        client.xadd("stream", {"field": "value"}, id="5-1")
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("port") == {"port": "0"}
    mode = Path(unquote(urlsplit(server.url).path)).stat().st_mode
    assert stat.S_IMODE(mode) == 0o700
    first.kill()
    assert not server.answers()
    start(server)
    with redis.Redis.from_url(server.url) as client:
        assert client.xrange("stream") == [(b"5-1", {b"field": b"value"})]


def test_a_deep_folder_gets_a_short_socket(tmp_path: Path) -> None:
    server = Valkey(tmp_path / ("deep" * 30))
    socket = Path(unquote(urlsplit(server.url).path))
    assert len(os.fsencode(socket)) <= 100
    assert str(tmp_path / ("deep" * 30)) in server.command()
    socket.parent.rmdir()
