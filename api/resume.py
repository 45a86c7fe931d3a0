"""Bringing a viewer to the present of a channel: what it missed, or the state from which it can go on."""

from __future__ import annotations

import asyncio
import time

from redis.asyncio import Redis

from api import streams
from api.audience import Audience
from api.config import ApiConfig
from api.frames import Channel, Frame
from api.metrics import Metrics
from api.streams import AWAY, Id
from api.viewer import GoneError, Viewer

SETTLE = 1.0
CHUNK = 100
"""Entries read and written in one go for a viewer that resumes, at most."""

ROOM = 65_536
"""Bytes of them that are aimed at: what Redis gave is held for one viewer alone until its socket has taken it."""

Since = tuple[str | None, Id]
"""Epoch (None for any) and id of the last entry that a client has."""


class Resume:
    """Answers `since`.

    Args:
        config: bounds.
        metrics: counters of this process.
        commands: client of Redis, asked for what the ring no longer has.
    """

    def __init__(self, config: ApiConfig, metrics: Metrics, commands: Redis) -> None:
        self._config, self._metrics, self._commands = config, metrics, commands

    async def seat(self, viewer: Viewer, audience: Audience, since: Since | None) -> None:
        """Brings a viewer to the present of a channel, and lets it join there without a gap.

        Raises:
            GoneError: it left, or was too slow for what it missed.
        """
        channel = audience.channel
        if since is not None and await self._caught_up(viewer, channel, since):
            audience.join(viewer, channel.last)
            return
        if not viewer.open:
            raise GoneError
        audience.tell(viewer, channel.state("snapshot" if since is None else "reset"))
        audience.join(viewer, channel.last)

    async def _caught_up(self, viewer: Viewer, channel: Channel, since: Since) -> bool:
        """Sends what was missed; False if that cannot be told without a gap. Nothing awaits after the last check."""
        generation, sent, count = channel.generation, 0, CHUNK if channel.name == "readings" else 1
        position = await self._reachable(channel, since)
        while position is not None and generation == channel.generation and sent <= self._config.resume_limit:
            frames = await self._missed(channel, position, count)
            if frames is None:
                return False
            if not frames:
                return viewer.open
            await viewer.send(frames)
            self._metrics.messages.labels(channel.market, channel.name).inc(len(frames))
            position, sent = frames[-1].id, sent + len(frames)
            count = min(CHUNK, max(ROOM * len(frames) // sum(frame.size for frame in frames), 1))
        return False

    async def _reachable(self, channel: Channel, since: Since) -> Id | None:
        """The position to resume from, or None if the stream knows no such position."""
        epoch, position = since
        deadline = time.monotonic() + SETTLE
        while position > channel.last and time.monotonic() < deadline:
            await asyncio.sleep(0.01)  # it may have been served by a process that is a moment ahead of this one
        known = epoch in (None, channel.epoch) and position <= channel.last
        return position if known else None

    async def _missed(self, channel: Channel, position: Id, count: int) -> list[Frame] | None:
        """Some next frames behind a position, none if there are none, None if they are lost."""
        if position >= channel.floor:
            return channel.after(position)[:count]
        try:
            entries, _ = await streams.following(self._commands, channel.market, channel.name, position, count=count)
            extent = await streams.extent(self._commands, channel.market, channel.name)
            epochs = await streams.epochs(self._commands, [channel.market])
        except AWAY:
            return None
        sound = entries and extent.complete_after(position) and epochs[channel.market] == channel.epoch
        return [channel.encode(entry) for entry in entries] if sound else None
