"""Trade files row by row: the same values as in one go, and every bad row with its bytes, line and reason."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import csv

from dataflows.sources import trade_rows
from dataflows.sources.trade_rows import COLUMNS, TradeFileError, is_in_time, sifted

HEAD = b"ts_ms,symbol,venue,price,size\n"


def written(folder: Path, raw: bytes, name: str = "day.csv") -> Path:
    """A file of these bytes."""
    file = folder / name
    file.write_bytes(raw)
    return file


@pytest.mark.parametrize(
    ("row", "reason", "note"),
    [
        (b"noon,SPY,X,1,1", "wrong_type", "ts_ms: invalid value 'noon'"),
        (b"1,SPY,X,dear,1", "wrong_type", "price: invalid value 'dear'"),
        (b"1,SPY,X,1", "malformed", "Expected 5 columns, got 4"),
        (b"1,SPY,X,1,1,1", "malformed", "Expected 5 columns, got 6"),
        (b"1,S\xff,X,1,1", "malformed", "symbol: invalid UTF8 data"),
        (b",SPY,X,1,1", "bad_time", "ts_ms is missing, or beyond every time"),
        (b"9223372036854775807,SPY,X,1,1", "bad_time", "ts_ms is missing, or beyond every time"),
        (b"99999999999999999999,SPY,X,1,1", "wrong_type", "ts_ms: invalid value '99999999999999999999'"),
        (b"1;SPY;X;1;1", "malformed", "Expected 5 columns, got 1"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, row: bytes, reason: str, note: str) -> None:
    file = written(tmp_path, HEAD + b"1,SPY,X,1,1\n\n" + row + b"\r\n2,QQQ,Y,2,2")
    found = sifted(file)
    assert found.table.to_pylist() == [
        {"ts_ms": 1, "symbol": "SPY", "price": 1.0, "size": 1.0},
        {"ts_ms": 2, "symbol": "QQQ", "price": 2.0, "size": 2.0},
    ]
    [refused] = found.refused
    assert (refused.line, refused.reason.value, refused.raw, refused.note) == (4, reason, row, note)
    assert str(refused) == f"{file}, line 4: {note} ({reason})"


CELLS = st.sampled_from(["1", "-2.5", "1e3", "nan", "", "x", "+1", " 7", "0x1", "1_000", "NULL", '"3"', "1,1", "\x00"])


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=40))
def test_good_rows_are_those_that_arrow_reads_alone(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]]
) -> None:
    texts = [b"1,SPY,1,1", *(f"{ts},SPY,{price},{size}".encode() for ts, price, size in rows)]
    head = b"ts_ms,symbol,price,size\n"
    file = written(tmp_path_factory.mktemp("rows"), head + b"\n".join(texts) + b"\n")
    wanted = []
    for text in texts:
        try:
            table = csv.read_csv(
                pa.BufferReader(head + text + b"\n"), convert_options=csv.ConvertOptions(column_types=COLUMNS)
            )
        except pa.ArrowInvalid:
            continue
        wanted += table.to_pylist() if is_in_time(table) else []
    found = sifted(file)
    assert str(found.table.to_pylist()) == str(wanted)  # as text, in which nan is like nan
    assert len(found.refused) == len(texts) - len(wanted)


def test_what_is_no_trade_file_is_not_read_row_by_row_to_its_end(tmp_path: Path) -> None:
    file = written(tmp_path, HEAD + b"so long a text\n" * 100_000)
    with pytest.raises(TradeFileError, match=r"no row can be read: .*day.csv, line 2: Expected 5 columns, got 1"):
        sifted(file)


def test_a_bad_beginning_of_a_good_file_is_borne(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trade_rows, "_AT_ONCE", 4)
    file = written(tmp_path, HEAD + b"x,SPY,X,1,1\n" * 3 + b"1,SPY,X,1,1\n" * 6 + b"x,SPY,X,1,1\n" * 5)
    found = sifted(file)
    assert found.table.num_rows == 6
    assert [one.line for one in found.refused] == [2, 3, 4, 11, 12, 13, 14, 15]


TEXT = HEAD + b"1,SPY,X,1,1\n2,SPY,X,1,1\n"


@pytest.mark.parametrize(
    ("packed", "rows", "said"),
    [
        (gzip.compress(TEXT), 2, ""),
        (gzip.compress(TEXT) + gzip.compress(b"3,SPY,X,1,1\n") + b"\0" * 512, 3, ""),
        (gzip.compress(TEXT)[:-8], 2, "is cut: its end is missing: the 2 rows before are replayed"),
        (
            gzip.compress(TEXT)[:-8] + b"\0" * 8,
            2,
            "is damaged (Error -3 while decompressing data: incorrect data check)",
        ),
        (
            gzip.compress(TEXT) + b"and more",
            2,
            "is damaged (Error -3 while decompressing data: incorrect header check)",
        ),
    ],
    ids=["whole", "two members", "cut", "another checksum", "something behind"],
)
def test_what_is_readable_of_a_gz_is_read_and_its_end_told(tmp_path: Path, packed: bytes, rows: int, said: str) -> None:
    found = sifted(written(tmp_path, packed, "day.csv.gz"))
    assert found.table.num_rows == rows
    assert said in found.cut
    assert bool(found.cut) is bool(said)


def test_a_gz_of_which_nothing_can_be_unpacked_is_an_error(tmp_path: Path) -> None:
    for packed in (TEXT, gzip.compress(TEXT)[:12], b""):
        with pytest.raises((OSError, pa.ArrowInvalid)):
            sifted(written(tmp_path, packed, "day.csv.gz"))


def test_a_table_without_times_is_judged_elsewhere() -> None:
    assert is_in_time(pa.table({"price": [1.0]}))
    assert not is_in_time(pa.table({"ts_ms": [1, None], "symbol": ["a", "b"]}))


def test_of_a_damaged_gz_all_before_the_damage_is_read(tmp_path: Path) -> None:
    text = HEAD + b"".join(b"%d,SPY,X,%d,1\n" % (n, n * n % 9_973) for n in range(5_000))
    packed = bytearray(gzip.compress(text))
    packed[len(packed) // 2] ^= 0xFF
    found = sifted(written(tmp_path, bytes(packed), "day.csv.gz"))
    assert "is damaged" in found.cut or "is cut" in found.cut
    assert found.table.num_rows > 2_000
