"""Entries of the feed as frames, encoded once however many sockets they go to, and the ring that keeps the newest."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from api.encodings import JSON, Encoding, changes
from api.fitting import fitted
from api.streams import ZERO, Entry, Extent, Id

READING_FRAME: Final = 999
"""Bytes of a reading's whole JSON frame at most, header included; bars and details take what they need."""

_AROUND: Final = 4 + len(',"data":')
"""Bytes of a frame beside its fields and its body: WebSocket header, and the name of the body."""

SMALL: Final = 500
"""Bytes of a body that fits beside any fields."""


class Frame:
    """One message of a channel, ready for the wire in every encoding that somebody asked for.

    Attributes:
        channel: which ring it belongs to.
        id: its stream id.
        data: what it carries, JSON: what the flow published if that fits; None for a state before the first entry.
        sent_ns: when the flow published it, wall clock; 0 for a state frame, whose delay means nothing.
        droppable: True for a provisional reading, which a newer reading replaces.
        size: bytes of its JSON frame.
    """

    __slots__ = ("_fields", "_wires", "channel", "data", "droppable", "id", "sent_ns", "size")

    def __init__(
        self, channel: Channel, fields: dict[str, Any], data: bytes | None, at: Id, *, droppable: bool = False
    ) -> None:
        self.channel, self.id, self.droppable, self.data = channel, at, droppable, data
        self.sent_ns: int = fields.get("sent_ns", 0)
        self._fields = fields
        self._wires = {JSON: JSON.carrying(fields, self.data)}
        self.size = len(self._wires[JSON])

    def wire(self, encoding: Encoding = JSON) -> bytes:
        """The whole WebSocket frame; the same object for everybody."""
        if (found := self._wires.get(encoding)) is None:
            found = self._wires[encoding] = encoding.carrying(self._fields, self.data)
        return found

    def delta(self, base: Frame, encoding: Encoding) -> bytes:
        """The same for whoever has `base`: only the fields that changed since."""
        if base.data is None or self.data is None:
            return self.wire(encoding)
        head = {**self._fields, "type": "delta", "base": str(base.id)}
        return encoding.message({**head, **changes(base.data, self.data)})


class Channel:
    """One stream as this process knows it: the ring of its newest entries.

    Attributes:
        market: name of the market.
        name: `readings`, `bars` or `details`.
        epoch: identity of the stream; a new one empties the ring.
        last: newest id seen.
        floor: every entry behind this id is in the ring.
        users: sockets that are attached or being attached.
        generation: how often the ring was begun anew.
        version: how often anything has changed.
        newest: the newest entry.
        final: the newest entry that is a final; the flow's own note of it where the ring does not reach back so far.
    """

    def __init__(self, market: str, name: str, max_frames: int, max_bytes: int) -> None:
        self.market, self.name = market, name
        self.epoch = ""
        self.last = self.floor = ZERO
        self.users = self.generation = self.version = 0
        self.newest: Entry | None = None
        self.final: Entry | None = None
        self._max_frames, self._max_bytes = max_frames, max_bytes
        self._ids: list[Id] = []
        self._frames: list[Frame] = []
        self._states: dict[str, Frame] = {}
        self._bytes = 0

    def load(self, epoch: str, entries: Sequence[Entry], extent: Extent, final: Entry | None = None) -> None:
        """Begins anew with the newest entries of a stream; `extent` and `final` must have been read before them."""
        self.epoch = epoch
        self.generation += 1
        self._ids, self._frames, self._bytes = [], [], 0
        self.newest, self.final = None, final
        self.last = extent.last if not entries else entries[-1].id
        self.floor = ZERO
        if extent.trimmed:
            self.floor = self.last
        if entries and (extent.trimmed or extent.first is None or entries[0].id > extent.first):
            self.floor = entries[0].id
        self._states.clear()
        self.add(entries)

    def add(self, entries: Sequence[Entry]) -> list[Frame]:
        """Encodes new entries, keeps them, and gives them as frames."""
        frames = [self.encode(entry) for entry in entries]
        if entries:
            self.newest, self.last = entries[-1], entries[-1].id
            self.final = next((entry for entry in reversed(entries) if entry.id.seq), self.final)
            self._states.clear()
        self.version += 1
        self._ids += [frame.id for frame in frames]
        self._frames += frames
        self._bytes += sum(frame.size for frame in frames)
        self._shorten()
        return frames

    def _shorten(self) -> None:
        surplus, kept = 0, self._bytes
        while len(self._ids) - surplus > self._max_frames or (kept > self._max_bytes and surplus < len(self._ids)):
            kept -= self._frames[surplus].size
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
        fields = {**self._fields("update", entry.id), "sent_ns": entry.sent_ns}
        droppable = self.name == "readings" and entry.id.seq == 0
        return Frame(self, fields, self._fitted(fields, entry.data), entry.id, droppable=droppable)

    def state(self, kind: str) -> Frame:
        """The newest entry as `snapshot` or `reset`, null before the first; the same frame until the next entry."""
        if kind not in self._states:
            newest = self.newest
            fields = self._fields(kind, None if newest is None else newest.id)
            body = None if newest is None else self._fitted(fields, newest.data)
            self._states[kind] = Frame(self, fields, body, self.last)
        return self._states[kind]

    def conflated(self, skipped: int, encoding: Encoding = JSON) -> bytes:
        """Tells a slow client how many provisional readings it did not get."""
        return encoding.message({"type": "conflated", "market": self.market, "channel": self.name, "skipped": skipped})

    def _fitted(self, fields: dict[str, Any], body: bytes) -> bytes:
        if self.name != "readings" or len(body) <= SMALL:
            return body
        return fitted(body, READING_FRAME - _AROUND - len(msgspec.json.encode(fields)))

    def _fields(self, kind: str, entry_id: Id | None) -> dict[str, Any]:
        fields: dict[str, Any] = {"type": kind, "market": self.market, "channel": self.name, "epoch": self.epoch}
        fields["id"] = None if entry_id is None else str(entry_id)
        return fields
