"""Many WebSocket clients in one process, as thin as they can be: they stamp what arrives and answer pings."""

from __future__ import annotations

import asyncio
import base64
import os
import struct
import time
from typing import Final, cast

PING, CLOSE, TEXT = 0x9, 0x8, 0x1

_PONG: Final = b"\x8a\x80\0\0\0\0"
"""A masked empty pong."""


class Client(asyncio.Protocol):
    """One socket.

    Attributes:
        frames: (wall clock at arrival in nanoseconds, text) of every text frame.
        ready: set when the server has agreed to speak WebSocket.
        closed: why it ended, empty while it is open.
    """

    def __init__(self, host: str, path: str) -> None:
        self.frames: list[tuple[int, bytes]] = []
        self.ready = asyncio.Event()
        self.closed = ""
        self._ask = (host, path)
        self._pending = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asks for the upgrade."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        host, path = self._ask
        key = base64.b64encode(os.urandom(16)).decode()
        self._transport.write(
            f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        """Stamps and cuts."""
        at_ns = time.time_ns()
        self._pending += data
        if not self.ready.is_set() and not self._handshake():
            return
        while (frame := self._frame()) is not None:
            opcode, payload = frame
            if opcode == TEXT:
                self.frames.append((at_ns, payload))
            elif opcode == PING:
                self._transport.write(_PONG)
            elif opcode == CLOSE:
                self.closed = f"closed by the server: {payload!r}"

    def connection_lost(self, exc: Exception | None) -> None:
        """Remembers why."""
        self.closed = self.closed or f"connection lost: {exc}"
        self.ready.set()

    def end(self) -> None:
        """Leaves."""
        self._transport.abort()

    def _handshake(self) -> bool:
        head, found, rest = self._pending.partition(b"\r\n\r\n")
        if not found:
            return False
        if b" 101 " not in head.split(b"\r\n", 1)[0] + b" ":
            self.closed = head.decode(errors="replace")
        self._pending = rest
        self.ready.set()
        return True

    def _frame(self) -> tuple[int, bytes] | None:
        """The next whole frame (servers do not mask), None if there is none yet."""
        data = self._pending
        if len(data) < 2:
            return None
        length, start = data[1] & 0x7F, 2
        if length >= 126:
            start = 4 if length == 126 else 10
            if len(data) < start:
                return None
            (length,) = struct.unpack_from(">H" if start == 4 else ">Q", data, 2)
        if len(data) < start + length:
            return None
        self._pending = data[start + length :]
        return data[0] & 0x0F, data[start : start + length]


async def connect(host: str, port: int, path: str, count: int) -> list[Client]:
    """So many connected clients, fifty at a time."""
    loop = asyncio.get_running_loop()
    clients: list[Client] = []
    for first in range(0, count, 50):
        made = [
            loop.create_connection(lambda: Client(f"{host}:{port}", path), host, port)
            for _ in range(min(50, count - first))
        ]
        fresh = [client for _, client in await asyncio.gather(*made)]
        await asyncio.gather(*(asyncio.wait_for(client.ready.wait(), 30) for client in fresh))
        clients += fresh
    return clients
