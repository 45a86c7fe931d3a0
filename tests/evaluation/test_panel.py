"""Panels: each value from the moment it was public, and nothing of tomorrow in any reading."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evaluation import panel
from evaluation.faults import InputError
from schemas.reading import Reading, decode_reading
from tests.evaluation import made


def run(folder: Path, table: pd.DataFrame | None = None) -> list[Reading]:
    inputs, macro = made.write(folder, table)
    read = panel.read(made.market(), inputs, macro)
    return [decode_reading(said.reading) for said in panel.run(made.market(), read)]


def utc(text: str) -> int:
    return int(pd.Timestamp(text, tz="UTC").value) // 1000


def test_values_are_public_at_their_close_a_day_later_or_a_month_later(tmp_path: Path) -> None:
    read = panel.read(made.market(), *made.write(tmp_path))
    by_code = {code: rows.set_index("start_us") for code, rows in read.bars.groupby("code")}
    day = utc("2000-03-15")
    assert by_code[0].available_us[day] == utc("2000-03-15 21:00")
    assert by_code[1].available_us[day] == utc("2000-03-15 16:30")
    assert by_code[2].available_us[day] == utc("2000-03-16 22:00")
    march = utc("2000-03-01")
    assert by_code[3].available_us[march] == utc("2000-04-08")
    assert by_code[3].end_us[march] == march + 28 * 86_400_000_000
    assert read.bars.available_us.is_monotonic_increasing


def test_days_without_a_session_are_dropped_and_counted(tmp_path: Path) -> None:
    read = panel.read(made.market(), *made.write(tmp_path))
    assert read.dropped["A"] > 10  # weekdays on which New York was closed
    assert "S" not in read.dropped


def test_a_final_is_made_two_hours_after_the_close(tmp_path: Path) -> None:
    ats = [r.at for r in run(tmp_path)]
    assert "2000-03-15T23:00:00Z" in ats
    assert "2000-06-15T22:00:00Z" in ats  # daylight saving
    assert ats == sorted(ats)


@pytest.mark.parametrize("days", [120, 300, 455])
def test_what_comes_later_changes_nothing(tmp_path: Path, days: int) -> None:
    """Truncated, and with other values from then on: the readings until then are the same bytes."""
    whole, table = run(tmp_path), made.table()
    noisy = table.copy()
    noisy.iloc[days:] *= np.random.default_rng(days).uniform(0.8, 1.2, noisy.iloc[days:].shape)
    until = made.DAYS[days - 1].strftime("%Y-%m-%d")
    before = [r for r in whole if r.at[:10] <= until]
    assert sum(r.index is not None for r in before) > 50
    for other in (table.iloc[:days], noisy):
        assert [r for r in run(tmp_path, other) if r.at[:10] <= until] == before


def test_columns_that_nobody_knows_or_misses_are_named(tmp_path: Path) -> None:
    table = made.table().drop(columns="B").assign(X=1.0)
    read = panel.read(made.market(), *made.write(tmp_path, table))
    assert (read.missing, read.unknown) == (["B"], ["X"])


def test_highs_and_lows_are_taken_where_they_are_given(tmp_path: Path) -> None:  # pragma: allowlist secret
    table = made.table()
    table["A:high"], table["A:low"] = table["A"] * 1.02, table["A"] * 0.97
    read = panel.read(made.market(), *made.write(tmp_path, table))
    of_a = read.bars[read.bars.code == 0]
    np.testing.assert_allclose(of_a.high, of_a.close * 1.02)
    np.testing.assert_allclose(of_a.low, of_a.close * 0.97)
    assert read.unknown == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("date,A\n2000-01-03,1\n2000-01-03,2\n", r"panel.csv:3: '2000-01-03' stands twice"),
        ("date,X\n2000-01-03,1\n", r"none of its columns is an instrument of made"),
        ("", r"panel.csv: nothing in it"),
        ("date,A\n1701-03-01,1\n", r"none of its days is a session from 1990-01-01 to 2030-12-31: give days"),
        ("date,A\n2041-03-01,1\n", r"none of its days is a session"),
        ("date,A\n2000-01-01,1\n2000-01-02,1\n", r"none of its days is a session"),
    ],
)
def test_a_bad_panel_is_named_with_its_row_and_the_remedy(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "panel.csv").write_text(text)
    with pytest.raises(InputError, match=said):
        panel.read(made.market(), tmp_path / "panel.csv")


def test_a_panel_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.csv"):
        panel.read(made.market(), tmp_path / "nowhere.csv")
