"""A trade file row by row: what can be read of one that has bad rows, or was cut; the rest with its bytes and place."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from schemas.rejects import Reason

COLUMNS: Final = {
    "ts_ms": pa.int64(),
    "symbol": pa.string(),
    "price": pa.float64(),
    "size": pa.float64(),
    "bid": pa.float64(),
    "ask": pa.float64(),
}

NEEDED: Final = "ts_ms,symbol,price,size (or bid,ask)"

_AT_ONCE: Final = 4_096
"""Rows that are read at once; where one is bad, the half that holds it, and so on."""

_LAST_MS: Final = 9_000_000_000_000_000
"""Times beyond are none: in microseconds they would not fit into 64 bits."""

_PIECE: Final = 1 << 20


class Unpacker(Protocol):
    """What `zlib.decompressobj` gives."""

    def decompress(self, data: bytes, /) -> bytes:
        """What these bytes unpack to."""
        ...


class TradeFileError(ValueError):
    """A file that cannot be replayed; the message names it and says what to do."""


@dataclass(frozen=True)
class Refused:
    """A row that cannot be read: its file, its line there (the head is line 1), why, its bytes, and a note."""

    file: Path
    line: int
    reason: Reason
    raw: bytes
    note: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.note} ({self.reason.value})"


@dataclass(frozen=True)
class Sifted:
    """What is good of a file, what is not, and a sentence if it ends too early."""

    table: pa.Table
    refused: tuple[Refused, ...] = ()
    cut: str = ""


class _BadError(Exception):
    """Rows with something bad among them; `reason` and message hold for a single row."""

    def __init__(self, reason: Reason, note: str) -> None:
        super().__init__(note)
        self.reason = reason


def sifted(file: Path) -> Sifted:
    """Reads a file as `pyarrow.csv` does, block by block, and halves the blocks that cannot be read.

    Raises:
        OSError: it cannot be opened, or nothing of it can be unpacked.
        pyarrow.ArrowInvalid: it has no head.
        TradeFileError: a column is missing, or there are rows, and none of the first thousands can be read.
    """
    text, fault = _unpacked(file)
    head, _, _ = text.partition(b"\n")
    names = csv.read_csv(pa.BufferReader(head + b"\n")).column_names
    check_columns(file, names)
    rows = _Rows(file, names, text)
    table = pa.concat_tables([rows.none(), *rows.good()])
    cut = f"{file} {fault}: the {table.num_rows:,} rows before are replayed" if fault else ""
    return Sifted(table, tuple(rows.refused), cut)


def is_in_time(table: pa.Table) -> bool:
    """Whether every row has a time and a symbol that can be; True for a table without such columns."""
    if not {"ts_ms", "symbol"} <= set(table.column_names) or not table.num_rows:
        return True
    if table["ts_ms"].null_count or table["symbol"].null_count:
        return False
    return bool(pc.max(pc.abs(table["ts_ms"])).as_py() <= _LAST_MS)


def check_columns(file: Path, names: list[str]) -> None:
    """That a file has what a tick needs.

    Raises:
        TradeFileError: it has not.
    """
    if not ({"ts_ms", "symbol"} <= set(names) and ("price" in names or {"bid", "ask"} <= set(names))):
        msg = f"{file}: columns are {', '.join(names)}; needed are {NEEDED}"
        raise TradeFileError(msg)


class _Rows:
    """Rows of one file's text, of which the bad ones are set aside."""

    def __init__(self, file: Path, names: list[str], text: bytes) -> None:
        self.refused: list[Refused] = []
        self._file, self._names, self._text = file, names, text
        self._kinds = {name: kind for name, kind in COLUMNS.items() if name in names}
        ends = np.flatnonzero(np.frombuffer(text, np.uint8) == ord("\n")) + 1
        self._ends = ends if text.endswith(b"\n") else np.append(ends, len(text))

    def none(self) -> pa.Table:
        """A table without a row."""
        return pa.table({name: pa.array([], kind) for name, kind in self._kinds.items()})

    def good(self) -> Iterator[pa.Table]:
        """Tables of the rows that can be read, in order."""
        for first in range(1, len(self._ends), _AT_ONCE):
            before = len(self.refused)
            found = list(self._read(first, min(first + _AT_ONCE, len(self._ends))))
            if first == 1 and not found and len(self.refused) > before:
                msg = f"no row can be read: {self.refused[0]}; expected a CSV with the columns {NEEDED}"
                raise TradeFileError(msg)
            yield from found

    def _read(self, first: int, end: int) -> Iterator[pa.Table]:
        """Rows of the lines from `first` to before `end`, counted from 0 at the head."""
        raw = self._text[self._ends[first - 1] : self._ends[end - 1]]
        if not raw.strip():
            return
        try:
            yield self._parsed(raw)
        except _BadError as error:
            if end - first == 1:
                bare = raw.rstrip(b"\r\n")
                self.refused.append(Refused(self._file, first + 1, error.reason, bare, str(error)))
                return
            middle = (first + end) // 2
            yield from self._read(first, middle)
            yield from self._read(middle, end)

    def _parsed(self, raw: bytes) -> pa.Table:
        """A table of some lines.

        Raises:
            _BadError: one of them is bad.
        """
        reading = csv.ReadOptions(column_names=self._names, use_threads=False, block_size=len(raw) + 1)
        options = csv.ConvertOptions(column_types=self._kinds, include_columns=list(self._kinds))
        try:
            table = csv.read_csv(pa.BufferReader(raw), reading, convert_options=options)
        except pa.ArrowInvalid as error:
            raise self._fault(str(error)) from error
        if not is_in_time(table):
            raise _BadError(Reason.BAD_TIME, "ts_ms is missing, or beyond every time")
        return table

    def _fault(self, said: str) -> _BadError:
        """What Arrow says of a row, with the column's name for its number and without the row's."""
        wrong = re.search(r"column #(\d+): .*?conversion error to (\S+): (.*)", said, re.DOTALL)
        if wrong is None:
            return _BadError(Reason.MALFORMED, re.sub(r"^CSV parse error: (Row #\d+: )?", "", said).partition(": ")[0])
        note = f"{self._names[int(wrong[1])]}: {wrong[3]}"
        return _BadError(Reason.MALFORMED if "UTF8" in wrong[3] else Reason.WRONG_TYPE, note)


