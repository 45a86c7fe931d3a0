"""Readings as tables: CSV, an Arrow IPC stream, Parquet. One row per reading, one column per segment."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from api.answers import segment_columns
from api.streams import Entry
from schemas.reading import Reading, decode_reading, parse_rfc3339

Format = Literal["json", "csv", "arrow", "parquet"]

MEDIA_TYPES: dict[str, str] = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8; header=present",
    "arrow": "application/vnd.apache.arrow.stream",
    "parquet": "application/vnd.apache.parquet",
}


def encode_table(entries: Sequence[Entry], kind: Format) -> bytes:
    """Readings in the asked format, in the order given."""
    columns = _columns(entries)
    return _csv(columns) if kind == "csv" else _arrow(columns) if kind == "arrow" else _parquet(columns)


def _columns(entries: Sequence[Entry]) -> dict[str, list[Any]]:
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
    return {**columns, **_contributions(readings)}


def _contributions(readings: list[Reading]) -> dict[str, list[float | None]]:
    return {f"contribution.{segment}": column for segment, column in segment_columns(readings).items()}


def _csv(columns: dict[str, list[Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(zip(*(map(_spelled, column) for column in columns.values()), strict=True))
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
        kind = pa.float64() if name.startswith("contribution.") else _TYPES.get(name, pa.string())
        typed[name] = pa.array(values, type=kind)
    return pa.table(typed)


def _arrow(columns: dict[str, list[Any]]) -> bytes:
    table = _table(columns)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def _parquet(columns: dict[str, list[Any]]) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(_table(columns), sink, compression="zstd")
    return bytes(sink.getvalue())
