"""Frames of the feed, encoded once however many sockets they go to, and the ring that keeps the newest."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from api.fitting import fitted
from api.streams import ZERO, Entry, Extent, Id

READING_FRAME: Final = 999
"""Bytes of a reading's whole frame at most, header included; bars and details take what they need."""

_AROUND: Final = 4 + len(',"data":}')
"""Bytes of a frame beside its head and its body: WebSocket header, the name of the body, the end."""


def pre_frame(payload: bytes) -> bytes:
    """The payload as one unfragmented, unmasked WebSocket text frame (RFC 6455, section 5.2)."""
    size = len(payload)
    if size < 126:
        return b"\x81" + bytes((size,)) + payload
    if size < 65_536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload


def message(**fields: object) -> bytes:
    """A small frame such as ping or error, ready for the wire."""
    return pre_frame(msgspec.json.encode(fields))


@dataclass(frozen=True, slots=True)
class Frame:
    """One update, ready for the wire.

    Attributes:
        channel: which ring it belongs to.
        id: its stream id.
        wire: the whole WebSocket frame.
        sent_ns: when the flow published it, wall clock; 0 for a state frame, whose delay means nothing.
        droppable: True for a provisional reading, which a newer reading replaces.
    """

    channel: Channel
    id: Id
    wire: bytes
    sent_ns: int
    droppable: bool


class Channel:
    """One stream as this process knows it: the ring of its newest entries, and who listens.

    Attributes:
        market: name of the market.
        name: `readings`, `bars` or `details`.
        epoch: identity of the stream; a new one empties the ring.
        last: newest id seen.
        floor: every entry behind this id is in the ring.
        users: sockets that are attached or being attached.
        generation: how often the ring was begun anew.
    """

    def __init__(self, market: str, name: str, max_frames: int, max_bytes: int) -> None:
        self.market, self.name = market, name
        self.epoch = ""
        self.last = self.floor = ZERO
        self.users = self.generation = 0
        self._max_frames, self._max_bytes = max_frames, max_bytes
        self._ids: list[Id] = []
        self._frames: list[Frame] = []
        self._newest: Entry | None = None
        self._bytes = 0

    def load(self, epoch: str, entries: Sequence[Entry], extent: Extent) -> None:
        """Begins anew with the newest entries of a stream; `extent` must have been read before them."""
        self.epoch = epoch
        self.generation += 1
        self._ids, self._frames, self._newest, self._bytes = [], [], None, 0
        self.last = extent.last if not entries else entries[-1].id
        self.floor = ZERO
        if extent.trimmed:
            self.floor = self.last
        if entries and (extent.trimmed or extent.first is None or entries[0].id > extent.first):
            self.floor = entries[0].id
        self.add(entries)

    def add(self, entries: Sequence[Entry]) -> list[Frame]:
        """Encodes new entries, keeps them, and gives them as frames."""
        frames = [self.encode(entry) for entry in entries]
        if entries:
            self._newest, self.last = entries[-1], entries[-1].id
        self._ids += [frame.id for frame in frames]
        self._frames += frames
        self._bytes += sum(len(frame.wire) for frame in frames)
        self._shorten()
        return frames

    def _shorten(self) -> None:
        surplus, kept = 0, self._bytes
        while len(self._ids) - surplus > self._max_frames or (kept > self._max_bytes and surplus < len(self._ids)):
            kept -= len(self._frames[surplus].wire)
            surplus += 1
        if surplus:
            self.floor = self._ids[surplus - 1]
            self._bytes = kept
            del self._ids[:surplus], self._frames[:surplus]

    def after(self, position: Id) -> list[Frame]:
        """Frames behind `position`, which must not lie below `floor`."""
        return self._frames[bisect_right(self._ids, position) :]

    def encode(self, entry: Entry) -> Frame:
        """An entry as update; its bytes are spliced in, unchanged where they fit."""
        wire = self._wire(self._head("update", entry.id) + b',"sent_ns":' + str(entry.sent_ns).encode(), entry.data)
        return Frame(self, entry.id, wire, entry.sent_ns, self.name == "readings" and entry.id.seq == 0)

    def state(self, kind: str) -> Frame:
        """The newest entry as `snapshot` or `reset`; null before the first."""
        newest = self._newest
        wire = self._wire(
            self._head(kind, None if newest is None else newest.id), b"null" if newest is None else newest.data
        )
        return Frame(self, self.last, wire, 0, droppable=False)

    def conflated(self, skipped: int) -> bytes:
        """Tells a slow client how many provisional readings it did not get."""
        return message(type="conflated", market=self.market, channel=self.name, skipped=skipped)

    def _wire(self, head: bytes, body: bytes) -> bytes:
        if self.name == "readings":
            body = fitted(body, READING_FRAME - _AROUND - len(head))
        return pre_frame(head + b',"data":' + body + b"}")

    def _head(self, kind: str, entry_id: Id | None) -> bytes:
        fields = {"type": kind, "market": self.market, "channel": self.name, "epoch": self.epoch}
        return msgspec.json.encode({**fields, "id": None if entry_id is None else str(entry_id)})[:-1]
