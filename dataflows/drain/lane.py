"""The fast lane: messages are drained from librdkafka's own queue; single JSON ticks never become Python objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, overload

import numpy as np
import numpy.typing as npt

from dataflows import kafka
from dataflows.config import FlowConfig
from dataflows.drain import native
from dataflows.drain.columns import Columns, Given, runs
from dataflows.drain.memory import destroy
from dataflows.drain.names import table
from dataflows.drain.plain import FAILED, TICK
from dataflows.drain.scan import scan, texts
from dataflows.intake import Intake, Read, read_of
from dataflows.lanes import AT_ONCE, judge
from dataflows.trouble import WAY
from models.signals.bars import Folded

TRIED: Final = 32
"""Messages of the first batch by which the client's layout is tried."""

ROWS: Final = 65_536
"""Ticks that are read in one go; records with more lines than that are left to the ordinary decoder."""


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

    def __init__(self, messages: npt.NDArray[np.int64], offsets: npt.NDArray[np.int64]) -> None:
        self._messages, self._offsets = messages, offsets

    def __len__(self) -> int:
        return len(self._messages)

    @overload
    def __getitem__(self, place: int) -> Read: ...
    @overload
    def __getitem__(self, place: slice) -> _Run: ...
    def __getitem__(self, place: int | slice) -> Read | _Run:
        if isinstance(place, slice):
            return _Run(self._messages[place], self._offsets[place])
        return read_of(Raw(int(self._messages[place]), int(self._offsets[place])))

    @property
    def messages(self) -> list[int]:
        """Their addresses."""
        return [int(message) for message in self._messages]

    def raw(self) -> list[Raw]:
        """All of them, for the ordinary decoder."""
        return [Raw(*one) for one in zip(self.messages, self._offsets.tolist(), strict=True)]


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
        self._functions = (
            native.address(library.rd_kafka_message_headers), native.address(library.rd_kafka_header_get_last),
        )  # fmt: skip
        self._destroy = native.address(library.rd_kafka_message_destroy)
        self._headers_at: int | None = None
        self._room, self._words = Columns(AT_ONCE, ROWS), np.zeros(3, np.int64)
        self._messages, self._offset, address, length = (np.zeros(AT_ONCE, np.int64) for _ in range(4))
        self._given = Given(address, length, np.zeros(AT_ONCE, np.int8))
        self._appended_ms = -1

    def take(self, intake: Intake) -> tuple[list[Folded], int | None]:
        """As `Lane` says; messages are given back whatever happens."""
        count = self._client.take(self._messages.ctypes.data, AT_ONCE)
        if count <= 0:
            return [], None
        WAY.works()
        messages = self._messages[:count]
        self._appended_ms = native.appended_ms(int(messages[0]))
        try:
            return self._read(intake, messages), self._behind(count)
        finally:
            destroy(messages, self._destroy)

    def _read(self, intake: Intake, messages: npt.NDArray[np.int64]) -> list[Folded]:
        """All messages, as many at a time as there is room for."""
        if self._headers_at is None:
            self._headers_at = native.headers_at(messages[:TRIED].tolist())
        offset, given = self._offset[: len(messages)], self._given.part(slice(len(messages)))
        scan(
            messages, self._functions, self._headers_at, texts(), self._words.ctypes.data, given.address, given.length,
            offset, given.status,
        )  # fmt: skip
        folded, first = list[Folded](), 0
        while first < len(messages):
            part = given.part(slice(first, None))
            done, fields = self._room.read(part, self._names)
            run = _Run(messages[first : first + done], offset[first : first + done])
            for rows in runs(part.status[:done]):
                folded += self._fold(intake, int(part.status[rows.start]), run[rows], rows, fields)
            first += done
        return folded

    def _behind(self, count: int) -> int | None:
        good = np.flatnonzero(self._given.status[:count] != FAILED)
        return int(self._offset[good[-1]]) + 1 if len(good) else None

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

    def _fold(self, intake: Intake, kind: int, run: _Run, rows: slice, fields: int) -> list[Folded]:
        """Messages of one kind, in a row."""
        if kind == TICK:
            return [intake.take_ticks(*self._room.ticks(rows, fields), run)]
        if kind == FAILED:
            for message in run.messages:
                judge(self._topic, self._partition, *native.error_of(message))
            return []
        return intake.take(run.raw())


def load() -> None:
    """Reads or makes the compiled loops, by giving them nothing to do."""
    none = np.zeros(0, np.int64)
    given = Given(none, none, np.zeros(0, np.int8))
    release = native.address(native.library().rd_kafka_message_destroy)
    scan(none, (0, 0), 0, texts(), 0, none, none, none, given.status)
    Columns(0, 0).read(given, table(("A",)))
    destroy(none, release)


def _trouble(code: int, text: str) -> None:
    WAY.broke(text, code=code)
