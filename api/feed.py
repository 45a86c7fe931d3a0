"""`/v1/feed`: one socket, any number of channels, from the present or from where the client was."""

from __future__ import annotations

from redis.asyncio import Redis
from starlette.websockets import WebSocket

from api import streams
from api.config import ApiConfig
from api.hub import Hub
from api.identity.authority import Shown
from api.identity.scopes import Identity
from api.identity.sockets import check, introduced, protocol_for
from api.problems import Problem
from api.resume import Resume
from api.room import Room
from api.security import refuse_socket
from api.streams import AWAY
from api.viewer import POLICY, TRY_LATER, GoneError, Viewer
from api.warrants import Warrants
from api.wire import EXTENSION, Handshake
from api.wishes import RefusedError, Wishes, parse_wishes


class Feed:
    """The endpoint of every socket of one process: it ends when the viewer is seated, and the viewer goes on."""

    def __init__(self, hub: Hub, room: Room, warrants: Warrants, config: ApiConfig, commands: Redis) -> None:
        self._hub, self._room, self._warrants, self._commands = hub, room, warrants, commands
        self._ask_within = config.ask_within
        self._resume = Resume(config, room.metrics, commands)

    async def serve(self, websocket: WebSocket) -> None:
        """Takes a socket in, or refuses it."""
        handshake = websocket.scope.get("extensions", {}).get(EXTENSION)
        if (problem := self._refusal(handshake)) is not None:
            await refuse_socket(websocket.scope, websocket.receive, websocket.send, problem)
            return
        await websocket.accept(subprotocol=protocol_for(websocket))
        try:
            identity, shown = await self._who(websocket)
            check(identity)
        except RefusedError as refused:
            handshake.hand_over(self._room).refuse(refused.title, refused.detail, refused.code)
            return
        viewer = handshake.hand_over(self._room)
        try:
            self._room.admit(viewer, identity)
            self._warrants.hold(viewer, shown)
            wishes = parse_wishes(websocket.scope["query_string"].decode("latin-1"))
            viewer.encoding = wishes.manner.encoding
            await self._seat(viewer, wishes)
        except RefusedError as refused:
            viewer.refuse(refused.title, refused.detail, refused.code)
        except GoneError:
            return

    async def _who(self, websocket: WebSocket) -> tuple[Identity, Shown | None]:
        """Whom the handshake named, or the first message does; and what was shown."""
        state = websocket.scope["state"]
        if (identity := state.get("identity")) is not None:
            return identity, state.get("shown")
        return await introduced(websocket, websocket.app.state.authority, self._ask_within)

    def _refusal(self, handshake: Handshake | None) -> Problem | None:
        if handshake is None:
            return Problem(501, "Not here", "Sockets are served by `esi api`, not by another ASGI server.")
        if len(self._room) < self._room.limit:
            return None
        self._room.metrics.refused.labels("full").inc()
        detail = f"This process takes {self._room.limit} sockets: try again, another one may answer."
        return Problem(503, "Too many sockets", detail, {"retry-after": "5"})

    async def _seat(self, viewer: Viewer, wishes: Wishes) -> None:
        for market in sorted({wish.market for wish in wishes.each}):
            await self._must_exist(market)
        for wish in wishes.each:
            try:
                audience = await self._hub.seat(viewer, wish.market, wish.channel, wishes.manner)
            except AWAY as error:
                raise _away() from error
            await self._resume.seat(viewer, audience, wish.since)

    async def _must_exist(self, market: str) -> None:
        if self._hub.knows(market):
            return
        try:
            exists = await streams.is_market(self._commands, market)
        except AWAY as error:
            raise _away() from error
        if not exists:
            raise RefusedError("Unknown market", f"No flow publishes {market[:80]!r}. See /v1/markets.", POLICY)


def _away() -> RefusedError:
    return RefusedError("Redis is away", "It is tried again: come back soon.", TRY_LATER)
