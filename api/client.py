"""One socket of the feed: takes frames without ever making others wait."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from api.config import ApiConfig
from api.frames import Channel, Frame, message
from api.metrics import Metrics
from api.outbox import Outbox
from api.wire import Wire
from schemas.reading import rfc3339

TOO_SLOW = 1013


class TooSlowError(Exception):
    """The client cannot keep up even with what must not be left out."""


class Client:
    """Writes at once what the socket takes at once; the rest waits in a bounded outbox.

    Attributes:
        channels: what it listens to.
        failed: done with `TooSlowError` once more waits than may.
    """

    def __init__(self, wire: Wire, config: ApiConfig, metrics: Metrics) -> None:
        self.channels: list[Channel] = []
        self._wire, self._config, self._metrics = wire, config, metrics
        self._outbox = Outbox(config.conflate_after, config.outbox_bytes)
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._wake = asyncio.Event()
        self._busy = False
        self._last_write = time.monotonic()

    def offer(self, frames: Sequence[Frame], joined: bytes) -> bool:
        """Gives new frames of one channel, which `joined` holds in one piece; True if they were written at once."""
        if not self._busy and not self._outbox and self._wire.clear:
            self._wire.write(joined)
            self._last_write = time.monotonic()
            return True
        if skipped := self._outbox.push(frames):
            self._metrics.conflated.labels(frames[0].channel.market).inc(skipped)
        if self._outbox.overflows and not self.failed.done():
            self.failed.set_exception(TooSlowError())
        self._wake.set()
        return False

    async def send(self, wires: list[bytes]) -> None:
        """Writes frames for this client only, as fast as it takes them.

        Raises:
            TooSlowError: it took nothing for the idle time.
            WebSocketDisconnect: it is gone.
        """
        try:
            async with asyncio.timeout(self._config.idle):
                await self._wire.deliver(wires)
        except TimeoutError as error:
            raise TooSlowError from error
        self._last_write = time.monotonic()

    async def run(self) -> None:
        """Writes what waits, and a ping after silence, until cancelled.

        Raises:
            TooSlowError: nothing was taken for the idle time.
            WebSocketDisconnect: it is gone.
        """
        while True:
            await self._wait()
            while self._outbox:
                await self._drain()
            if time.monotonic() - self._last_write >= self._config.ping:
                await self.send([message(type="ping", at=rfc3339(time.time_ns() // 1_000))])

    async def _wait(self) -> None:
        silence = time.monotonic() - self._last_write
        try:
            async with asyncio.timeout(max(self._config.ping - silence, 0.001)):
                await self._wake.wait()
        except TimeoutError:
            return
        self._wake.clear()

    async def _drain(self) -> None:
        wires, frames = self._outbox.take()
        self._busy = True  # until these are written, later frames must not overtake them
        try:
            await self.send(wires)
        finally:
            self._busy = False
        now = time.time_ns()
        for frame in frames:
            if not frame.sent_ns:
                continue
            self._metrics.messages.labels(frame.channel.market, frame.channel.name).inc()
            self._metrics.send_seconds.labels(frame.channel.market).observe(max(now - frame.sent_ns, 0) / 1e9)
