"""Arrow records to columns and back: the fast lane. No Python object per tick."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from schemas.arrow_columns import codes, floats, ints, quotes
from schemas.arrow_heads import Heads
from schemas.arrow_schemas import BARS_SCHEMA, TICKS_SCHEMA
from schemas.arrow_weight import weigh
from schemas.instruments import Instruments
from schemas.rejects import Reason, UnreadableError
from schemas.ticks import NO_SEQ, NO_SEQS, BarBatch, TickBatch

MAX_ROWS: Final = 1 << 20
MAX_NAMES: Final = 1 << 16
MAX_INFLATED: Final = 1 << 27
"""Rows, names in dictionaries and bytes once inflated in one record; a record with more is `oversized`."""

_COMPRESSED: Final = pa.ipc.IpcWriteOptions(compression="lz4")
_PLAIN: Final = pa.ipc.IpcWriteOptions()


class TickReader:
    """Reads records of ticks; those that begin as one before are read at once (see `schemas.arrow_heads`).

    Args:
        instruments: names the feed knows.
    """

    def __init__(self, instruments: Instruments) -> None:
        self._instruments, self._heads = instruments, Heads(instruments)

    def read(self, raw: bytes) -> TickBatch:
        """What `decode_ticks` would read; the columns may lie in `raw` and cannot be written to.

        Raises:
            UnreadableError: as `decode_ticks`.
        """
        ticks = self._heads.read(raw)
        if ticks is None:
            ticks = decode_ticks(raw, self._instruments)
            self._heads.learn(raw, ticks)
        return ticks


def decode_ticks(raw: bytes, instruments: Instruments) -> TickBatch:
    """Ticks of one Arrow IPC stream.

    Raises:
        UnreadableError: no such stream, a column missing or of another type, or too many rows.
    """
    table = _read(raw, TICKS_SCHEMA)
    return TickBatch(
        codes(table, instruments),
        ints(table, "ts_us", -1),
        floats(table, "price", np.nan),
        floats(table, "size", 0.0),
        *quotes(table),
        ints(table, "seq", NO_SEQ) if "seq" in table.schema.names else NO_SEQS,
    )


def decode_bars(raw: bytes, instruments: Instruments) -> BarBatch:
    """Bars of one Arrow IPC stream.

    Raises:
        UnreadableError: as for `decode_ticks`.
    """
    table = _read(raw, BARS_SCHEMA)
    end_us = ints(table, "end_us", -1)
    opened, high, low, close = (floats(table, name, np.nan) for name in ("open", "high", "low", "close"))
    return BarBatch(
        codes(table, instruments),
        ints(table, "start_us", -1),
        end_us,
        ints(table, "available_us", end_us),
        opened,
        high,
        low,
        close,
        floats(table, "volume", 0.0),
        ints(table, "count", 0),
    )


def encode(columns: dict[str, npt.NDArray[Any]], names: tuple[str, ...], schema: Any, compress: bool = True) -> bytes:
    """One Arrow IPC stream of one batch.

    Args:
        columns: arrays by column name; `instrument` holds codes into `names`.
        names: the dictionary.
        schema: `TICKS_SCHEMA` or `BARS_SCHEMA`; nullable columns may be missing.
        compress: lz4 inside the stream.
    """
    fields = [field for field in schema if field.name in columns]
    arrays = [
        pa.DictionaryArray.from_arrays(columns["instrument"].astype(np.int32), pa.array(names, pa.utf8()))
        if field.name == "instrument"
        else pa.array(columns[field.name], field.type)
        for field in fields
    ]
    sink = pa.BufferOutputStream()
    written = pa.schema(fields)
    with pa.ipc.new_stream(sink, written, options=_COMPRESSED if compress else _PLAIN) as writer:
        writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=written))
    return bytes(sink.getvalue())


def _read(raw: bytes, schema: Any) -> Any:
    """The rows of a stream as one batch, with the columns the schema demands."""
    _refuse_oversized(raw)
    try:
        batch = _one_batch(raw, {field.name for field in schema})
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UnreadableError(Reason.MALFORMED, f"no Arrow IPC stream: {error}") from error
    if not batch.num_rows:
        raise UnreadableError(Reason.EMPTY, "an Arrow stream without rows")
    for field in schema:
        if not field.nullable and batch.schema.get_field_index(field.name) < 0:
            raise UnreadableError(Reason.WRONG_TYPE, f"column {field.name!r} is missing")
    return batch


def _refuse_oversized(raw: bytes) -> None:
    """Looks at what the record claims to be, before a byte of it is inflated."""
    try:
        weight = weigh(raw)
    except ValueError as error:
        raise UnreadableError(Reason.MALFORMED, f"no Arrow IPC stream: {error}") from error
    for found, most, what in (
        (weight.rows, MAX_ROWS, "rows"),
        (weight.names, MAX_NAMES, "names in dictionaries"),
        (weight.inflated, MAX_INFLATED, "bytes once inflated"),
    ):
        if found > most:
            raise UnreadableError(Reason.OVERSIZED, f"{found} {what}; send at most {most} in one record")


def _one_batch(raw: bytes, names: set[str]) -> Any:
    """The named columns of all batches as one batch; columns that this version does not know are never touched."""
    with pa.ipc.open_stream(pa.py_buffer(raw)) as reader:
        kept = [position for position, name in enumerate(reader.schema.names) if name in names]
        batches = [batch.select(kept) for batch in reader]
        if len(batches) == 1:
            batches[0].validate()
            return batches[0]
        for batch in batches:  # joining follows every offset, so each must be known to be good
            batch.validate(full=True)
        wanted = pa.schema([reader.schema.field(position) for position in kept])
        table = pa.Table.from_batches(batches, wanted).unify_dictionaries().combine_chunks()
    if not table.num_rows:
        return pa.RecordBatch.from_pylist([], schema=table.schema)
    return table.to_batches()[0]
