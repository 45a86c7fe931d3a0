"""Columns of Arrow batches as NumPy arrays, whatever number type a producer chose; each fault is named."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from schemas.instruments import BAD_NAME, Instruments, validate
from schemas.rejects import Reason, UnreadableError
from schemas.ticks import NO_QUOTES


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


def floats(table: Any, name: str, absent: float) -> npt.NDArray[np.float64]:
    """A column of floats, float64[rows]; `absent` where it is null or not there."""
    column = _column(table, name, pa.float64())
    if column is None:
        return np.full(table.num_rows, absent)
    filled = column.fill_null(absent) if column.null_count else column
    return np.asarray(filled.to_numpy(zero_copy_only=False))


def quotes(table: Any) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Bid and ask, float64[rows] each; both empty where the record has neither column."""
    if "bid" not in table.schema.names and "ask" not in table.schema.names:
        return NO_QUOTES, NO_QUOTES
    return floats(table, "bid", np.nan), floats(table, "ask", np.nan)


def ints(table: Any, name: str, absent: int | npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """A column of whole numbers, int64[rows]; `absent` (one, or one a row) where it is null or not there."""
    column = _column(table, name, pa.int64())
    if column is None:
        return np.array(np.broadcast_to(np.asarray(absent, np.int64), table.num_rows))
    if not column.null_count:
        return np.asarray(column.to_numpy(zero_copy_only=False))
    return np.where(_valid(column), column.fill_null(0).to_numpy(zero_copy_only=False), absent)


def _valid(column: Any) -> npt.NDArray[np.bool_]:
    """Which rows are not null, bool[n]."""
    return np.asarray(column.is_valid().to_numpy(zero_copy_only=False), np.bool_)


def codes(table: Any, instruments: Instruments) -> npt.NDArray[np.int32]:
    """Codes of the column `instrument`, int32[rows].

    Raises:
        UnreadableError: it is no text, or broken.
    """
    column = table.column(table.schema.get_field_index("instrument"))
    if not pa.types.is_dictionary(column.type):
        if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
            raise UnreadableError(Reason.WRONG_TYPE, f"column 'instrument' is {column.type}, not text")
        validate(column)
        column = column.dictionary_encode()
    if not pa.types.is_string(column.dictionary.type):
        validate(column.dictionary)
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


def _text_dictionary(column: Any) -> Any:
    try:
        return pa.DictionaryArray.from_arrays(column.indices, column.dictionary.cast(pa.utf8()))
    except pa.ArrowException as error:
        raise UnreadableError(Reason.WRONG_TYPE, f"column 'instrument' is {column.type}, not text") from error
