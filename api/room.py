"""All viewers of this process: how many may come, who is still there, and when to ask."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence

import structlog

from api.broom import Broom
from api.config import ApiConfig
from api.frames import Frame
from api.identity.scopes import Identity
from api.identity.sockets import TOO_MANY
from api.metrics import Metrics
from api.outbox import Outbox
from api.viewer import RESTART, Viewer
from api.wishes import RefusedError

LOOK_EVERY = 1.0
MINUTE = 60.0
FLUSH = 0.05
REQUESTS = 256
"""Connections that are kept for HTTP when as many viewers have come as may."""

log = structlog.get_logger("esi.api.room")


class Room:
    """Viewers, and what they share.

    Args:
        config: bounds and times.
        metrics: counters of this process.
        connections: how many this process can hold; some of them are kept for requests.
    """

    def __init__(self, config: ApiConfig, metrics: Metrics, connections: int = 1_000) -> None:
        self.metrics, self._config = metrics, config
        self.limit = min(config.max_clients, connections - min(REQUESTS, connections // 4))
        self._viewers: dict[Viewer, None] = {}
        self._broom = Broom()
        self._held: Counter[str] = Counter()  # sockets by the identity that they belong to
        self.now = asyncio.get_running_loop().time

    def __len__(self) -> int:
        return len(self._viewers)

    def __iter__(self) -> Iterator[Viewer]:
        return iter(list(self._viewers))

    def enter(self, viewer: Viewer) -> None:
        """A handshake is done."""
        self._viewers[viewer] = None
        self._broom.note()
        self.metrics.clients.inc()

    def admit(self, viewer: Viewer, identity: Identity) -> None:
        """It is known whose it is, and until when.

        Raises:
            RefusedError: they have as many sockets here as they may.
        """
        count = self._held[identity.id]
        if not identity.local and count >= self._config.max_per_identity:
            self.metrics.refused.labels("too many of one").inc()
            detail = f"{identity.name!r} has {count} sockets here, and may have no more: close some"
            raise RefusedError("Too many sockets", detail, TOO_MANY)
        self._held[identity.id] = count + 1
        viewer.holder = identity.id
        if identity.expires is not None:
            viewer.until = self.now() + identity.expires - time.time()

    def leave(self, viewer: Viewer) -> None:
        """A connection has ended."""
        if viewer.holder:
            self._held[viewer.holder] -= 1
            if not self._held[viewer.holder]:
                del self._held[viewer.holder]
            viewer.holder = ""
        if viewer in self._viewers:
            del self._viewers[viewer]
            self.metrics.clients.dec()
        for audience in viewer.seats:
            audience.leave(viewer)
        viewer.seats = ()

    def outbox(self) -> Outbox:
        """For a viewer that has become slow."""
        return Outbox(self._config.conflate_after, self._config.outbox_bytes)

    def first_probe(self) -> float:
        """When a newcomer is asked whether it lives: spread out, for thousands may come at once."""
        return self.now() + random.uniform(0.5, 1.0) * self._config.probe

    def next_probe(self) -> float:
        """When it is asked again, after an answer."""
        return self.now() + self._config.probe

    @staticmethod
    def wall_us() -> int:
        """Microseconds since 1970."""
        return time.time_ns() // 1_000

    def count_late(self, frames: Sequence[Frame]) -> None:
        """Frames that had to wait are written now."""
        now = time.time_ns()
        for frame in frames:
            if frame.sent_ns:
                market, channel = frame.channel.market, frame.channel.name
                self.metrics.messages.labels(market, channel).inc()
                self.metrics.send_seconds.labels(market).observe(max(now - frame.sent_ns, 0) / 1e9)

    async def run(self) -> None:
        """Looks after everybody until cancelled."""
        ping, idle = self._config.ping, self._config.idle
        pause = min(LOOK_EVERY, ping / 4, idle / 4)
        minute = self.now() + MINUTE
        while True:
            await asyncio.sleep(pause)
            self._broom.look()
            now = self.now()
            for viewer in self:
                viewer.look(now, ping, idle)
            if now >= minute:
                minute = now + MINUTE
                for viewer in self:
                    viewer.forgive()

    async def close(self) -> None:
        """The server ends: everybody is told, and may come back with `since`."""
        for viewer in self:
            viewer.close(RESTART, "the server restarts")
            viewer.transport.close()
        if self._viewers:
            await asyncio.sleep(FLUSH)
