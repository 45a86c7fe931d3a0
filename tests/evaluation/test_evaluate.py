"""The evaluation from files to files: whole, or nothing at all."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from evaluation.evaluate import evaluate
from evaluation.faults import InputError
from schemas.market_file import load
from tests.evaluation import made

DATA = Path(__file__).parent.parent.parent.parent / "shared" / "data"


def test_readings_and_report_say_the_same(tmp_path: Path) -> None:
    inputs, macro = made.write(tmp_path)
    ruler = tmp_path / "ruler.csv"
    weeks = pd.date_range("2000-01-07", "2001-12-28", freq="W-FRI")
    pd.DataFrame({"value": range(len(weeks))}, index=weeks).to_csv(ruler, index_label="date")
    told: list[tuple[int, int]] = []
    report = evaluate(
        made.market(),
        inputs,
        tmp_path / "out",
        macro=macro,
        references={"RULER": ruler},
        progress=lambda *n: told.append(n),
    )
    table = pd.read_csv(tmp_path / "out" / "readings.csv")
    assert list(table.columns) == [
        "date", "index", "percentile", "coverage", "prices", "spreads", "macro",
        "ciss", "factor", "rank_mean", "tail_mean", "z_mean",
    ]  # fmt: skip
    assert (table[["prices", "spreads", "macro"]].sum(axis=1) - table["index"]).abs().max() < 1e-9
    assert (table["z_mean"] == table["index"]).all()
    assert len(table) == report["finals"] > 400
    assert json.loads((tmp_path / "out" / "report.json").read_text()) == report
    assert set(report["agreement"]["RULER"]) == {"index", "ciss", "factor", "rank_mean", "tail_mean", "z_mean"}
    assert told[-1][0] == told[-1][1]


def test_a_fault_leaves_nothing_behind(tmp_path: Path) -> None:
    inputs, macro = made.write(tmp_path)
    ruler = tmp_path / "ruler.csv"
    ruler.write_text("date,value\n1980-01-04,1\n")
    with pytest.raises(InputError, match="RULER"):
        evaluate(made.market(), inputs, tmp_path / "out", macro=macro, references={"RULER": ruler})
    assert not (tmp_path / "out").exists()


@pytest.mark.timeout(900)
def test_us_agrees_with_the_published_indices(tmp_path: Path) -> None:
    """The bounds of decision 0020, over the real panel where it is at hand."""
    if not DATA.exists():
        pytest.skip("the panel of real market data is not beside this checkout (../shared/data)")
    rulers = {name: DATA / "reference" / f"{name}.csv" for name in ("STLFSI4", "NFCI")}
    panel = DATA / "panel" / "daily_inputs_1990_2026.csv.gz"
    report = evaluate(load("us"), panel, tmp_path, macro=DATA / "macro", references=rulers)
    found = {name: report["agreement"][name]["index"] for name in rulers}
    assert report["missing"] == []
    assert found["STLFSI4"]["2000-2025"]["pearson"] > 0.935
    assert found["NFCI"]["2000-2025"]["pearson"] > 0.90
    assert found["STLFSI4"]["2015-2025"]["pearson"] > 0.738
    assert found["NFCI"]["2015-2025"]["pearson"] > 0.88
    assert found["STLFSI4"]["2000-2025"]["changes"] > 0.6