def _unpacked(file: Path) -> tuple[bytes, str]:
    """A file's text, and in words how it ends too early, if it does.

    Raises:
        OSError: nothing of it can be unpacked.
    """
    packed = file.read_bytes()
    if file.suffix != ".gz":
        return packed, ""
    pieces: list[bytes] = []
    fault = _unpack(packed, pieces)
    text = b"".join(pieces)
    if fault and b"\n" not in text:
        raise OSError(fault)
    return text, fault


def _unpack(packed: bytes, pieces: list[bytes]) -> str:
    """Adds what a gz of one or several members holds; in words how it ends too early, if it does."""
    rest = packed
    while rest:
        member = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        for first in range(0, len(rest), _PIECE):
            before, piece = member.copy(), rest[first : first + _PIECE]
            try:
                pieces.append(member.decompress(piece))
            except zlib.error as error:
                pieces += _crumbs(before, piece)
                return f"is damaged ({error})"
            if member.eof:
                break
        if not member.eof:
            return "is cut: its end is missing"
        rest = (member.unused_data + rest[first + _PIECE :]).lstrip(b"\0")  # some pad to whole blocks
    return ""


def _crumbs(member: Unpacker, piece: bytes) -> Iterator[bytes]:
    """What can be unpacked of a damaged piece before the damage, byte by byte."""
    for place in range(len(piece)):
        try:
            yield member.decompress(piece[place : place + 1])
        except zlib.error:
            return
