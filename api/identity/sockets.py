"""Who a socket belongs to: by its handshake, or by its first message; never by its address, which logs keep."""

from __future__ import annotations

import asyncio
from typing import Final, NoReturn

import msgspec
from starlette.websockets import WebSocket

from api.identity.authority import Authority, Shown
from api.identity.gate import SUBPROTOCOL, address_of
from api.identity.scopes import Identity
from api.problems import Problem
from api.wishes import RefusedError

NOT_LOGGED_IN, NOT_ALLOWED, TOO_LATE, TOO_MANY = 4401, 4403, 4408, 4429
"""Close codes of the feed: no valid token, or its end; the scope is lacking; none came in time; too many sockets."""

PROTOCOL: Final = "esi.v1"
SCOPE: Final = "index:read"
"""Scope of every channel of the feed."""

_ASK: Final = 'send {"type":"auth","token":"..."} first, or offer the subprotocol esi.bearer.TOKEN'


class _Auth(msgspec.Struct, tag="auth", tag_field="type", forbid_unknown_fields=True):
    token: str


def protocol_for(websocket: WebSocket) -> str | None:
    """The subprotocol that is agreed to: ours if it is offered, else the token's own, for browsers insist on one."""
    offered: list[str] = websocket.scope.get("subprotocols", [])
    if PROTOCOL in offered:
        return PROTOCOL
    return next((one for one in offered if one.startswith(SUBPROTOCOL)), None)


async def introduced(websocket: WebSocket, authority: Authority, seconds: float) -> tuple[Identity, Shown]:
    """Whoever an accepted socket's first message names, and what it shows.

    Raises:
        RefusedError: it names nobody, or does not come.
    """
    try:
        async with asyncio.timeout(seconds):
            message = await websocket.receive()
    except TimeoutError:
        raise RefusedError("Not logged in", f"nothing came in {seconds:g} s: {_ASK}", TOO_LATE) from None
    if message["type"] != "websocket.receive":
        _refuse("it left")
    try:
        token = msgspec.json.decode(message.get("text") or b"", type=_Auth).token
    except (msgspec.DecodeError, UnicodeEncodeError):
        _refuse(_ASK)
    shown = Shown("bearer", token)
    try:
        found = await authority.who(shown, address_of(websocket.scope))
    except Problem as problem:
        raise RefusedError(problem.title, problem.detail, 1013) from problem
    if found is None:
        _refuse("this key or token is unknown, has ended, or is of another deployment")
    return found, shown


def _refuse(detail: str) -> NoReturn:
    raise RefusedError("Not logged in", detail, NOT_LOGGED_IN)


def check(identity: Identity) -> None:
    """That somebody may hear the feed.

    Raises:
        RefusedError: they lack its scope.
    """
    if SCOPE not in identity.scopes:
        raise RefusedError("Not allowed", f"the feed needs the scope {SCOPE!r}", NOT_ALLOWED)
