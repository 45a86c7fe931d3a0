"""Room for ticks that were read, and runs of records of one kind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from dataflows.drain.names import Names
from dataflows.drain.plain import ASK, BID, OTHER, SEQ, read
from schemas.ticks import NO_QUOTES, NO_SEQS, TickBatch


@dataclass(frozen=True, slots=True)
class Given:
    """Records where they stand.

    Attributes:
        address: of each one's bytes, int64[n].
        length: how many they are, int64[n]; 0 for those that are no JSON ticks.
        status: what each is; `TICK` where its ticks were read, int8[n].
    """

    address: npt.NDArray[np.int64]
    length: npt.NDArray[np.int64]
    status: npt.NDArray[np.int8]

    def part(self, rows: slice) -> Given:
        """Some of them."""
        return Given(self.address[rows], self.length[rows], self.status[rows])


class Columns:
    """Room for the ticks of some records.

    Attributes:
        code, ts_us, numbers, seq: columns of ticks, [rows]; `numbers` are price, size, bid and ask, float64[4, rows].
        record: which record each tick is of, int64[rows].
        starts: first row of each record, and behind the last, int64[records + 1].
    """

    def __init__(self, records: int, rows: int) -> None:
        self.code, self.ts_us = np.zeros(rows, np.int32), np.zeros(rows, np.int64)
        self.numbers, self.seq = np.zeros((4, rows)), np.zeros(rows, np.int64)
        self.record = np.zeros(rows, np.int64)
        self.starts = np.zeros(records + 1, np.int64)

    def read(self, given: Given, names: Names) -> tuple[int, int]:
        """Reads records, as far as there is room: how many, and the fields that any tick had."""
        done, fields = read(
            given.address, given.length, names.places, self.code, self.ts_us, self.numbers, self.seq, self.record,
            self.starts, given.status,
        )  # fmt: skip
        return int(done), int(fields)

    def ticks(self, run: slice, fields: int) -> tuple[TickBatch, npt.NDArray[np.int64]]:
        """The ticks of a run of records, and which of them each is of; columns that none of them had are left out."""
        rows = slice(int(self.starts[run.start]), int(self.starts[run.stop]))
        price, size, bid, ask = self.numbers[:, rows]
        if not fields & (BID | ASK):
            bid = ask = NO_QUOTES
        seq = self.seq[rows] if fields & SEQ else NO_SEQS
        batch = TickBatch(self.code[rows], self.ts_us[rows], price, size, bid, ask, seq)
        return batch, self.record[rows] - run.start


def of_texts(texts: Sequence[bytes], names: Names) -> tuple[Columns, npt.NDArray[np.int8], int]:
    """Records that are bytes: their ticks, what each record is, and the fields that any tick had."""
    text = b"".join(texts)
    length: Any = np.fromiter(map(len, texts), np.int64, len(texts))
    address = np.frombuffer(text or b"\0", np.uint8).ctypes.data + np.cumsum(length) - length
    room = Columns(len(texts), len(texts) + text.count(b"\n"))
    given = Given(address, length, np.full(len(texts), OTHER, np.int8))
    _, fields = room.read(given, names)
    return room, given.status, fields


def runs(status: npt.NDArray[np.int8]) -> Iterator[slice]:
    """Records of equal status that stand together, in their order."""
    turns = np.flatnonzero(np.diff(status)) + 1
    bounds: list[int] = [0, *turns.tolist(), len(status)]
    for first, last in pairwise(bounds):
        yield slice(first, last)
