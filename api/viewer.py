"""One socket of the feed after its handshake: a protocol of a few hundred bytes, without a task, a queue or a copy.

It takes ready frames while its socket takes them; else they wait in an outbox that exists only as long as it is needed.
Clocks are those of the event loop, in seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from api.encodings import Encoding
from api.frames import Frame
from api.inbound import CLOSE, PING, PONG, Inbound, ProtocolFault, close_code, close_frame
from api.outbox import Outbox
from schemas.reading import rfc3339

if TYPE_CHECKING:
    from api.audience import Audience
    from api.identity.authority import Shown
    from api.room import Room

POLICY, PONG_MISSING, RESTART, TRY_LATER, ENDED = 1008, 1011, 1012, 1013, 4401
MAX_INBOUND = 4096
MAX_MESSAGES, MAX_FRAMES = 60, 600
"""What a client may send in a minute."""

CLOSE_GRACE = 10.0
"""Seconds that a slow one has to read what lies before its close frame."""
PING_FRAME = b"\x89\x00"


class GoneError(Exception):
    """The viewer left, or was closed."""


class Viewer(asyncio.Protocol):
    """Holds a connection from the end of its handshake to its end.

    Attributes:
        clear: whether frames may be written now: it is open, nothing waits for it, and its socket keeps up.
        spoken: when a message was last written to it.
        holder: id of the identity that it belongs to, empty before that is known.
        until: clock of the loop when its login, or its token, ends.
        shown: what it was let in by, None for who sits at this machine.
        encoding: how it wants its messages.
        seats: the audiences that it belongs to, or is about to join.
    """

    __slots__ = (
        "_closing_at",
        "_inbound",
        "_messages",
        "_outbox",
        "_probe_at",
        "_room",
        "_stalled_at",
        "_waiter",
        "clear",
        "encoding",
        "holder",
        "open",
        "seats",
        "shown",
        "spoken",
        "transport",
        "until",
    )

    def __init__(self, room: Room, transport: asyncio.Transport, encoding: Encoding) -> None:
        self.transport, self.encoding, self._room = transport, encoding, room
        self.clear = self.open = True
        self.holder, self.until = "", float("inf")
        self.shown: Shown | None = None
        self.seats: tuple[Audience, ...] = ()
        self.spoken = room.now()
        self._inbound: Inbound | None = Inbound(MAX_INBOUND)  # None once the peer has broken the protocol
        self._messages = 0
        self._outbox: Outbox | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._stalled_at = self._closing_at = 0.0  # 0: it is not
        self._probe_at = room.first_probe()  # below 0: a protocol ping was sent then, and is not answered

    # what is sent

    def offer(self, frames: Sequence[Frame]) -> None:
        """New frames of one channel, for a viewer that may not be `clear`: they wait if they must."""
        if not self.open:
            return
        if self._outbox is None:
            self._outbox = self._room.outbox()
        if skipped := self._outbox.push(frames):
            self._room.metrics.conflated.labels(frames[0].channel.market).inc(skipped)
        if self._outbox.overflows:
            self.close(TRY_LATER, "too slow: come back with since")
        elif not self._stalled_at:
            self._drain()

    def say(self, *wires: bytes) -> None:
        """Writes messages; of what its socket cannot take now, uvloop keeps references and no copy."""
        if self.open:
            self.transport.writelines(wires)
            self.spoken = self._room.now()

    async def send(self, frames: Sequence[Frame]) -> None:
        """Writes frames for this viewer only, as soon as its socket has room for them.

        Raises:
            GoneError: it left meanwhile, or took nothing for too long.
        """
        while self._stalled_at and self.open:  # what waits in the outbox goes first, and may fill the socket again
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        if not self.open:
            raise GoneError
        self.say(*[frame.wire(self.encoding) for frame in frames])

    def pause_writing(self) -> None:
        """The transport has more than it can pass on."""
        self.clear = False
        self._stalled_at = self._room.now()

    def resume_writing(self) -> None:
        """The transport has passed on what it had."""
        self._stalled_at = 0.0
        if self._probe_at < 0:
            self._probe_at = -self._room.now()  # the ping had to wait as well
        self._wake()
        self._drain()

    def _drain(self) -> None:
        """Writes what waits while the socket takes it; pauses come by `pause_writing`, within `write`."""
        while self._outbox and not self._stalled_at and self.open:
            wires, frames = self._outbox.take(encoding=self.encoding)
            self.say(*wires)
            self._room.count_late(frames)
        if not self._stalled_at and self.open:
            self._outbox = None
            self.clear = True

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
        self._waiter = None

    # what is heard

    def data_received(self, data: bytes) -> None:
        """Reads what the client sends; only control frames mean something."""
        if (inbound := self._inbound) is None:
            return  # nothing that follows can be read
        try:
            for opcode, payload in inbound.feed(data):
                self._hear(opcode, payload)
                if self._messages > MAX_MESSAGES or inbound.frames > MAX_FRAMES:
                    self.refuse("Too many messages", "The feed takes no messages: ask by the query of its address.")
        except ProtocolFault as fault:
            self.close(fault.code, fault.reason)
            self._inbound = None
            if self.transport.can_write_eof():  # what it still sends is dropped: a reset would eat the close frame
                self.transport.write_eof()

    def _hear(self, opcode: int, payload: bytes) -> None:
        if opcode == CLOSE:
            self._answer_close(payload)
        elif opcode == PONG:
            self._probe_at = self._room.next_probe()
        elif opcode == PING:
            if self.clear:  # else a flood of pings would pile up
                self.transport.write(bytes((0x80 | PONG, len(payload))) + payload)
        else:
            self._messages += 1

    def _answer_close(self, payload: bytes) -> None:
        code = close_code(payload)
        if self.open:
            self.open = self.clear = False
            self.transport.write(close_frame(code, ""))
        self._closing_at = self._closing_at or self._room.now()
        self.transport.close()

    def eof_received(self) -> None:
        """The peer sends nothing more; the transport closes then."""
        self.open = self.clear = False
        self._closing_at = self._closing_at or self._room.now()

    def connection_lost(self, exc: Exception | None) -> None:
        """The end, however it came."""
        self.open = self.clear = False
        self._outbox = None
        self._wake()
        self._room.leave(self)

    # its end

    def refuse(self, title: str, detail: str, code: int = POLICY) -> None:
        """Says what is wrong and what to do about it, and closes."""
        if self.open:
            self.say(self.encoding.message({"type": "error", "title": title, "detail": detail}))
            self.close(code, title)

    def drop(self) -> None:
        """Its connection is broken: nothing more can be said."""
        self.open = self.clear = False
        self.transport.abort()

    def close(self, code: int, reason: str) -> None:
        """Sends a close frame behind what is written already; a peer that does not answer it is cut off soon after."""
        if not self.open:
            return
        self.open = self.clear = False
        self._outbox = None
        self._closing_at = self._room.now()
        self._room.metrics.closed.labels(str(code)).inc()
        self.transport.write(close_frame(code, reason))
        self._wake()

    def look(self, now: float, ping: float, idle: float) -> None:
        """Asked every second or so: whether it is alive, and whether it hears too little or takes too little.

        Args:
            now: clock of the loop.
            ping: silence after which it is told that we are there.
            idle: how long it may take nothing, or leave a protocol ping unanswered.
        """
        if self._closing_at:
            if now - self._closing_at > CLOSE_GRACE:
                self.transport.abort()
        elif now >= self.until:
            self.close(ENDED, "the token has ended: come back with another, and since")
        elif self._stalled_at:
            if now - self._stalled_at > idle:
                self.close(TRY_LATER, "too slow: come back with since")
        elif self._probe_at < 0:
            if now + self._probe_at > idle:
                self.close(PONG_MISSING, "no answer to a ping")
                self.transport.close()  # whoever answers no ping answers no close frame
        elif now >= self._probe_at:
            self.transport.write(PING_FRAME)
            self._probe_at = -now
        elif self.clear and now - self.spoken >= ping:
            self.say(self.encoding.message({"type": "ping", "at": rfc3339(self._room.wall_us())}))

    def forgive(self) -> None:
        """A minute has passed: what it sent before no longer counts."""
        self._messages = 0
        if self._inbound is not None:
            self._inbound.frames = 0
