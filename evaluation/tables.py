"""Files of dated values: a column of dates, then a column of numbers for each series."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from evaluation.faults import InputError


class Row(NamedTuple):
    """A row of a CSV: the line on which it begins, counted from 1, and its cells."""

    line: int
    cells: list[str]


def read_values(path: Path) -> pd.Series[float]:
    """The first column of a CSV `date,value`.

    Raises:
        InputError: as `read_table`, or there is none.
    """
    table = read_table(path)
    if table.empty:
        msg = f"{path}:1: no value in it: write date,value and a row such as 2008-09-19,5.1"
        raise InputError(msg)
    return table.iloc[:, 0]


def read_table(path: Path) -> pd.DataFrame:
    """A CSV by its dates, all numbers; empty cells are NaN.

    Raises:
        InputError: as `read_rows`, columns without a name or with the same one, dates that are doubled, unsorted or
            none, text in numbers.
    """
    header, *rows = read_rows(path, "date,value")
    names, lines = _names(path, header.cells), [row.line for row in rows]
    width = len(header.cells)
    cells = [[*row.cells, *[""] * (width - len(row.cells))] for row in rows]
    written = pd.DataFrame(cells, columns=range(width), dtype=object)
    dates = _dates(path, lines, written[0])
    numbers = {name: _numbers(path, lines, name, written[n]) for n, name in enumerate(names, 1)}
    return pd.DataFrame(numbers).set_axis(dates)


def read_rows(path: Path, header: str) -> list[Row]:
    """The rows of a CSV (.gz: packed), lines without anything passed over; at least one, none with more cells than it.

    Args:
        path: the file, in UTF-8.
        header: what its first row is to be, for whoever gave an empty one.

    Raises:
        InputError: a file that is not there, damaged, empty or in another encoding, or a row with too many cells.
    """
    rows = _split(path, _text(path))
    if not rows:
        msg = f"{path}: nothing in it: write the header {header} and rows below it"
        raise InputError(msg)
    width = len(rows[0].cells)
    for row in rows:
        if len(row.cells) > width:
            msg = f"{path}:{row.line}: {len(row.cells)} cells, the first row has {width}: give each row as many"
            raise InputError(msg)
    return rows


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
        raw = gzip.decompress(raw) if path.suffix == ".gz" else raw
    except FileNotFoundError as error:
        msg = f"{path}: no such file: name one that is there"
        raise InputError(msg) from error
    except (OSError, EOFError, zlib.error) as error:
        msg = f"{path}: cannot be read: {error}: give it whole"
        raise InputError(msg) from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        msg = f"{path}:{line}: byte 0x{raw[error.start]:02x} is no UTF-8: save the file as UTF-8"
        raise InputError(msg) from error


def _split(path: Path, text: str) -> list[Row]:
    """Rows with the lines on which they begin: what an editor shows, whatever is empty or quoted above."""
    reader, rows, begins = csv.reader(io.StringIO(text, newline="")), [], 1
    try:
        for cells in reader:
            if cells:
                rows.append(Row(begins, cells))
            begins = reader.line_num + 1
    except csv.Error as error:
        msg = f"{path}:{begins}: cannot be read as CSV: {error}: close its quotation marks"
        raise InputError(msg) from error
    return rows


def _names(path: Path, header: list[str]) -> list[str]:
    """Names of the columns after the dates'."""
    names = header[1:]
    if not names and any(mark in header[0] for mark in ";\t"):
        msg = f"{path}:1: its cells are not separated by commas: save it as CSV with commas"
        raise InputError(msg)
    if "" in names:
        msg = f"{path}:1: column {names.index('') + 2} has no name: give it one, or leave it out"
        raise InputError(msg)
    if twice := [name for n, name in enumerate(names) if name in names[:n]]:
        msg = f"{path}:1: column {twice[0]} stands twice: keep one"
        raise InputError(msg)
    return names


def _dates(path: Path, lines: list[int], written: pd.Series[str]) -> pd.DatetimeIndex:
    dates = pd.to_datetime(written, format="%Y-%m-%d", errors="coerce")
    for wrong, remedy in (
        (dates.isna(), "is no date: write 2008-09-15"),
        (dates.duplicated(), "stands twice: keep one row a day"),
        (dates.diff() < pd.Timedelta(0), "is before the row above it: sort the rows by date"),
    ):
        if wrong.any():
            row = int(np.flatnonzero(wrong.to_numpy())[0])
            msg = f"{path}:{lines[row]}: {written.iloc[row]!r} {remedy}"
            raise InputError(msg)
    return pd.DatetimeIndex(dates)


def _numbers(path: Path, lines: list[int], name: str, column: pd.Series[str]) -> pd.Series[float]:
    told = column.where(column != "")
    numbers = pd.to_numeric(told, errors="coerce")
    wrong = (numbers.isna() & told.notna()) | np.isinf(numbers)
    if wrong.any():
        row = int(np.flatnonzero(wrong.to_numpy())[0])
        msg = f"{path}:{lines[row]}: {column.iloc[row]!r} in column {name} is no number: mend it or leave it empty"
        raise InputError(msg)
    return numbers.astype(np.float64)
