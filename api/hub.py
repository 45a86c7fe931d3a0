"""One reader of Redis per process for every stream that somebody watches, and the fan-out to their sockets."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterable

import structlog
from redis.asyncio import Redis

from api import streams
from api.client import Client
from api.config import ApiConfig
from api.frames import Channel, Frame
from api.metrics import Metrics
from api.streams import AWAY, Entry, Id
from schemas.names import stream

BLOCK_MS = 100  # a channel opened meanwhile is read after at most this long
SETTLE = 1.0
IDLE = 0.5
COUNT = 100
CHECK_EVERY = 2.0
LINGER = 300.0
BACK_OFF = (0.1, 2.0)
CHUNK = {"readings": 100, "bars": 20, "details": 5}
"""Entries written in one go to a client that resumes; bars and details are large."""

LOADED = {"readings": 1.0, "bars": 0.2, "details": 0.02}
"""Share of the ring that is filled when a channel is opened."""

log = structlog.get_logger("esi.api.hub")


class Hub:
    """Knows the newest entries of the watched streams and hands new ones to every client.

    Args:
        config: addresses and bounds.
        metrics: counters of this process.
        commands: client of Redis for everything but the blocking read.
    """

    def __init__(self, config: ApiConfig, metrics: Metrics, commands: Redis) -> None:
        self._config, self._metrics, self._commands = config, metrics, commands
        self._reader = streams.connect(config.redis_url)
        self._channels: dict[str, Channel] = {}
        self._listeners: dict[Channel, dict[Client, None]] = {}
        self._idle_since: dict[Channel, float] = {}
        self._opening = asyncio.Lock()
        self._opened = asyncio.Event()
        self._next_check = 0.0
        self._trusted = True

    async def run(self) -> None:
        """Reads until cancelled; while Redis is away it tries again, ever more slowly, and sockets stay."""
        pause, task = BACK_OFF[0], asyncio.current_task()
        while task is None or not task.cancelling():  # redis-py swallows a cancellation while it connects
            try:
                await self._read_once()
                pause = BACK_OFF[0]
                self._metrics.redis_up.set(1)
            except AWAY as error:
                if self._trusted:
                    log.warning("redis_away", error=str(error), back_off=pause)
                self._trusted, self._next_check = False, 0.0
                self._metrics.redis_up.set(0)
                await asyncio.sleep(pause)
                pause = min(2 * pause, BACK_OFF[1])

    async def close(self) -> None:
        """Closes the reader's connection."""
        await self._reader.aclose()

    async def open(self, market: str, name: str) -> Channel:
        """The channel, with its ring loaded; every `open` needs a `release`.

        Raises:
            RedisError, OSError: Redis is away and the channel was not known yet.
        """
        key = stream(market, name)
        async with self._opening:
            if (channel := self._channels.get(key)) is None:
                channel = Channel(market, name, self._config.ring_frames, self._config.ring_bytes)
                await self._load(channel)
                self._channels[key], self._listeners[channel] = channel, {}
                self._opened.set()
            channel.users += 1
            return channel

    def knows(self, market: str) -> bool:
        """Whether somebody watches this market already; needs no Redis."""
        return any(channel.market == market for channel in self._channels.values())

    def listen(self, channel: Channel, client: Client) -> None:
        """From now on the client is offered every new frame of the channel."""
        self._listeners[channel][client] = None

    def release(self, channel: Channel, client: Client) -> None:
        """The client is gone; a channel that nobody watches is forgotten after a while."""
        self._listeners[channel].pop(client, None)
        channel.users -= 1
        self._idle_since[channel] = time.monotonic()

    async def attach(self, channel: Channel, client: Client, since: tuple[str | None, Id] | None) -> None:
        """Brings a client to the present of a channel, and lets it listen from there without a gap.

        Raises:
            TooSlowError: it does not take what it missed.
            WebSocketDisconnect: it is gone.
        """
        generation, sent = channel.generation, 0
        position = None if since is None else await self._reachable(channel, since)
        while position is not None and generation == channel.generation and sent <= self._config.resume_limit:
            frames = await self._missed(channel, position)
            if frames is None:
                break
            if not frames:
                self.listen(channel, client)
                return
            await client.send([frame.wire for frame in frames])
            self._count(frames, 1)
            position, sent = frames[-1].id, sent + len(frames)
        self.listen(channel, client)
        state = channel.state("snapshot" if since is None else "reset")
        client.offer([state], state.wire)

    async def _reachable(self, channel: Channel, since: tuple[str | None, Id]) -> Id | None:
        """The position to resume from, or None if the stream knows no such position."""
        epoch, position = since
        deadline = time.monotonic() + SETTLE
        while position > channel.last and time.monotonic() < deadline:
            await asyncio.sleep(0.01)  # it may have been served by a process that is a moment ahead of this one
        known = epoch in (None, channel.epoch) and position <= channel.last
        return position if known else None

    async def _missed(self, channel: Channel, position: Id) -> list[Frame] | None:
        """Some next frames behind a position, none if there are none, None if they are lost."""
        chunk = CHUNK[channel.name]
        if position >= channel.floor:
            return channel.after(position)[:chunk]
        try:
            entries, _ = await streams.following(self._commands, channel.market, channel.name, position, count=chunk)
            extent = await streams.extent(self._commands, channel.market, channel.name)
            epochs = await streams.epochs(self._commands, [channel.market])
        except AWAY:
            return None
        sound = entries and extent.complete_after(position) and epochs[channel.market] == channel.epoch
        return [channel.encode(entry) for entry in entries] if sound else None

    async def _read_once(self) -> None:
        if time.monotonic() >= self._next_check:
            await self._check()
        self._opened.clear()  # before the channels are counted: one opened from here on ends `_idle`
        after = {key: channel.last for key, channel in self._channels.items()}
        if not after:
            await self._idle()
            return
        news = await streams.read_new(self._reader, after, COUNT, BLOCK_MS)
        await self._follow_epochs()
        for key, (entries, last) in news.items():
            channel = self._channels.get(key)
            if channel is None or channel.last != after[key]:
                continue  # forgotten or begun anew meanwhile
            if len(entries) >= COUNT and await self._has_gap(channel):
                await self._reset(channel)
            else:
                self._broadcast(channel, entries)
                channel.last = max(channel.last, last)

    async def _idle(self) -> None:
        await self._commands.ping()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(IDLE):
                await self._opened.wait()

    async def _has_gap(self, channel: Channel) -> bool:
        extent = await streams.extent(self._commands, channel.market, channel.name)
        return not extent.complete_after(channel.last)

    async def _follow_epochs(self) -> None:
        """Entries are sent only after this: a stream that began anew is not continued under its old epoch."""
        markets = sorted({channel.market for channel in self._channels.values()})
        epochs = await streams.epochs(self._commands, markets)
        for channel in list(self._channels.values()):
            if channel.market in epochs and channel.epoch != epochs[channel.market]:
                await self._reset(channel)

    async def _check(self) -> None:
        """Finds streams that went back (a failover, a lost tail) or lost what was not read yet."""
        self._forget_idle()
        for channel in list(self._channels.values()):
            extent = await streams.extent(self._commands, channel.market, channel.name)
            if extent.last < channel.last or (not self._trusted and not extent.complete_after(channel.last)):
                await self._reset(channel)
        if not self._trusted:
            log.info("redis_back", channels=len(self._channels))
        self._trusted, self._next_check = True, time.monotonic() + CHECK_EVERY

    def _forget_idle(self) -> None:
        for key, channel in list(self._channels.items()):
            if channel.users == 0 and time.monotonic() - self._idle_since.get(channel, 0.0) > LINGER:
                del self._channels[key], self._listeners[channel]
                self._idle_since.pop(channel, None)

    async def _reset(self, channel: Channel) -> None:
        await self._load(channel)
        self._metrics.resets.labels(channel.market, channel.name).inc()
        log.warning("reset", market=channel.market, channel=channel.name, epoch=channel.epoch)
        state = channel.state("reset")
        for client in list(self._listeners[channel]):
            client.offer([state], state.wire)

    async def _load(self, channel: Channel) -> None:
        epochs = await streams.epochs(self._commands, [channel.market])
        extent = await streams.extent(self._commands, channel.market, channel.name)
        count = max(1, int(self._config.ring_frames * LOADED[channel.name]))
        entries = await streams.newest(self._commands, channel.market, channel.name, count)
        channel.load(epochs[channel.market], entries, extent)

    def _broadcast(self, channel: Channel, entries: list[Entry]) -> None:
        frames = channel.add(entries)
        if not frames:
            return
        joined = b"".join(frame.wire for frame in frames)
        written = sum(client.offer(frames, joined) for client in list(self._listeners[channel]))
        if written:
            self._count(frames, written)
            now = time.time_ns()
            for frame in frames:
                delay = max(now - frame.sent_ns, 0) / 1e9
                self._metrics.send_seconds.labels(channel.market).observe(delay)

    def _count(self, frames: Iterable[Frame], clients: int) -> None:
        for frame in frames:
            self._metrics.messages.labels(frame.channel.market, frame.channel.name).inc(clients)
