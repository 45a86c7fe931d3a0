"""Readings as tables: CSV, an Arrow IPC stream, Parquet. One row per reading, one column per segment.

CSV and Arrow are made piece by piece, so that a history of any length passes through a few pages of memory.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any, Literal, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from api.answers import segment_columns
from api.compression import Sink
from api.streams import Entry
from schemas.reading import Reading, decode_reading, parse_rfc3339

Format = Literal["json", "csv", "arrow", "parquet"]

MEDIA_TYPES: dict[str, str] = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8; header=present",
    "arrow": "application/vnd.apache.arrow.stream",
    "parquet": "application/vnd.apache.parquet",
}


class UnknownSegmentError(ValueError):
    """A reading has a segment for which the table, whose head is sent, has no column."""


def encode_table(entries: Sequence[Entry], kind: Format, segments: Iterable[str] = ()) -> bytes:
    """Readings in the asked format, in the order given; it has these segments, and those of the readings."""
    columns = _columns(entries, segments)
    named = sorted(name.removeprefix(_SEGMENT) for name in columns if name.startswith(_SEGMENT))
    if kind == "parquet":
        return _parquet({name: columns[name] for name in _columns([], named)})
    writer = table_writer(kind, named)
    return writer.head() + writer.rows(entries) + writer.end()


_SEGMENT = "contribution."


def _columns(entries: Sequence[Entry], segments: Iterable[str]) -> dict[str, list[Any]]:
    readings = [decode_reading(entry.data) for entry in entries]
    columns: dict[str, list[Any]] = {
        "id": [str(entry.id) for entry in entries],
        "at": [r.at for r in readings],
        "final": [r.final for r in readings],
        "index": [r.index for r in readings],
        "percentile": [r.percentile for r in readings],
        "level": [r.level for r in readings],
        "form": [r.form for r in readings],
        "coverage": [r.coverage for r in readings],
        "stale": [r.staleness.stale for r in readings],
        "flags": [" ".join(r.flags) for r in readings],
        "version": [r.version for r in readings],
        "hash": [r.hash for r in readings],
    }
    return {**columns, **_contributions(readings, segments)}


def _contributions(readings: list[Reading], segments: Iterable[str]) -> dict[str, list[float | None]]:
    found = {_SEGMENT + segment: column for segment, column in segment_columns(readings).items()}
    nothing: list[float | None] = [None] * len(readings)
    return found | {name: nothing for segment in segments if (name := _SEGMENT + segment) not in found}


class TableWriter(Protocol):
    """Makes a table piece by piece."""

    def head(self) -> bytes:
        """What comes first."""

    def rows(self, entries: Sequence[Entry]) -> bytes:
        """Some rows.

        Raises:
            UnknownSegmentError: one of them does not fit below the head.
        """

    def end(self) -> bytes:
        """What comes last."""


def table_writer(kind: Format, segments: Iterable[str]) -> TableWriter:
    """A writer of CSV or Arrow whose table has these segments."""
    return _Csv(segments) if kind == "csv" else _Arrow(segments)


class _Rows:
    """Rows under a fixed head."""

    def __init__(self, segments: Iterable[str]) -> None:
        self._segments = sorted(set(segments))
        self._names = list(_columns([], self._segments))

    def _fitted(self, entries: Sequence[Entry]) -> dict[str, list[Any]]:
        columns = _columns(entries, self._segments)
        if unknown := columns.keys() - set(self._names):
            msg = f"{min(unknown)} is no column: ask for pages (limit) where a market's segments have changed"
            raise UnknownSegmentError(msg)
        return {name: columns[name] for name in self._names}


class _Csv(_Rows):
    def head(self) -> bytes:
        return _csv_lines([self._names])

    def rows(self, entries: Sequence[Entry]) -> bytes:
        return _csv_lines(zip(*(map(_spelled, column) for column in self._fitted(entries).values()), strict=True))

    def end(self) -> bytes:
        return b""


def _csv_lines(lines: Iterable[Iterable[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(lines)
    return text.getvalue().encode()


def _spelled(value: object) -> str:
    """No information is an empty field; floats are as short as they can be and still exact."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


_TYPES = {
    "at": pa.timestamp("us", tz="UTC"),
    "final": pa.bool_(),
    "index": pa.float64(),
    "percentile": pa.float64(),
    "coverage": pa.float64(),
    "stale": pa.int32(),
}


def _table(columns: dict[str, list[Any]]) -> Any:
    typed = {}
    for name, column in columns.items():
        values = [parse_rfc3339(at) for at in column] if name == "at" else column
        kind = pa.float64() if name.startswith(_SEGMENT) else _TYPES.get(name, pa.string())
        typed[name] = pa.array(values, type=kind)
    return pa.table(typed)


class _Arrow(_Rows):
    def __init__(self, segments: Iterable[str]) -> None:
        super().__init__(segments)
        self._sink = Sink()
        schema = _table({name: [] for name in self._names}).schema
        self._writer = pa.ipc.new_stream(pa.PythonFile(self._sink, "w"), schema)

    def head(self) -> bytes:
        return self._sink.take()

    def rows(self, entries: Sequence[Entry]) -> bytes:
        self._writer.write_table(_table(self._fitted(entries)))
        return self._sink.take()

    def end(self) -> bytes:
        self._writer.close()
        return self._sink.take()


def _parquet(columns: dict[str, list[Any]]) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(_table(columns), sink, compression="zstd")
    return bytes(sink.getvalue())
