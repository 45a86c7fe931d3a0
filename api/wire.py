"""The way to one socket. Under our own server, frames go to its transport as they are, without any copying."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol, cast

from starlette.websockets import WebSocket, WebSocketDisconnect
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import State

EXTENSION = "esi.wire"
CLOSE_GRACE = 5.0


class Wire(Protocol):
    """A socket that takes ready WebSocket frames."""

    @property
    def clear(self) -> bool:
        """Whether bytes may be written now without piling up."""

    def write(self, frames: bytes) -> None:
        """Writes ready frames; only while `clear`."""

    async def deliver(self, frames: list[bytes]) -> None:
        """Writes ready frames once there is room for them.

        Raises:
            WebSocketDisconnect: the peer is gone.
        """

    async def close(self, code: int, reason: str) -> None:
        """Closes the socket, even if the peer reads nothing."""


class TransportProtocol(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket protocol, which also offers its transport to the endpoint as a `Wire`.

    Text of an endpoint is framed for every socket anew; one frame for all of them costs a third of that. This needs
    permessage-deflate off, and an endpoint that sends nothing else meanwhile.
    """

    async def run_asgi(self) -> None:
        """Runs the endpoint, with this object in the scope's extensions."""
        cast("dict[str, Any]", self.scope["extensions"])[EXTENSION] = self
        await super().run_asgi()

    def data_received(self, data: bytes) -> None:
        """Also answers and ends a handshake that cannot be read (an address of 10 kB); uvicorn would keep it open."""
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.transport.close()

    @property
    def open(self) -> bool:
        """Whether frames may still be sent."""
        return self.conn.state is State.OPEN and not self.close_sent and not self.transport.is_closing()

    @property
    def clear(self) -> bool:
        """Whether the transport's buffer is below its high-water mark (64 KiB)."""
        return self.writable.is_set() and self.open

    def write(self, frames: bytes) -> None:
        """Hands ready frames to the transport."""
        self.transport.write(frames)

    async def deliver(self, frames: list[bytes]) -> None:
        """Waits until the transport's buffer has room, then writes.

        Raises:
            WebSocketDisconnect: the peer is gone.
        """
        await self.writable.wait()
        if not self.open:
            raise WebSocketDisconnect(1006)
        self.transport.write(b"".join(frames))

    async def close(self, code: int, reason: str) -> None:
        """Sends a close frame behind what is written already; a peer that reads nothing is cut off soon after."""
        if not self.open:
            return
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.read_paused:  # else the peer's close frame would never be read
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(CLOSE_GRACE, self.transport.abort)


class AsgiWire:
    """The same over any ASGI server: each payload is framed again by the server."""

    clear = False  # every frame goes through the outbox: ASGI has no way to ask

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket

    def write(self, frames: bytes) -> None:
        """Never called, because `clear` is False."""
        raise NotImplementedError

    async def deliver(self, frames: list[bytes]) -> None:
        """Sends the payloads one by one."""
        for frame in frames:
            await self._websocket.send_text(_payload(frame).decode())

    async def close(self, code: int, reason: str) -> None:
        """Closes; a peer that reads nothing is given up after a while."""
        try:
            async with asyncio.timeout(CLOSE_GRACE):
                await self._websocket.close(code, reason)
        except (TimeoutError, RuntimeError, WebSocketDisconnect):
            return


def _payload(frame: bytes) -> bytes:
    return frame[{126: 4, 127: 10}.get(frame[1], 2) :]


def wire_of(websocket: WebSocket) -> Wire:
    """The shortest way to an accepted socket."""
    direct = websocket.scope.get("extensions", {}).get(EXTENSION)
    return direct if isinstance(direct, TransportProtocol) else AsgiWire(websocket)
