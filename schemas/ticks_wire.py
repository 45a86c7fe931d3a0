"""Arrow records to columns and back: the fast lane. No Python object per tick."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from schemas.rejects import Reason
from schemas.ticks import NO_SEQ, UNKNOWN, BarBatch, TickBatch

BAD_NAME: Final = -2
"""Code of a name that no instrument can have (control characters, or nothing at all)."""

MAX_ROWS: Final = 1 << 20
"""Rows in one record; a record with more is `oversized`."""

TICKS_SCHEMA: Final = pa.schema(
    [
        pa.field("instrument", pa.dictionary(pa.int32(), pa.utf8()), nullable=False),
        pa.field("ts_us", pa.int64(), nullable=False),
        pa.field("price", pa.float64()),
        pa.field("size", pa.float64()),
        pa.field("bid", pa.float64()),
        pa.field("ask", pa.float64()),
        pa.field("seq", pa.int64()),
    ]
)
"""Columns of tick records; a record may leave out the nullable ones."""

BARS_SCHEMA: Final = pa.schema(
    [
        pa.field("instrument", pa.dictionary(pa.int32(), pa.utf8()), nullable=False),
        *(pa.field(name, pa.int64(), nullable=False) for name in ("start_us", "end_us")),
        pa.field("available_us", pa.int64()),
        *(pa.field(name, pa.float64(), nullable=False) for name in ("open", "high", "low", "close")),
        pa.field("volume", pa.float64()),
        pa.field("count", pa.int64()),
    ]
)
"""Columns of bar records; `available_us` is `end_us` where it is left out."""

_COMPRESSED: Final = pa.ipc.IpcWriteOptions(compression="lz4")
_PLAIN: Final = pa.ipc.IpcWriteOptions()


class UnreadableError(ValueError):
    """A record that cannot be read at all; `reason` says why, the message what to mend."""

    def __init__(self, reason: Reason, note: str) -> None:
        super().__init__(note)
        self.reason = reason


class Instruments:
    """The names a feed knows, as codes; remembers the dictionaries it has seen, so that each is translated once."""

    def __init__(self, names: tuple[str, ...], remembered: int = 16) -> None:
        self.names = names
        self.codes = {name: code for code, name in enumerate(names)}
        self._seen: OrderedDict[bytes, npt.NDArray[np.int32]] = OrderedDict()
        self._remembered = remembered

    def code(self, name: str) -> int:
        """Code of a name: its position, `UNKNOWN`, or `BAD_NAME`."""
        code = self.codes.get(name)
        return code if code is not None else UNKNOWN if name and name.isprintable() else BAD_NAME

    def of_dictionary(self, dictionary: Any) -> npt.NDArray[np.int32]:
        """Codes of an Arrow dictionary's entries, int32[entries]."""
        _valid, offsets, data = dictionary.buffers()
        ends = offsets.to_pybytes() if offsets else b""
        key = b"%d:%d:%d:" % (len(dictionary), dictionary.offset, len(ends)) + ends + (data or b"")
        codes = self._seen.get(key)
        if codes is None:
            _validate(dictionary)
            codes = np.array([self.code(name or "") for name in dictionary.to_pylist()], np.int32)
            self._seen[key] = codes
            if len(self._seen) > self._remembered:
                self._seen.popitem(last=False)
        return codes


def decode_ticks(raw: bytes, instruments: Instruments) -> TickBatch:
    """Ticks of one Arrow IPC stream.

    Raises:
        UnreadableError: no such stream, a column missing or of another type, or too many rows.
    """
    table = _read(raw, TICKS_SCHEMA)
    return TickBatch(
        _codes(table, instruments),
        _ints(table, "ts_us", -1),
        _floats(table, "price", np.nan),
        _floats(table, "size", 0.0),
        _floats(table, "bid", np.nan),
        _floats(table, "ask", np.nan),
        _ints(table, "seq", NO_SEQ),
    )


