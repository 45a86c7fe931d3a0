"""Those who watch one channel in the same manner: what they get is made once, and the same bytes go to each."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from api.encodings import JSON, Encoding
from api.frames import Channel, Frame
from api.streams import Id
from api.viewer import Viewer

SLICE: Final = 1_000
"""Writes after which others (new connections, requests, pongs) have their turn."""


@dataclass(frozen=True)
class Manner:
    """How a viewer wants a channel.

    Attributes:
        encoding: JSON or MessagePack.
        delta: provisional readings as what changed.
        every: seconds between provisional readings, 0 for all of them.
    """

    encoding: Encoding = JSON
    delta: bool = False
    every: float = 0.0


class Audience:
    """The viewers of one channel in one manner.

    Whoever comes is brought to the present first, and is a newcomer then: the first message is a whole one, and never
    one that it has already. After that each member has what every other has, so one delta fits all of them. A member
    that is slow gets whole messages from its outbox until it has caught up, so it fits again.

    Attributes:
        channel: what they watch.
        manner: how.
        users: viewers that have a seat here, whether they have joined already or are still brought to the present.
    """

    def __init__(self, channel: Channel, manner: Manner) -> None:
        self.channel, self.manner, self.users = channel, manner, 0
        self._members: dict[Viewer, None] = {}
        self._newcomers: dict[Viewer, Id] = {}
        self._base: Frame | None = None  # the newest that every member was given
        self._held: Frame | None = None  # the newest provisional reading whose time has not come
        self._next = 0.0
        self._turn = asyncio.Lock()

    def __len__(self) -> int:
        return len(self._members) + len(self._newcomers)

    def join(self, viewer: Viewer, has: Id) -> None:
        """From now on the viewer, which has everything up to an id, gets every new frame."""
        self._newcomers[viewer] = has

    def leave(self, viewer: Viewer) -> None:
        """The viewer, which had a seat, is gone."""
        self.users -= 1
        self.channel.users -= 1
        self._members.pop(viewer, None)
        self._newcomers.pop(viewer, None)

    def due_in(self, now: float) -> float | None:
        """Seconds until a reading that was held back is to be given, None if there is none."""
        return None if self._held is None else max(self._next - now, 0.0)

    async def offer(self, frames: Sequence[Frame], now: float) -> int:
        """Gives new frames (none: only what was held back) to everybody; tells how many messages that wrote at once."""
        async with self._turn:
            if not len(self):
                self._base = self._held = None
                return 0
            chosen = self._paced(frames, now)
            return await self._give(chosen, now) if chosen else 0

    def _paced(self, frames: Sequence[Frame], now: float) -> list[Frame]:
        """What is to be given now: everything, or finals and, where its time has come, the newest provisional one."""
        if not self.manner.every:
            return list(frames)
        chosen = [frame for frame in frames if not frame.droppable]
        if frames:
            self._held = frames[-1] if frames[-1].droppable else None
        if self._held is not None and now >= self._next:
            chosen.append(self._held)
            self._held = None
        if chosen:
            self._next = now + self.manner.every
        return chosen

    async def _give(self, frames: Sequence[Frame], now: float) -> int:
        encoding, base = self.manner.encoding, self._base
        members, newcomers = list(self._members), self._newcomers
        self._newcomers, self._base = {}, frames[-1]
        written = await self._write(members, frames, self._joined(frames, base), now)
        whole = b"".join([frame.wire(encoding) for frame in frames])
        for viewer, has in newcomers.items():
            written += await self._welcome(viewer, has, frames, whole, now)
        return written

    def _joined(self, frames: Sequence[Frame], base: Frame | None) -> bytes:
        encoding, wires = self.manner.encoding, []
        for frame in frames:
            small = self.manner.delta and frame.droppable and base is not None
            wires.append(frame.delta(base, encoding) if small and base is not None else frame.wire(encoding))
            base = frame
        return b"".join(wires)

    async def _welcome(self, viewer: Viewer, has: Id, frames: Sequence[Frame], whole: bytes, now: float) -> int:
        """A newcomer's first frames; it stays one while it has them all already."""
        news = [frame for frame in frames if frame.id > has]
        if not viewer.open:
            return 0
        if not news:
            self._newcomers[viewer] = has
            return 0
        self._members[viewer] = None
        if len(news) < len(frames):
            whole = b"".join([frame.wire(self.manner.encoding) for frame in news])
        return await self._write([viewer], news, whole, now)

    async def _write(self, viewers: list[Viewer], frames: Sequence[Frame], joined: bytes, now: float) -> int:
        """The same bytes to each; whoever cannot take them now keeps the frames, which are nobody's copy."""
        taken = 0
        for begin in range(0, len(viewers), SLICE):
            if begin:
                await asyncio.sleep(0)
            for viewer in viewers[begin : begin + SLICE]:
                if not viewer.clear:
                    viewer.offer(frames)
                    continue
                try:
                    viewer.transport.write(joined)
                except RuntimeError:  # closed beneath us; it must not stop those behind it
                    viewer.drop()
                    continue
                viewer.spoken = now
                taken += 1
        return taken * len(frames)

    async def reset(self, state: Frame) -> None:
        """The stream began anew: everybody is told its state, and goes on from there."""
        async with self._turn:
            self._held = self._base = None
            self._members |= dict.fromkeys(self._newcomers)
            self._newcomers.clear()
            for viewer in list(self._members):
                self.tell(viewer, state)

    def tell(self, viewer: Viewer, state: Frame) -> None:
        """A state, for one viewer."""
        if viewer.clear:
            viewer.say(state.wire(self.manner.encoding))
        else:
            viewer.offer([state])
