"""Free ports and short socket paths."""

from __future__ import annotations

import hashlib
import os
import socket
import tempfile
from pathlib import Path

LONGEST_SOCKET_PATH = 100
"""Bytes; Linux takes 107 and macOS 103, the closing zero not counted."""


class SocketFolderError(PermissionError):
    """Somebody else has the folder that our sockets would be in; the message says what to do."""


def free_port(host: str = "127.0.0.1") -> int:
    """A TCP port that nobody listens on now."""
    with socket.create_server((host, 0)) as server:
        return int(server.getsockname()[1])


def taken(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a TCP port cannot be listened on."""
    try:
        with socket.create_server((host, port)):
            return False
    except OSError:
        return True


def next_free(port: int, host: str = "127.0.0.1", tries: int = 100) -> int:
    """The first port from `port` on that can be listened on.

    Raises:
        OSError: none of `tries` ports can.
    """
    for candidate in range(port, min(port + tries, 65536)):
        if not taken(candidate, host):
            return candidate
    msg = f"no free port from {port} to {port + tries - 1} on {host}"
    raise OSError(msg)


def socket_folder(folder: Path, socket_name: str) -> Path:
    """`folder` if a socket in it has a short enough path, else a private folder below the temporary one.

    Raises:
        SocketFolderError: somebody else has made the private folder.
    """
    if len(os.fsencode(folder / socket_name)) <= LONGEST_SOCKET_PATH:
        return folder
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    short = Path(tempfile.gettempdir(), f"esi-{os.geteuid()}-{digest}")
    short.mkdir(mode=0o700, exist_ok=True)
    if short.is_symlink() or short.stat().st_uid != os.geteuid():
        msg = f"{short} belongs to somebody else: remove it, or give a shorter --data folder than {folder}"
        raise SocketFolderError(msg)
    return short
