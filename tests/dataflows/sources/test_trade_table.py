"""Trade files as columns: read with clear words; one bad row, or a cut, costs only what it spoils."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from dataflows.sources.trade_rows import TradeFileError
from dataflows.sources.trade_table import Trades, read

HEAD = "ts_ms,symbol,price,size\n"


def written(folder: Path, text: str, name: str = "trades.csv") -> Path:
    """A file of that text, packed if its name says so."""
    file = folder / name
    raw = text.encode()
    file.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    return file


@pytest.mark.parametrize("name", ["trades.csv", "trades.csv.gz"])
def test_a_good_file_is_read_as_it_stands(tmp_path: Path, name: str) -> None:
    got = read((written(tmp_path, HEAD + "1000,SPY,10.5,3\n999,QQQ,11,\n1001,SPY,10.25,2\n", name),))
    assert [got.symbols[code] for code in got.code] == ["SPY", "QQQ", "SPY"]
    assert got.ts_us.tolist() == [1_000_000, 999_000, 1_001_000]
    assert got.columns["price"].tolist() == [10.5, 11.0, 10.25]
    assert got.columns["seq"].tolist() == [0, 1, 2]
    assert np.isnan(got.columns["size"][1])


def test_quotes_and_several_files_are_read(tmp_path: Path) -> None:
    head = "ts_ms,symbol,venue,bid,ask\n"
    first = written(tmp_path, head + "1,SPY,X,9,10\n", "a.csv")
    second = written(tmp_path, head + "2,QQQ,Y,8,9\n", "b.csv")
    got = read((first, second))
    assert got.columns["ask"].tolist() == [10.0, 9.0]
    assert "price" not in got.columns
    assert [got.symbols[code] for code in got.code] == ["SPY", "QQQ"]


@pytest.mark.parametrize(
    ("text", "name", "remedy"),
    [
        (None, "gone.csv", "no such file"),
        ("", "empty.csv", "expected a CSV with the columns ts_ms,symbol,price,size"),
        (HEAD, "head.csv", "no row in it"),
        (HEAD + "noon,SPY,1,1\n", "time.csv", r"line 2: ts_ms: invalid value 'noon' .wrong_type.; expected"),
        (HEAD + "1,SPY,dear,1\n" * 9, "price.csv", "expected a CSV with the columns"),
        (HEAD + "1,SPY\n", "short.csv", "expected a CSV with the columns"),
        ("time,symbol,price\n1,SPY,1\n", "column.csv", "columns are time, symbol, price; needed are ts_ms"),
        ("ts_ms,symbol,bid\n1,SPY,1\n", "half.csv", "needed are ts_ms,symbol,price,size .or bid,ask"),
        (HEAD + ",SPY,1,1\n", "untimed.csv", "line 2: ts_ms is missing, or beyond every time"),
    ],
)
def test_a_bad_file_is_named_with_its_remedy(tmp_path: Path, text: str | None, name: str, remedy: str) -> None:
    file = tmp_path / name
    if text is not None:
        written(tmp_path, text, name)
    with pytest.raises(TradeFileError, match=remedy) as error:
        read((file,))
    assert str(file) in str(error.value)


def test_a_gz_that_is_none_is_named(tmp_path: Path) -> None:
    file = tmp_path / "plain.csv.gz"
    file.write_text(HEAD + "1,SPY,1,1\n")
    with pytest.raises(TradeFileError, match=r"plain\.csv\.gz.*expected a CSV"):
        read((file,))


def test_a_bad_row_costs_nothing_but_itself(tmp_path: Path) -> None:
    good = "".join(f"{n},SPY,{n}.5,1\n" for n in range(20_000))
    file = written(tmp_path, HEAD + good + "x,SPY,1,1\n" + good + "\n1,SPY\n" + good, "day.csv.gz")
    table = read((file,))
    assert len(table.code) == 60_000
    assert table.columns["seq"][-1] == 59_999
    assert [(one.line, one.reason.value, one.raw) for one in table.refused] == [
        (20_002, "wrong_type", b"x,SPY,1,1"),
        (40_004, "malformed", b"1,SPY"),
    ]
    assert table.cut == ()


def test_a_cut_gz_gives_what_stands_before_the_cut(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    text = HEAD + "".join(f"{n},SPY,{random.random():.6f},1\n" for n in range(5_000))
    whole = written(tmp_path, text, "day.csv.gz")
    packed = whole.read_bytes()
    whole.write_bytes(packed[: len(packed) // 2])
    other = written(tmp_path, HEAD + "9,QQQ,1,1\n", "next.csv")
    table = read((whole, other))
    count = len(table.code) - 1
    assert 2_000 < count < 3_000
    assert table.ts_us.tolist() == [*(n * 1000 for n in range(count)), 9_000]
    assert table.cut == (f"{whole} is cut: its end is missing: the {count:,} rows before are replayed",)
    assert [one.line for one in table.refused] in ([], [count + 2])  # the row in which it was cut


def test_trades_and_quotes_stand_side_by_side(tmp_path: Path) -> None:
    first = written(tmp_path, HEAD + "1,SPY,9,10\n", "a.csv")
    second = written(tmp_path, "ts_ms,symbol,bid,ask\n2,SPY,8,9\n", "b.csv")
    got = read((first, second))
    assert np.isnan(got.columns["price"]).tolist() == [False, True]
    assert np.isnan(got.columns["bid"]).tolist() == [True, False]


def test_columns_point_into_symbols() -> None:
    table = Trades(("A", "B"), np.array([1], np.int32), {"ts_us": np.array([5])})
    assert table.ts_us.tolist() == [5]
