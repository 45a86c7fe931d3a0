"""The embedded Valkey: it answers, keeps what it was given through kill -9, and lets nobody else in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import redis

from deploy.child import Child
from deploy.valkey import Valkey
from tests.servers import wait_until


@pytest.fixture
def valkey(tmp_path: Path) -> Valkey:
    """One that is not started."""
    server = Valkey(tmp_path / "valkey")
    server.prepare()
    return server


def _run(server: Valkey, tmp_path: Path) -> Iterator[Child]:
    child = Child(server.command(), tmp_path / "valkey.log", dict(os.environ))
    try:
        wait_until(server.answers, what="valkey to answer")
        yield child
    finally:
        child.kill()


def test_it_keeps_streams_through_a_kill(valkey: Valkey, tmp_path: Path) -> None:
    assert not valkey.answers()
    for _ in _run(valkey, tmp_path):
        with redis.Redis.from_url(valkey.url) as client:
            client.xadd("s", {"reading": "x"}, id="1-1")
            client.execute_command("WAITAOF", 1, 0, 2000)
    assert not valkey.answers()
    for _ in _run(valkey, tmp_path):
        with redis.Redis.from_url(valkey.url) as client:
            assert client.xlen("s") == 1


def test_only_its_owner_can_open_it_and_there_is_no_port(valkey: Valkey, tmp_path: Path) -> None:
    for _ in _run(valkey, tmp_path):
        (socket,) = [path for path in (tmp_path / "valkey").iterdir() if path.is_socket()]
        assert socket.stat().st_mode & 0o077 == 0
        with redis.Redis.from_url(valkey.url) as client:
            assert client.config_get("port")["port"] in {"0", b"0"}
            assert "noeviction" in str(client.config_get("maxmemory-policy"))
            assert "yes" in str(client.config_get("appendonly"))


def test_a_folder_of_any_name_gives_an_address_that_works(tmp_path: Path) -> None:
    server = Valkey(tmp_path / "with space#?" / "valkey")
    server.prepare()
    for _ in _run(server, tmp_path):
        with redis.Redis.from_url(server.url) as client:
            assert client.ping()


def test_a_deep_folder_gets_a_short_socket(tmp_path: Path) -> None:
    deep = tmp_path / ("deep" * 30)
    server = Valkey(deep)
    socket = Path(unquote(urlsplit(server.url).path))
    assert len(os.fsencode(socket)) <= 100
    assert str(deep) in server.command()
    socket.parent.rmdir()
