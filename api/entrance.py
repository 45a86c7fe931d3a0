"""The first bytes of every connection: whether there is room for it, and how long it may take to ask."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.metrics import Metrics
from api.problems import MEDIA_TYPE
from api.room import Room

REFUSED_WITHIN = 1.0
LAST_CHANCE = 0.5
RETRY_AFTER = 5

_ANNOUNCING = frozenset((b"content-length", b"transfer-encoding"))
"""Headers of a request with a body."""


class Entrance:
    """How many connections this process holds, and may hold.

    Attributes:
        room: the viewers, once the app runs.

    Args:
        limit: connections at most, viewers and requests together.
        ask_within: seconds that a client has for the head of its request, and as many for the body behind it.
        metrics: counters of this process.
    """

    def __init__(self, limit: int, ask_within: float, metrics: Metrics) -> None:
        self.limit, self.ask_within, self.metrics = limit, ask_within, metrics
        self.room: Room | None = None

    def is_full(self, others: int) -> bool:
        """Whether one connection more is too many; `others` are those that are no viewers."""
        return others + (len(self.room) if self.room is not None else 0) > self.limit


def _refusal() -> bytes:
    problem = {
        "type": "about:blank",
        "title": "Too many connections",
        "status": 503,
        "detail": f"This process holds as many connections as it may: come back in {RETRY_AFTER} s.",
    }
    body = msgspec.json.encode(problem)
    head = (
        f"HTTP/1.1 503 Service Unavailable\r\nretry-after: {RETRY_AFTER}\r\nconnection: close\r\n"
        f"content-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


REFUSAL = _refusal()


class Guarded(HttpToolsProtocol):
    """uvicorn's HTTP protocol behind the entrance: no more connections than there is room for, and none that idles.

    Whoever has no room gets an answer before anything is read or built for it; whoever does not ask in time is cut off.
    """

    _deadline: asyncio.TimerHandle | None = None
    _is_refused = _is_warned = False

    @property
    def entrance(self) -> Entrance:
        """Of this process."""
        app: Any = self.config.app
        found: Entrance = app.state.entrance
        return found

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Somebody is there."""
        super().connection_made(transport)
        entrance = self.entrance
        self._is_refused = entrance.is_full(len(self.connections))
        if self._is_refused:
            entrance.metrics.refused.labels("connections").inc()
        self._arm(REFUSED_WITHIN if self._is_refused else entrance.ask_within)

    def data_received(self, data: bytes) -> None:
        """Somebody asks."""
        if not self._is_refused:
            super().data_received(data)
        elif not self.transport.is_closing():
            self.transport.write(REFUSAL)
            self.transport.close()

    def on_message_begin(self) -> None:
        """A request begins, the first or another one."""
        super().on_message_begin()
        self._arm(self.entrance.ask_within)

    def on_headers_complete(self) -> None:
        """Its head is there; a body that it announces has as long again."""
        self._disarm()
        super().on_headers_complete()
        if any(name in _ANNOUNCING for name, _ in self.headers) and not self.parser.should_upgrade():
            self._arm(self.entrance.ask_within)

    def on_message_complete(self) -> None:
        """All of it is there."""
        self._disarm()
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """The end."""
        self._disarm()
        super().connection_lost(exc)

    def _arm(self, seconds: float) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(seconds, self._late)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _late(self) -> None:
        if not self._is_warned:  # where it is we who are late, what it has sent may wait to be read
            self._is_warned, self._deadline = True, self.loop.call_later(LAST_CHANCE, self._late)
            return
        self.entrance.metrics.refused.labels("asked for nothing").inc()
        self.transport.abort()