def decode_bars(raw: bytes, instruments: Instruments) -> BarBatch:
    """Bars of one Arrow IPC stream.

    Raises:
        UnreadableError: as for `decode_ticks`.
    """
    table = _read(raw, BARS_SCHEMA)
    end_us = _ints(table, "end_us", -1)
    available_us = _ints(table, "available_us", -1)
    opened, high, low, close = (_floats(table, name, np.nan) for name in ("open", "high", "low", "close"))
    return BarBatch(
        _codes(table, instruments),
        _ints(table, "start_us", -1),
        end_us,
        np.where(available_us < 0, end_us, available_us),
        opened,
        high,
        low,
        close,
        _floats(table, "volume", 0.0),
        _ints(table, "count", 0),
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
    try:
        batch = _one_batch(raw)
        batch.validate()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UnreadableError(Reason.MALFORMED, f"no Arrow IPC stream: {error}") from error
    if batch.num_rows > MAX_ROWS:
        raise UnreadableError(Reason.OVERSIZED, f"{batch.num_rows} rows; send at most {MAX_ROWS}")
    for field in schema:
        if not field.nullable and batch.schema.get_field_index(field.name) < 0:
            raise UnreadableError(Reason.WRONG_TYPE, f"column {field.name!r} is missing")
    return batch


def _one_batch(raw: bytes) -> Any:
    with pa.ipc.open_stream(pa.py_buffer(raw)) as reader:
        batches = list(reader)
        if len(batches) == 1:
            return batches[0]
        table = pa.Table.from_batches(batches, reader.schema).unify_dictionaries().combine_chunks()
    if not table.num_rows:
        raise UnreadableError(Reason.EMPTY, "an Arrow stream without rows")
    return table.to_batches()[0]


def _column(table: Any, name: str, wanted: Any) -> Any:
    """The column in the wanted type, or None if it is not there."""
    position = table.schema.get_field_index(name)
    if position < 0:
        return None
    column = table.column(position)
    if column.type == wanted:
        return column
    try:
        return column.cast(pa.timestamp("us") if pa.types.is_timestamp(column.type) else wanted).cast(wanted)
    except pa.ArrowException as error:
        raise UnreadableError(Reason.WRONG_TYPE, f"column {name!r} is {column.type}, not {wanted}") from error


def _floats(table: Any, name: str, absent: float) -> npt.NDArray[np.float64]:
    column = _column(table, name, pa.float64())
    if column is None:
        return np.full(table.num_rows, absent)
    filled = column.fill_null(absent) if column.null_count else column
    return np.asarray(filled.to_numpy(zero_copy_only=False))


def _ints(table: Any, name: str, absent: int) -> npt.NDArray[np.int64]:
    column = _column(table, name, pa.int64())
    if column is None:
        return np.full(table.num_rows, absent, np.int64)
    filled = column.fill_null(absent) if column.null_count else column
    return np.asarray(filled.to_numpy(zero_copy_only=False))


def _codes(table: Any, instruments: Instruments) -> npt.NDArray[np.int32]:
    column = table.column(table.schema.get_field_index("instrument"))
    if not pa.types.is_dictionary(column.type):
        if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
            raise UnreadableError(Reason.WRONG_TYPE, f"column 'instrument' is {column.type}, not text")
        column = column.cast(pa.utf8()).dictionary_encode()
    if not pa.types.is_string(column.dictionary.type):
        column = _text_dictionary(column)
    return _translate(column, instruments)


def _translate(column: Any, instruments: Instruments) -> npt.NDArray[np.int32]:
    """Codes of a dictionary column; a missing name is a bad name."""
    codes = np.append(instruments.of_dictionary(column.dictionary), np.int32(BAD_NAME))
    missing = len(codes) - 1
    indices = column.indices.fill_null(missing) if column.indices.null_count else column.indices
    positions = np.asarray(indices.to_numpy(zero_copy_only=False))
    if positions.size and (positions.min() < 0 or positions.max() > missing):
        raise UnreadableError(Reason.MALFORMED, "column 'instrument' points outside its dictionary")
    return np.asarray(codes[positions], np.int32)


def _validate(dictionary: Any) -> None:
    """Every byte of a dictionary that is seen for the first time, before Python reads it."""
    try:
        dictionary.validate(full=True)
    except pa.ArrowException as error:
        raise UnreadableError(Reason.MALFORMED, f"column 'instrument' is broken: {error}") from error


def _text_dictionary(column: Any) -> Any:
    try:
        return pa.DictionaryArray.from_arrays(column.indices, column.dictionary.cast(pa.utf8()))
    except pa.ArrowException as error:
        raise UnreadableError(Reason.WRONG_TYPE, f"column 'instrument' is {column.type}, not text") from error
