"""Files of dated values: read as they are, and each fault by its file, row and remedy."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from evaluation.faults import InputError
from evaluation.tables import read_table, read_values


def written(folder: Path, text: str) -> Path:
    path = folder / "panel.csv"
    path.write_text(text)
    return path


def test_numbers_by_date_and_gaps_stay_gaps(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, "date,A,B\n2000-01-03,1,-2.5\n2000-01-04,,1e3\n2000-01-05,3\n"))
    days = pd.DatetimeIndex(["2000-01-03", "2000-01-04", "2000-01-05"])
    expected = pd.DataFrame({"A": [1.0, None, 3.0], "B": [-2.5, 1000.0, None]}, index=days)
    pd.testing.assert_frame_equal(table, expected, check_names=False, check_freq=False)


def test_the_values_are_the_first_column(tmp_path: Path) -> None:
    assert read_values(written(tmp_path, "date,value,note\n2000-01-07,5.1,3\n")).to_list() == [5.1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("date,A\n2000-01-03,1\n2000-01-03,2\n", r"panel.csv:3: '2000-01-03' stands twice: keep one"),
        ("date,A\n2000-01-04,1\n2000-01-03,2\n", r"panel.csv:3: '2000-01-03' is before the row above it: sort"),
        ("date,A\n03.01.2000,1\n", r"panel.csv:2: '03.01.2000' is no date: write 2008-09-15"),
        ("date,A\n2000-01-03,1\n2000-01-04,n/a\n", r"panel.csv:3: 'n/a' in column A is no number: mend it"),
        ("date,A\n2000-01-03,inf\n", r"panel.csv:2: 'inf' in column A is no number"),
        ("date,A\n2000-01-03,1,2\n2000-01-04,1,2\n", r"panel.csv:2: 3 cells, the first row has 2: give each row as"),
        ("date,A\n2000-01-03,1\n2000-01-04,1,2\n", r"panel.csv:3: 3 cells, the first row has 2: give each row as"),
        ("date,A\n\n2000-01-03,1\n\n\n2000-01-04,x\n", r"panel.csv:6: 'x' in column A is no number"),
        ('date,A\n2000-01-03,"1\n"\n2000-01-04,x\n', r"panel.csv:4: 'x' in column A is no number"),
        ("date;A\n2000-01-03;1\n", r"panel.csv:1: its cells are not separated by commas: save it as CSV with commas"),
        ("date,A\n2000-01-03,1\n2000-01-04," + 140_000 * "1", r"panel.csv:3: cannot be read as CSV"),
        ("date,A,A\n2000-01-03,1,2\n", r"panel.csv:1: column A stands twice: keep one"),
        ("date,A,\n2000-01-03,1,\n", r"panel.csv:1: column 3 has no name: give it one, or leave it out"),
        ("", r"panel.csv: nothing in it: write the header date,value and rows below it"),
        ("\n\n", r"panel.csv: nothing in it: write the header date,value and rows below it"),
    ],
)
def test_a_fault_is_named_with_its_row_and_the_remedy(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_table(written(tmp_path, text))


@pytest.mark.parametrize("text", ["date\n2000-01-07\n", "date,value\n"])
def test_a_file_without_a_value_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match=r"panel.csv:1: no value in it: write date,value and a row"):
        read_values(written(tmp_path, text))


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("date,A\n2000-01-03,1\n2000-01-04,Zürich\n".encode("latin-1"), r"panel.csv:3: byte 0xfc is no UTF-8: save"),
        ("date,A\n2000-01-03,1\n".encode("utf-16"), r"panel.csv:1: byte 0xff is no UTF-8: save the file as UTF-8"),
    ],
)
def test_another_encoding_is_named_with_its_row(tmp_path: Path, raw: bytes, said: str) -> None:
    path = tmp_path / "panel.csv"
    path.write_bytes(raw)
    with pytest.raises(InputError, match=said):
        read_table(path)


def test_what_spreadsheets_write_is_read(tmp_path: Path) -> None:
    path = tmp_path / "panel.csv"
    path.write_bytes("date,A\n2000-01-03,1\n".replace("\n", "\r\n").encode("utf-8-sig"))
    assert read_table(path)["A"].to_list() == [1.0]


def test_a_file_that_is_not_there_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none.csv: no such file: name one that is there"):
        read_table(tmp_path / "none.csv")
    with pytest.raises(InputError, match=r"cannot be read: .*directory.*: give it whole"):
        read_table(tmp_path)


@pytest.mark.parametrize("damage", [lambda raw: raw[:-12], lambda raw: raw[:12] + bytes(8) + raw[20:]])
def test_a_packed_panel_that_is_damaged_is_named(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "panel.csv.gz"
    path.write_bytes(damage(gzip.compress(b"date,A\n" + b"2000-01-03,1\n" * 50)))
    with pytest.raises(InputError, match=r"panel.csv.gz: cannot be read: .*: give it whole"):
        read_table(path)
