"""From handshake to feed: uvicorn and the app decide who may come in; a viewer of ours holds the connection then."""

from __future__ import annotations

from typing import Any, cast

import structlog
from starlette.websockets import WebSocketDisconnect
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from api.encodings import JSON
from api.room import Room
from api.viewer import Viewer

EXTENSION = "esi.handshake"

log = structlog.get_logger("esi.api.wire")


class Handshake(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket protocol for as long as a handshake takes.

    The endpoint finds it in the scope's extensions, accepts, and hands the connection over. What uvicorn keeps for a
    socket (a parser, a queue, a task, the request: 30 KiB) is free again when the endpoint returns.
    """

    _viewer: Viewer | None = None

    async def run_asgi(self) -> None:
        """Runs the endpoint; a connection that was handed over outlives it."""
        cast("dict[str, Any]", self.scope["extensions"])[EXTENSION] = self
        try:
            await self.app(self.scope, self.receive, self.send)
        except (ClientDisconnected, WebSocketDisconnect):
            log.debug("left_within_handshake", path=self.scope["path"])
        except Exception as error:
            log.error("socket_fault", path=self.scope["path"], exc_info=error)
            self._fail()
        if self._viewer is None and self.close_timer is None:
            self.transport.close()

    def _fail(self) -> None:
        if self._viewer is not None:
            self._viewer.close(1011, "a fault of the server")
        else:
            self.send_500_response()

    def hand_over(self, room: Room) -> Viewer:
        """An accepted connection as viewer; uvicorn no longer knows it."""
        self.stop_keepalive()
        self.connections.discard(self)
        self._viewer = viewer = Viewer(room, self.transport, JSON)
        self.transport.set_protocol(viewer)
        room.enter(viewer)
        if self.transport.is_closing():
            room.leave(viewer)
            viewer.open = viewer.clear = False
        return viewer

    def data_received(self, data: bytes) -> None:
        """Also answers and ends a handshake that cannot be read (an address of 10 kB); uvicorn would keep it open."""
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.transport.close()
