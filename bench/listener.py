"""One WebSocket client that stamps a message as soon as its bytes are there, and reads it afterwards."""

from __future__ import annotations

import base64
import os
import socket
import time
from collections.abc import Iterator
from typing import Final, Self

_LENGTHS: Final = {126: 2, 127: 8}


class Listener:
    """A viewer of one channel.

    Args:
        port: of the API on this machine.
        path: what it asks for.
    """

    def __init__(self, port: int, path: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), 10)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        key = base64.b64encode(os.urandom(16)).decode()
        asked = (
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        self._socket.sendall(asked.encode())
        self._left = b""
        while b"\r\n\r\n" not in self._left:
            self._left += self._socket.recv(4096)
        head, _, self._left = self._left.partition(b"\r\n\r\n")
        if b" 101 " not in head.splitlines()[0]:
            msg = f"no WebSocket: {head.splitlines()[0]!r}"
            raise ConnectionError(msg)

    def messages(self, until: float) -> Iterator[tuple[int, bytes]]:
        """Wall clock (ns) and payload of each message, until `time.time()` is `until`."""
        while (left := until - time.time()) > 0:
            self._socket.settimeout(min(left, 1.0))
            try:
                data = self._socket.recv(65_536)
            except TimeoutError:
                continue
            at_ns = time.time_ns()
            if not data:
                msg = "the API closed the socket"
                raise ConnectionError(msg)
            self._left += data
            yield from ((at_ns, payload) for payload in self._frames())

    def _frames(self) -> Iterator[bytes]:
        """Payloads of whole data frames; a ping is answered."""
        while len(self._left) >= 2:
            size, head = self._left[1] & 0x7F, 2
            if size in _LENGTHS:
                head += _LENGTHS[size]
                if len(self._left) < head:
                    return
                size = int.from_bytes(self._left[2:head], "big")
            if len(self._left) < head + size:
                return
            opcode, payload = self._left[0] & 0x0F, self._left[head : head + size]
            self._left = self._left[head + size :]
            if opcode == 8:
                msg = f"the API closed the socket: {int.from_bytes(payload[:2], 'big')} {payload[2:].decode()}"
                raise ConnectionError(msg)
            if opcode == 9:
                self._socket.sendall(bytes([0x8A, 0x80 | len(payload), 0, 0, 0, 0]) + payload)
            if opcode in (1, 2):
                yield payload

    def close(self) -> None:
        """Leaves."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
