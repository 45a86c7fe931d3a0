"""Ports that are free, socket paths that are short."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from deploy.sockets import LONGEST_SOCKET_PATH, SocketFolderError, free_port, next_free, socket_folder, taken


def test_a_port_is_free_until_somebody_listens() -> None:
    port = free_port()
    assert not taken(port)
    with socket.create_server(("127.0.0.1", port)):
        assert taken(port)
        assert next_free(port) > port
        with pytest.raises(OSError, match=f"no free port from {port}"):
            next_free(port, tries=1)


def test_a_short_folder_is_used_as_it_is(tmp_path: Path) -> None:
    assert socket_folder(Path("/tmp/d"), "s.sock") == Path("/tmp/d")


def test_a_long_one_gets_a_private_stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: "/tmp")
    long = tmp_path / ("x" * LONGEST_SOCKET_PATH)
    short = socket_folder(long, "s.sock")
    try:
        assert short == socket_folder(long, "s.sock") != socket_folder(long / "y", "s.sock")
        assert short.stat().st_mode & 0o777 == 0o700
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(short / "s.sock"))
            (short / "s.sock").unlink()
    finally:
        short.rmdir()
        socket_folder(long / "y", "s.sock").rmdir()


def test_a_stand_in_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    long = tmp_path / ("x" * LONGEST_SOCKET_PATH)
    short = socket_folder(long, "s.sock")
    short.rmdir()
    (tmp_path / "elsewhere").mkdir()
    short.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SocketFolderError, match="belongs to somebody else"):
        socket_folder(long, "s.sock")
