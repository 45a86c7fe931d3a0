"""Arrow records to columns and back: the fast lane. No Python object per tick."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from schemas.rejects import Reason
from schemas.ticks import NO_QUOTES, NO_SEQ, NO_SEQS, UNKNOWN, BarBatch, TickBatch

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
        valid, offsets, data = (buffer or b"" for buffer in dictionary.buffers())
        key = b"%d:%d:%d:%d:" % (len(dictionary), dictionary.offset, len(valid), len(offsets))
        key = b"".join((key, valid, offsets, data))
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
        *_quotes(table),
        _ints(table, "seq", NO_SEQ) if "seq" in table.schema.names else NO_SEQS,
    )


def decode_bars(raw: bytes, instruments: Instruments) -> BarBatch:
    """Bars of one Arrow IPC stream.

    Raises:
        UnreadableError: as for `decode_ticks`.
    """
    table = _read(raw, BARS_SCHEMA)
    end_us = _ints(table, "end_us", -1)
    opened, high, low, close = (_floats(table, name, np.nan) for name in ("open", "high", "low", "close"))
    return BarBatch(
        _codes(table, instruments),
        _ints(table, "start_us", -1),
        end_us,
        _ints(table, "available_us", end_us),
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
        batch = _one_batch(raw, {field.name for field in schema})
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UnreadableError(Reason.MALFORMED, f"no Arrow IPC stream: {error}") from error
    if not batch.num_rows:
        raise UnreadableError(Reason.EMPTY, "an Arrow stream without rows")
    if batch.num_rows > MAX_ROWS:
        raise UnreadableError(Reason.OVERSIZED, f"{batch.num_rows} rows; send at most {MAX_ROWS}")
    for field in schema:
        if not field.nullable and batch.schema.get_field_index(field.name) < 0:
            raise UnreadableError(Reason.WRONG_TYPE, f"column {field.name!r} is missing")
    return batch


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


def _column(table: Any, name: str, wanted: Any) -> Any:
    """The column in the wanted type, or None if it is not there."""
    position = table.schema.get_field_index(name)
    if position < 0:
        return None
    column = table.column(position)
    if column.type == wanted:
        return column
    if not _is_number(column.type):  # a cast would follow offsets that nobody has validated
        raise UnreadableError(Reason.WRONG_TYPE, f"column {name!r} is {column.type}, not {wanted}")
    try:
        return column.cast(pa.timestamp("us") if pa.types.is_timestamp(column.type) else wanted).cast(wanted)
    except pa.ArrowException as error:
        raise UnreadableError(Reason.WRONG_TYPE, f"column {name!r} is {column.type}, not {wanted}") from error


def _is_number(kind: Any) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_timestamp(kind))


def _floats(table: Any, name: str, absent: float) -> npt.NDArray[np.float64]:
    column = _column(table, name, pa.float64())
    if column is None:
        return np.full(table.num_rows, absent)
    filled = column.fill_null(absent) if column.null_count else column
    return np.asarray(filled.to_numpy(zero_copy_only=False))


def _quotes(table: Any) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Bid and ask; both empty where the record has neither column."""
    if "bid" not in table.schema.names and "ask" not in table.schema.names:
        return NO_QUOTES, NO_QUOTES
    return _floats(table, "bid", np.nan), _floats(table, "ask", np.nan)


def _ints(table: Any, name: str, absent: int | npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    column = _column(table, name, pa.int64())
    if column is None:
        return np.array(np.broadcast_to(np.asarray(absent, np.int64), table.num_rows))
    if not column.null_count:
        return np.asarray(column.to_numpy(zero_copy_only=False))
    return np.where(_valid(column), column.fill_null(0).to_numpy(zero_copy_only=False), absent)


def _valid(column: Any) -> npt.NDArray[np.bool_]:
    """Which rows are not null, bool[n]."""
    return np.asarray(column.is_valid().to_numpy(zero_copy_only=False), np.bool_)


def _codes(table: Any, instruments: Instruments) -> npt.NDArray[np.int32]:
    column = table.column(table.schema.get_field_index("instrument"))
    if not pa.types.is_dictionary(column.type):
        if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
            raise UnreadableError(Reason.WRONG_TYPE, f"column 'instrument' is {column.type}, not text")
        _validate(column)
        column = column.dictionary_encode()
    if not pa.types.is_string(column.dictionary.type):
        _validate(column.dictionary)
        column = _text_dictionary(column)
    return _translate(column, instruments)


def _translate(column: Any, instruments: Instruments) -> npt.NDArray[np.int32]:
    """Codes of a dictionary column; a missing name is a bad name."""
    known = instruments.of_dictionary(column.dictionary)
    indices = column.indices
    if not indices.null_count:
        return _look_up(known, indices)
    codes = np.full(len(indices), BAD_NAME, np.int32)
    codes[_valid(indices)] = _look_up(known, indices.drop_null())
    return codes


def _look_up(known: npt.NDArray[np.int32], indices: Any) -> npt.NDArray[np.int32]:
    positions = np.asarray(indices.to_numpy(zero_copy_only=False))
    if positions.size and _unsigned(positions).max() >= len(known):
        raise UnreadableError(Reason.MALFORMED, "column 'instrument' points outside its dictionary")
    return np.asarray(known[positions], np.int32)


def _unsigned(positions: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The same bytes without a sign: a negative position is a huge one, and one comparison finds both."""
    return positions.view(f"u{positions.itemsize}")


def _validate(text: Any) -> None:
    """Every byte of names that are seen for the first time, before anything reads them."""
    try:
        text.validate(full=True)
    except pa.ArrowException as error:
        raise UnreadableError(Reason.MALFORMED, f"column 'instrument' is broken: {error}") from error


def _text_dictionary(column: Any) -> Any:
    try:
        return pa.DictionaryArray.from_arrays(column.indices, column.dictionary.cast(pa.utf8()))
    except pa.ArrowException as error:
        raise UnreadableError(Reason.WRONG_TYPE, f"column 'instrument' is {column.type}, not text") from error
