"""Room for ticks that were read, and runs of records of one kind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from dataflows.drain.plain import ASK, BID, SEQ, read_texts
from schemas.ticks import NO_QUOTES, NO_SEQS, TickBatch


class Columns:
    """Room for the ticks of some records.

    Attributes:
        code, ts_us, numbers, seq: columns of ticks, [rows]; `numbers` are price, size, bid and ask, float64[4, rows].
        record: which record each tick is of, int64[rows].
        starts: first row of each record, and behind the last, int64[records + 1].
        status: what each record is, int8[records].
    """

    def __init__(self, records: int, rows: int) -> None:
        self.code, self.ts_us = np.zeros(rows, np.int32), np.zeros(rows, np.int64)
        self.numbers, self.seq = np.zeros((4, rows)), np.zeros(rows, np.int64)
        self.record = np.zeros(rows, np.int64)
        self.starts, self.status = np.zeros(records + 1, np.int64), np.zeros(records, np.int8)

    def ticks(self, run: slice, fields: int) -> tuple[TickBatch, npt.NDArray[np.int64]]:
        """The ticks of a run of records, and which of them each is of; columns that none of them had are left out."""
        rows = slice(int(self.starts[run.start]), int(self.starts[run.stop]))
        price, size, bid, ask = self.numbers[:, rows]
        if not fields & (BID | ASK):
            bid = ask = NO_QUOTES
        seq = self.seq[rows] if fields & SEQ else NO_SEQS
        batch = TickBatch(self.code[rows], self.ts_us[rows], price, size, bid, ask, seq)
        return batch, self.record[rows] - run.start


def of_texts(texts: Sequence[bytes], names: Any) -> tuple[Columns, int]:
    """Records that are bytes, and the fields that any of their ticks had."""
    text = b"".join(texts)
    bounds: Any = np.zeros(len(texts) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)), out=bounds[1:])
    room = Columns(len(texts), len(texts) + text.count(b"\n"))
    fields = read_texts(
        np.frombuffer(text, np.uint8), bounds, names, room.code, room.ts_us, room.numbers, room.seq, room.record,
        room.starts, room.status,
    )  # fmt: skip
    return room, fields


def runs(status: npt.NDArray[np.int8]) -> Iterator[slice]:
    """Records of equal status that stand together, in their order."""
    turns = np.flatnonzero(np.diff(status)) + 1
    bounds: list[int] = [0, *turns.tolist(), len(status)]
    for first, last in pairwise(bounds):
        yield slice(first, last)
