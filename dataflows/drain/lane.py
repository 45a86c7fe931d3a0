"""The fast lane: messages are drained from librdkafka's own queue; single JSON ticks never become Python objects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import overload

import numpy as np
import numpy.typing as npt
import structlog

from dataflows import kafka
from dataflows.config import FlowConfig
from dataflows.drain import native
from dataflows.drain.memory import destroy
from dataflows.drain.names import table
from dataflows.drain.scan import ASK, BID, FAILED, SEQ, TICK, scan
from dataflows.intake import Intake, Read, read_of
from dataflows.lanes import AT_ONCE, judge
from models.signals.bars import Folded
from schemas.ticks import NO_QUOTES, NO_SEQS, TickBatch

log = structlog.get_logger()


class Raw:
    """A message that is read by the ordinary decoder; what the client's own class offers of it."""

    def __init__(self, message: int, offset: int) -> None:
        self._message, self._offset = message, offset

    def value(self) -> bytes:
        """A copy of its bytes."""
        return native.payload_of(self._message)

    def offset(self) -> int:
        """Where it stands."""
        return self._offset

    def headers(self) -> list[tuple[str, bytes | None]]:
        """Copies of its headers."""
        return native.headers_of(self._message)


class _Run(Sequence[Read]):
    """Messages as records, each made only when it is asked for: a tick is asked for only when it is rejected."""

    def __init__(self, messages: npt.NDArray[np.uint64], offsets: npt.NDArray[np.int64]) -> None:
        self._messages, self._offsets = messages, offsets

    def __len__(self) -> int:
        return len(self._messages)

    @overload
    def __getitem__(self, place: int) -> Read: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Read]: ...
    def __getitem__(self, place: int | slice) -> Read | Sequence[Read]:
        if isinstance(place, slice):
            return _Run(self._messages[place], self._offsets[place])
        return read_of(Raw(int(self._messages[place]), int(self._offsets[place])))


class Columns:
    """Room for what one call reads, used again and again."""

    def __init__(self, rows: int) -> None:
        self.messages = np.zeros(rows, np.uint64)
        self.code, self.ts_us = np.zeros(rows, np.int32), np.zeros(rows, np.int64)
        self.numbers, self.seq = np.zeros((4, rows)), np.zeros(rows, np.int64)
        self.offset, self.status = np.zeros(rows, np.int64), np.zeros(rows, np.int8)

    def ticks(self, rows: slice, fields: int) -> TickBatch:
        """The ticks of some rows; columns that no message had are left out."""
        price, size, bid, ask = self.numbers[:, rows]
        if not fields & (BID | ASK):
            bid = ask = NO_QUOTES
        seq = self.seq[rows] if fields & SEQ else NO_SEQS
        return TickBatch(self.code[rows], self.ts_us[rows], price, size, bid, ask, seq)


class FastLane:
    """One partition's records, by librdkafka itself.

    Raises:
        MissingError: librdkafka cannot be used here.
    """

    def __init__(self, config: FlowConfig, partition: int, offset: int) -> None:
        self._topic, self._partition = config.topic, partition
        self._client = native.Client(
            kafka.consumer_settings(config.kafka, config.group), config.topic, partition, offset, _trouble
        )
        self._names = table(tuple(i.name for i in config.feed_market().instrument))
        library = native.library()
        self._functions = np.array(
            [native.address(library.rd_kafka_message_headers), native.address(library.rd_kafka_header_get_last)],
            np.uint64,
        )
        self._destroy = np.uint64(native.address(library.rd_kafka_message_destroy))
        self._room = Columns(AT_ONCE)
        self._appended_ms = -1

    def take(self, intake: Intake) -> tuple[list[Folded], int | None]:
        """As `Lane` says; messages are given back whatever happens."""
        room = self._room
        count = self._client.take(room.messages.ctypes.data, AT_ONCE)
        if count <= 0:
            return [], None
        messages = room.messages[:count]
        self._appended_ms = native.appended_ms(int(messages[0]))
        try:
            fields = scan(
                messages, self._functions, self._names, room.code, room.ts_us, room.numbers, room.seq, room.offset,
                room.status,
            )  # fmt: skip
            folded = [done for rows in runs(room.status[:count]) for done in self._fold(intake, rows, fields)]
        finally:
            destroy(messages, self._destroy)
        return folded, self._behind(count)

    def ring(self, bell: int) -> bool:
        """As `Lane` says."""
        self._client.ring(bell)
        return True

    def appended_ms(self) -> int:
        """As `Lane` says."""
        return self._appended_ms

    def newest(self) -> int:
        """As `Lane` says."""
        return self._client.newest()

    def close(self) -> None:
        """Leaves the broker."""
        self._client.close()

    def _fold(self, intake: Intake, rows: slice, fields: int) -> list[Folded]:
        """Messages of one kind, in a row."""
        room, kind = self._room, self._room.status[rows.start]
        if kind == TICK:
            return [intake.take_ticks(room.ticks(rows, fields), _Run(room.messages[rows], room.offset[rows]))]
        if kind == FAILED:
            for message in room.messages[rows].tolist():
                judge(self._topic, self._partition, *native.error_of(message))
            return []
        places = zip(room.messages[rows].tolist(), room.offset[rows].tolist(), strict=True)
        return intake.take([Raw(message, offset) for message, offset in places])

    def _behind(self, count: int) -> int | None:
        good = np.flatnonzero(self._room.status[:count] != FAILED)
        return int(self._room.offset[good[-1]]) + 1 if len(good) else None


def runs(status: npt.NDArray[np.int8]) -> Iterator[slice]:
    """Rows of equal status that stand together, in their order."""
    turns = np.flatnonzero(np.diff(status)) + 1
    bounds: list[int] = [0, *turns.tolist(), len(status)]
    for first, last in pairwise(bounds):
        yield slice(first, last)


def _trouble(code: int, text: str) -> None:
    log.warning("kafka_trouble", error=text, code=code, advice="retrying by itself")
