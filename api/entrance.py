"""The first bytes of every connection: whether there is room for it, and how long it may take to ask."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any, Final

import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.metrics import Metrics
from api.problems import MEDIA_TYPE
from api.room import Room

REFUSED_WITHIN = 1.0
LAST_CHANCE = 0.5
RETRY_AFTER = 5

HEAD: Final = 65_536
"""Bytes that a request may have beside its body; the parser would keep as many as come."""

BODY: Final = 3.0
"""How many times as long as for its head a client has for its body."""


class Entrance:
    """How many connections this process holds, and may hold.

    Attributes:
        room: the viewers, once the app runs.

    Args:
        limit: connections at most, viewers and requests together.
        ask_within: seconds that a client has for the head of its request.
        metrics: counters of this process.
    """

    def __init__(self, limit: int, ask_within: float, metrics: Metrics) -> None:
        self.limit, self.ask_within, self.metrics = limit, ask_within, metrics
        self.room: Room | None = None

    def is_full(self, others: int) -> bool:
        """Whether one connection more is too many; `others` are those that are no viewers."""
        return others + (len(self.room) if self.room is not None else 0) > self.limit


def _refusal(status: HTTPStatus, title: str, detail: str, headers: str = "") -> bytes:
    body = msgspec.json.encode({"type": "about:blank", "title": title, "status": status.value, "detail": detail})
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\n{headers}connection: close\r\n"
        f"content-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


REFUSAL: Final = _refusal(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "Too many connections",
    f"This process holds as many connections as it may: come back in {RETRY_AFTER} s.",
    f"retry-after: {RETRY_AFTER}\r\n",
)
TOO_LARGE: Final = _refusal(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "Too large", f"The head of a request has at most {HEAD} bytes here."
)


class Guarded(HttpToolsProtocol):
    """uvicorn's HTTP protocol behind the entrance: no more connections than there is room for, and none that idles.

    Whoever has no room gets an answer before anything is read or built for it; whoever does not ask in time, or sends
    its body too slowly, is cut off; a head that does not end is not kept.
    """

    _deadline: asyncio.TimerHandle | None = None
    _is_refused = _is_warned = _has_begun = _has_body_to_come = False
    _beside = _in_body = 0

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
        if self._is_refused:
            self._turn_away(REFUSAL)
            return
        self._has_begun, self._in_body = False, 0
        super().data_received(data)
        if not self._has_begun:
            self._beside += len(data) - self._in_body
        if self._beside > HEAD:
            self._is_refused = True
            self.entrance.metrics.refused.labels("head too large").inc()
            self._turn_away(TOO_LARGE)
        elif self._has_body_to_come:
            self._arm(BODY * self.entrance.ask_within)

    def _turn_away(self, answer: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(answer)
            self.transport.close()

    def on_message_begin(self) -> None:
        """A request begins, the first or another one."""
        super().on_message_begin()
        self._has_begun, self._beside = True, 0
        self._arm(self.entrance.ask_within)

    def on_headers_complete(self) -> None:
        """Its head is there."""
        self._disarm()
        self._has_body_to_come = True
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Some of its body is there."""
        self._in_body += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """All of it is there."""
        self._disarm()
        self._has_body_to_come = False
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
        why = "sent its body too slowly" if self._has_body_to_come else "asked for nothing"
        self.entrance.metrics.refused.labels(why).inc()
        self.transport.abort()
