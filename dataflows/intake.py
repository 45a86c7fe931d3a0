"""Records of one partition, read and folded in their order; what cannot be used is named and set aside."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any, Final, Protocol, overload

import msgspec
import numpy as np
import numpy.typing as npt

from dataflows.drain.columns import of_texts, runs
from dataflows.drain.names import table
from dataflows.drain.plain import LONGEST, TICK
from models.signals.bars import BarFold, Folded
from schemas import control_wire, json_wire, names, ticks_wire
from schemas.control import PARTITION, Control
from schemas.instruments import Instruments
from schemas.rejects import REASONS, Reason, Reject, UnreadableError
from schemas.ticks import TickBatch

MAX_BYTES: Final = LONGEST
"""Of the longest record that is read."""

_USUAL: Final = [(names.CONTENT_TYPE, names.TICKS_JSON.encode())]


class Record(Protocol):
    """What is needed of a Kafka message."""

    def value(self) -> bytes | None:
        """Its bytes."""
        ...

    def offset(self) -> int | None:
        """Where it stands."""
        ...

    def headers(self) -> Any:
        """Its headers."""
        ...


class Read(msgspec.Struct, frozen=True, gc=False):  # a dataclass costs a microsecond more, at each record
    """A record with its kind and bytes."""

    offset: int
    kind: str
    raw: bytes


def kind_of(record: Record) -> str:
    """A record's kind by its last content-type; JSON ticks without one."""
    headers = record.headers()
    kind = names.TICKS_JSON
    if headers and headers != _USUAL:
        for name, value in headers:
            if name == names.CONTENT_TYPE and value:
                kind = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    return kind


def read_of(record: Record) -> Read:
    """A record's kind, offset and bytes."""
    return Read(record.offset() or 0, kind_of(record), record.value() or b"")


class _Reads(Sequence[Read]):
    """Records that are read one by one, only when they are asked for: a good tick never is."""

    def __init__(self, records: list[Record]) -> None:
        self._records = records

    def __len__(self) -> int:
        return len(self._records)

    @overload
    def __getitem__(self, place: int) -> Read: ...
    @overload
    def __getitem__(self, place: slice) -> _Reads: ...
    def __getitem__(self, place: int | slice) -> Read | _Reads:
        if isinstance(place, slice):
            return _Reads(self._records[place])
        return read_of(self._records[place])


class Intake:
    """Read, validate and bars of one partition: records in, closed bars and rejects out.

    Args:
        feed: name of the feed, for rejects.
        partition: its number.
        fold: the bars of this partition.
        instruments: names the feed knows, by code.
        reject: where rejects go.
        markets: names of the markets that read the feed, for control records.
    """

    def __init__(
        self,
        feed: str,
        partition: int,
        fold: BarFold,
        instruments: Instruments,
        reject: Callable[[Reject], None],
        *,
        markets: tuple[str, ...] = (),
    ) -> None:
        self._feed, self._partition, self._fold = feed, partition, fold
        self._instruments, self._reject, self._markets = instruments, reject, markets
        self._arrow, self._table = ticks_wire.TickReader(instruments), table(instruments.names)
        self.ticks = 0

    def take(self, records: Sequence[Record]) -> list[Folded]:
        """Folds records in offset order; runs of JSON ticks are decoded in one go."""
        folded = []
        for kind, run in groupby(records, key=kind_of):
            if kind == names.TICKS_JSON:
                folded += self._texts(list(run))
            else:
                folded += [done for read in map(read_of, run) if self._is_readable(read) for done in self._one(read)]
        return folded

    def _texts(self, records: list[Record]) -> list[Folded]:
        """JSON ticks: by the compiled scan where they are plain, by the decoder where they are not."""
        room, status, fields = of_texts([record.value() or b"" for record in records], self._table)
        reads, folded = _Reads(records), []
        for rows in runs(status):
            if status[rows.start] == TICK:
                folded.append(self.take_ticks(*room.ticks(rows, fields), reads[rows]))
            else:
                folded.append(self._json_ticks([read for read in reads[rows] if self._is_readable(read)]))
        return folded

    def take_ticks(self, batch: TickBatch, record: npt.NDArray[np.int64], run: Sequence[Read]) -> Folded:
        """Folds ticks that were read already; `record` is the place in the run of the record that each is of."""
        self.ticks += len(batch)
        folded = self._fold.update(batch)
        self._refuse_rows(run, record, folded.faults)
        return folded

    def _is_readable(self, read: Read) -> bool:
        if read.raw and len(read.raw) <= MAX_BYTES:
            return True
        reason = Reason.OVERSIZED if read.raw else Reason.EMPTY
        self._refuse(read, reason, note=f"{len(read.raw)} bytes")
        return False

    def _one(self, read: Read) -> Iterator[Folded]:
        """A record that is no run of JSON ticks."""
        try:
            yield self._fold_one(read)
        except UnreadableError as error:
            self._refuse(read, error.reason, note=str(error))

    def _fold_one(self, read: Read) -> Folded:
        match read.kind:
            case names.TICKS_ARROW:
                ticks = self._arrow.read(read.raw)
                self.ticks += len(ticks)
                folded = self._fold.update(ticks)
            case names.BARS_ARROW:
                folded = self._fold.update(ticks_wire.decode_bars(read.raw, self._instruments))
            case names.BARS_JSON:
                folded = self._fold.update(json_wire.decode_bars(read.raw, self._instruments))
            case names.TOCK_JSON:
                folded = self._fold.update(json_wire.decode_tock(read.raw))
            case names.CONTROL_JSON:
                folded = self._fold.update(self._addressed(control_wire.decode_control(read.raw)))
            case _:
                raise UnreadableError(Reason.UNKNOWN_KIND, f"content-type {read.kind!r} is not known")
        self._refuse_rows([read], np.zeros(len(folded.faults), np.int64), folded.faults)
        return folded

    def _addressed(self, order: Control) -> Control:
        """The control, if it stands where it belongs and for somebody.

        Raises:
            UnreadableError: it does not.
        """
        if self._partition != PARTITION:
            raise UnreadableError(Reason.BAD_CONTROL, f"control records belong on partition {PARTITION}")
        if order.market is not None and order.market not in self._markets:
            known = ", ".join(self._markets)
            raise UnreadableError(Reason.BAD_CONTROL, f"market {order.market!r} is none of this feed: {known}")
        return order

    def _json_ticks(self, run: list[Read]) -> Folded:
        decoded = json_wire.decode_ticks([read.raw for read in run], self._instruments)
        for position, reason, note in decoded.bad:
            self._refuse(run[position], reason, note=note)
        self.ticks += len(decoded.batch)
        folded = self._fold.update(decoded.batch)
        self._refuse_rows(run, decoded.record, folded.faults)
        return folded

    def _refuse_rows(self, run: Sequence[Read], record: npt.NDArray[np.int64], faults: npt.NDArray[np.int8]) -> None:
        """One reject for each record and reason, with the rows (counted within the record)."""
        bad = np.flatnonzero(faults)
        if not bad.size:
            return
        first = np.searchsorted(record, np.arange(len(run)))
        grouped: dict[tuple[int, int], list[int]] = {}
        for row in bad:
            position = int(record[row])
            grouped.setdefault((position, int(faults[row])), []).append(int(row - first[position]))
        for (position, fault), rows in grouped.items():
            self._refuse(run[position], REASONS[fault - 1], tuple(rows))

    def _refuse(self, read: Read, reason: Reason, rows: tuple[int, ...] = (), note: str = "") -> None:
        self._reject(Reject(self._feed, self._partition, read.offset, reason, read.raw, rows, read.kind, note))
