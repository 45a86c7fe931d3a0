"""All viewers of this process: how many may come, who is still there, and when to ask."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator, Sequence

import structlog

from api.config import ApiConfig
from api.frames import Frame
from api.metrics import Metrics
from api.outbox import Outbox
from api.viewer import RESTART, Viewer

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
        self.now = asyncio.get_running_loop().time

    def __len__(self) -> int:
        return len(self._viewers)

    def __iter__(self) -> Iterator[Viewer]:
        return iter(list(self._viewers))

    def enter(self, viewer: Viewer) -> None:
        """A handshake is done."""
        self._viewers[viewer] = None
        self.metrics.clients.inc()

    def leave(self, viewer: Viewer) -> None:
        """A connection has ended."""
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
