"""Listening sockets: shared where several processes are meant to, refused with a remedy else."""

from __future__ import annotations

import resource
import socket

import pytest

from api.config import ApiConfig
from api.sockets import BACKLOG, SPARE, PortTakenError, check_free, listen, raise_limit, room_below, spelled, tune

REDIS = "redis://127.0.0.1:1/0"


def test_several_processes_share_a_port_and_each_has_one_of_its_own() -> None:
    [first, own] = listen(ApiConfig(REDIS, port=0, shared=True))
    port = first.getsockname()[1]
    first.listen(), own.listen()
    [second, other] = listen(ApiConfig(REDIS, port=port, shared=True))
    assert second.getsockname() == first.getsockname()
    assert own.getsockname() != other.getsockname()
    with pytest.raises(PortTakenError, match="choose another port"):
        check_free("127.0.0.1", port)
    with pytest.raises(PortTakenError):
        listen(ApiConfig(REDIS, port=port))
    with pytest.raises(PortTakenError):
        listen(ApiConfig(REDIS, port=port, shared=True, private_port=own.getsockname()[1]))
    for one in (first, own, second, other):
        one.close()
    check_free("127.0.0.1", port)


def test_what_listeners_pass_on_to_their_connections() -> None:
    [listener] = listen(ApiConfig(REDIS, port=0))
    tune(listener, 20.0)
    listener.listen()
    with socket.create_connection(listener.getsockname()), listener.accept()[0] as accepted:
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 20_000
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT) > 0
    assert spelled(listener) == f"127.0.0.1:{listener.getsockname()[1]}"
    listener.close()


def test_there_is_room_for_a_whole_queue_below_the_limit_of_open_files() -> None:
    assert room_below(200_000) == 200_000 - SPARE - BACKLOG
    assert room_below(1_024) == 1_024 - SPARE - 128
    assert room_below(64) == 16
    assert room_below(resource.RLIM_INFINITY) == 1_000_000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
    try:
        assert raise_limit() == room_below(hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
