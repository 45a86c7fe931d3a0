"""Files of dated values: a column of dates, then a column of numbers for each series."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pandas as pd

from evaluation.faults import InputError


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
        InputError: a file that is not there or damaged, a row with more cells than the first, columns without a name or
            with the same one, dates that are doubled, unsorted or none, text in numbers.
    """
    cells = _cells(path)
    names = _names(path, cells.iloc[0])
    rows = cells.iloc[1:]
    dates = _dates(path, rows[0])
    return pd.DataFrame({name: _numbers(path, name, rows[n]) for n, name in enumerate(names, 1)}).set_axis(dates)


def _cells(path: Path) -> pd.DataFrame:
    """All cells as text, the header among them: it is the first row that says how wide the others may be."""
    try:
        return pd.read_csv(path, dtype=str, header=None, keep_default_na=False, na_values=[""])
    except pd.errors.ParserError as error:
        msg = f"{path}: cannot be read as CSV: {str(error).strip()}: give each row as many cells as the first"
        raise InputError(msg) from error
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, pd.errors.EmptyDataError) as error:
        msg = f"{path}: cannot be read as CSV: {error}: give it whole"
        raise InputError(msg) from error


def _names(path: Path, header: pd.Series[str]) -> list[str]:
    """Names of the columns after the dates'."""
    names = header.iloc[1:]
    if names.isna().any():
        msg = f"{path}:1: column {int(names.index[names.isna()][0]) + 1} has no name: give it one, or leave it out"
        raise InputError(msg)
    if names.duplicated().any():
        msg = f"{path}:1: column {names[names.duplicated()].iloc[0]} stands twice: keep one"
        raise InputError(msg)
    return names.tolist()


def _dates(path: Path, written: pd.Series[str]) -> pd.DatetimeIndex:
    dates = pd.to_datetime(written, format="%Y-%m-%d", errors="coerce")
    for wrong, remedy in (
        (dates.isna(), "is no date: write 2008-09-15"),
        (dates.duplicated(), "stands twice: keep one row a day"),
        (dates.diff() < pd.Timedelta(0), "is before the row above it: sort the rows by date"),
    ):
        if wrong.any():
            row = int(np.flatnonzero(wrong.to_numpy())[0])
            msg = f"{path}:{row + 2}: {written.iloc[row]!r} {remedy}"
            raise InputError(msg)
    return pd.DatetimeIndex(dates)


def _numbers(path: Path, name: str, column: pd.Series[str]) -> pd.Series[float]:
    numbers = pd.to_numeric(column, errors="coerce")
    wrong = (numbers.isna() & column.notna()) | np.isinf(numbers)
    if wrong.any():
        row = int(np.flatnonzero(wrong.to_numpy())[0])
        msg = f"{path}:{row + 2}: {column.iloc[row]!r} in column {name} is no number: mend it or leave it empty"
        raise InputError(msg)
    return numbers.astype(np.float64)
