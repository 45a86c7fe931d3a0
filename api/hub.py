"""One reader of Redis per process for every stream that somebody watches, and the fan-out to those who watch."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence

import structlog
from redis.asyncio import Redis

from api import streams
from api.audience import Audience, Manner
from api.config import ApiConfig
from api.frames import Channel, Frame
from api.metrics import Metrics
from api.streams import AWAY, Entry
from api.viewer import GoneError, Viewer
from schemas.names import stream

BLOCK_MS = 200  # a channel opened meanwhile is read after at most this long
IDLE = 0.5
COUNT = 100
CHECK_EVERY = 2.0
LINGER = 300.0
BACK_OFF = (0.1, 2.0)

LOADED = {"readings": 1.0, "bars": 0.2, "details": 0.02}
"""Share of the ring that is filled when a channel is opened."""

log = structlog.get_logger("esi.api.hub")


class Hub:
    """Knows the newest entries of the watched streams and hands new ones to every audience.

    Args:
        config: addresses and bounds.
        metrics: counters of this process.
        commands: client of Redis for everything but the blocking read.
    """

    def __init__(self, config: ApiConfig, metrics: Metrics, commands: Redis) -> None:
        self._config, self._metrics, self._commands = config, metrics, commands
        self._reader = streams.connect(config.redis_url)
        self._channels: dict[str, Channel] = {}
        self._audiences: dict[Channel, dict[Manner, Audience]] = {}
        self._idle_since: dict[Channel, float] = {}
        self._opening = asyncio.Lock()
        self._opened = asyncio.Event()
        self._held = asyncio.Event()
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
        """The channel, with its ring loaded and one user more; whoever leaves takes one off.

        Raises:
            RedisError, OSError: Redis is away and the channel was not known yet.
        """
        key = stream(market, name)
        if (known := self._channels.get(key)) is not None:
            known.users += 1  # without the lock: a slow Redis delays only whoever needs it
            return known
        async with self._opening:
            if (channel := self._channels.get(key)) is None:
                channel = Channel(market, name, self._config.ring_frames, self._config.ring_bytes)
                await self._load(channel)
                self._channels[key], self._audiences[channel] = channel, {}
                self._opened.set()
            channel.users += 1
            return channel

    def knows(self, market: str) -> bool:
        """Whether somebody watches this market already; needs no Redis."""
        return any(channel.market == market for channel in self._channels.values())

    @property
    def trusted(self) -> bool:
        """Whether the reader keeps up with Redis: False while Redis is away, and until its streams were looked over."""
        return self._trusted

    def followed(self, market: str) -> Channel | None:
        """The readings of a market if they are followed and can be trusted now; they linger for whoever asks again."""
        channel = self._channels.get(stream(market, "readings"))
        if channel is None or not self._trusted:
            return None
        self._idle_since.pop(channel, None)
        return channel

    async def seat(self, viewer: Viewer, market: str, name: str, manner: Manner) -> Audience:
        """Gives a viewer its place among those who watch a channel in one manner; `Resume` lets it join.

        Raises:
            GoneError: it left meanwhile.
            RedisError, OSError: as `open`.
        """
        channel = await self.open(market, name)
        if not viewer.open:
            channel.users -= 1
            raise GoneError
        audience = self._audiences[channel].setdefault(manner, Audience(channel, manner))
        audience.users += 1
        viewer.seats += (audience,)
        return audience

    async def pace(self) -> None:
        """Gives what was held back for slower paces when its time has come, until cancelled."""
        now = asyncio.get_running_loop().time
        while True:
            audiences = [one for some in self._audiences.values() for one in some.values()]
            waits = [(wait, one) for one in audiences if (wait := one.due_in(now())) is not None]
            for wait, audience in waits:
                if wait == 0:
                    self._count(audience.channel, await audience.offer([], now()))
            self._held.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min((wait for wait, _ in waits if wait), default=None)):
                    await self._held.wait()

    async def _read_once(self) -> None:
        if time.monotonic() >= self._next_check:
            await self._check()
        self._opened.clear()  # before the channels are counted: one opened from here on ends `_idle`
        after = {key: channel.last for key, channel in self._channels.items()}
        if not after:
            await self._idle()
            return
        markets = sorted({channel.market for channel in self._channels.values()})
        news, epochs = await streams.read_new(self._reader, after, COUNT, BLOCK_MS, markets)
        read_ns = time.time_ns()
        if news:
            await self._follow_epochs(epochs)
        for key, (entries, last) in news.items():
            channel = self._channels.get(key)
            if channel is None or channel.last != after[key]:
                continue  # forgotten or begun anew meanwhile
            if len(entries) >= COUNT and await self._has_gap(channel):
                await self._reset(channel)
            else:
                await self._broadcast(channel, entries, read_ns)
                channel.last = max(channel.last, last)

    async def _idle(self) -> None:
        await self._commands.ping()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(IDLE):
                await self._opened.wait()

    async def _has_gap(self, channel: Channel) -> bool:
        extent = await streams.extent(self._commands, channel.market, channel.name)
        return not extent.complete_after(channel.last)

    async def _follow_epochs(self, epochs: dict[str, str]) -> None:
        """Entries are sent only after this: a stream that began anew is not continued under its old epoch."""
        for channel in list(self._channels.values()):
            if channel.market in epochs and channel.epoch != epochs[channel.market]:
                await self._reset(channel)

    async def _check(self) -> None:
        """Finds streams that went back (a failover, a lost tail) or lost what was not read yet."""
        self._forget_idle()
        markets = sorted({channel.market for channel in self._channels.values()})
        await self._follow_epochs(await streams.epochs(self._commands, markets))
        for channel in list(self._channels.values()):
            extent = await streams.extent(self._commands, channel.market, channel.name)
            if extent.last < channel.last or (not self._trusted and not extent.complete_after(channel.last)):
                await self._reset(channel)
        if not self._trusted:
            log.info("redis_back", channels=len(self._channels))
        self._trusted, self._next_check = True, time.monotonic() + CHECK_EVERY

    def _forget_idle(self) -> None:
        now = time.monotonic()
        for key, channel in list(self._channels.items()):
            if channel.users:
                self._idle_since.pop(channel, None)
            elif now - self._idle_since.setdefault(channel, now) > LINGER:
                del self._channels[key], self._audiences[channel], self._idle_since[channel]
        for channel, audiences in self._audiences.items():
            self._audiences[channel] = {manner: one for manner, one in audiences.items() if one.users}

    async def _reset(self, channel: Channel) -> None:
        await self._load(channel)
        self._metrics.resets.labels(channel.market, channel.name).inc()
        log.warning("reset", market=channel.market, channel=channel.name, epoch=channel.epoch)
        state = channel.state("reset")
        for audience in list(self._audiences[channel].values()):
            await audience.reset(state)

    async def _load(self, channel: Channel) -> None:
        epochs = await streams.epochs(self._commands, [channel.market])
        extent = await streams.extent(self._commands, channel.market, channel.name)
        final = await streams.newest_final(self._commands, channel.market) if channel.name == "readings" else None
        count = max(1, int(self._config.ring_frames * LOADED[channel.name]))
        entries = await streams.newest(self._commands, channel.market, channel.name, count)
        channel.load(epochs[channel.market], entries, extent, final)

    async def _broadcast(self, channel: Channel, entries: list[Entry], read_ns: int) -> None:
        frames, now = channel.add(entries), asyncio.get_running_loop().time()
        if not frames:
            return
        for audience in list(self._audiences[channel].values()):
            self._count(channel, await audience.offer(frames, now))
            if audience.due_in(now) is not None:
                self._held.set()
        self._observe(frames, read_ns)

    def _count(self, channel: Channel, messages: int) -> None:
        if messages:
            self._metrics.messages.labels(channel.market, channel.name).inc(messages)

    def _observe(self, frames: Sequence[Frame], read_ns: int) -> None:
        """Every audience has these: from the flow's publishing until they were read, and from then until now."""
        now = time.time_ns()
        for frame in frames:
            market = frame.channel.market
            self._metrics.read_seconds.labels(market).observe(max(read_ns - frame.sent_ns, 0) / 1e9)
            self._metrics.write_seconds.labels(market).observe((now - read_ns) / 1e9)
            self._metrics.send_seconds.labels(market).observe(max(now - frame.sent_ns, 0) / 1e9)
