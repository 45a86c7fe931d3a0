"""What waits for one slow client: bounded, provisional readings conflated, finals never left out."""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict
from collections.abc import Sequence

from api.encodings import JSON, Encoding
from api.frames import Channel, Frame


class Outbox:
    """Frames that could not be written at once, in order.

    While few frames wait nothing is left out. From `conflate_after` on, a reading replaces the provisional readings
    of its channel that still wait before it. What must not be left out is bounded by `max_bytes`.
    """

    def __init__(self, conflate_after: int, max_bytes: int) -> None:
        self._conflate_after, self._max_bytes = conflate_after, max_bytes
        self._waiting: OrderedDict[int, Frame] = OrderedDict()
        self._droppable: defaultdict[Channel, list[int]] = defaultdict(list)
        self._skipped: Counter[Channel] = Counter()
        self._number = 0
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def overflows(self) -> bool:
        """Whether more than `max_bytes` wait even though all was conflated that may be."""
        return self._bytes > self._max_bytes

    def push(self, frames: Sequence[Frame]) -> int:
        """Lets frames wait; gives the number of provisional readings that were left out for them."""
        return sum(self._push(frame) for frame in frames)

    def _push(self, frame: Frame) -> int:
        superseded = self._conflate(frame.channel) if len(self._waiting) >= self._conflate_after else 0
        self._number += 1
        self._waiting[self._number] = frame
        self._bytes += frame.size
        if frame.droppable:
            self._droppable[frame.channel].append(self._number)
        return superseded

    def _conflate(self, channel: Channel) -> int:
        if channel.name != "readings":
            return 0
        numbers = self._droppable.pop(channel, [])
        for number in numbers:
            self._bytes -= self._waiting.pop(number).size
        self._skipped[channel] += len(numbers)
        return len(numbers)

    def take(self, max_bytes: int = 65_536, encoding: Encoding = JSON) -> tuple[list[bytes], list[Frame]]:
        """The next bytes to write, at least one frame if any waits, and the frames that they carry.

        What was left out of a channel is told before its next frame.
        """
        wires: list[bytes] = []
        frames: list[Frame] = []
        taken = 0
        while self._waiting and (not frames or taken < max_bytes):
            frame = self._pop()
            if skipped := self._skipped.pop(frame.channel, 0):
                wires.append(frame.channel.conflated(skipped, encoding))
            wires.append(frame.wire(encoding))
            frames.append(frame)
            taken += frame.size
        return wires, frames

    def _pop(self) -> Frame:
        number, frame = self._waiting.popitem(last=False)
        self._bytes -= frame.size
        if frame.droppable:
            self._droppable[frame.channel].remove(number)
        return frame
