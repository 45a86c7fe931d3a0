"""Connections to other processes of a flow break when nobody is there any more."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from dataflows import peers


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket, list[str]]]:
    """A connection from a process at the second address to one at the first, as Timely makes it."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as own:
        own.connect(server.getsockname())
        there, _ = server.accept()
        with there:
            yield own, there, [f"127.0.0.1:{server.getsockname()[1]}", "127.0.0.1:1"]


def limits(one: socket.socket) -> tuple[int, int]:
    return (
        one.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE),
        one.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT),
    )


@pytest.mark.parametrize("number", [0, 1])
def test_both_ends_get_limits(pair: tuple[socket.socket, socket.socket, list[str]], number: int) -> None:
    own, there, addresses = pair
    assert limits(own) == limits(there) == (0, 0)
    assert peers.limit(addresses, number) >= 1
    end = there if number == 0 else own
    assert limits(end) == (1, peers.SILENT_S * 1000)
    end.sendall(b"x")  # it is as usable as before


def test_others_are_left_alone(pair: tuple[socket.socket, socket.socket, list[str]]) -> None:
    own, there, _ = pair
    assert peers.limit(["127.0.0.1:1", "127.0.0.1:2"], 0) == 0
    assert limits(own) == limits(there) == (0, 0)


def test_it_waits_until_all_are_there(
    pair: tuple[socket.socket, socket.socket, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    own, _, addresses = pair
    monkeypatch.setattr(peers, "_LOOK_S", 0.01)
    peers.watch([addresses[0]], 0)
    peers.watch(addresses, 1)
    deadline = time.monotonic() + 10
    while limits(own)[0] == 0 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert limits(own) == (1, peers.SILENT_S * 1000)
