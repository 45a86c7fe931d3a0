"""The evaluation from files to files: whole, or nothing at all."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from evaluation.evaluate import Request, evaluate
from evaluation.faults import InputError
from evaluation.report import FILES, OF_FORECASTS
from schemas.market_file import load
from tests.evaluation import made

DATA = Path(__file__).parent.parent.parent.parent / "shared" / "data"


def request(folder: Path, **changes: Any) -> Request:
    """The made-up panel with a ruler and two events of its years."""
    inputs, macro = made.write(folder)
    ruler, events = folder / "ruler.csv", folder / "events.csv"
    weeks = pd.date_range("2000-01-07", "2001-12-28", freq="W-FRI")
    pd.DataFrame({"value": range(len(weeks))}, index=weeks).to_csv(ruler, index_label="date")
    events.write_text("date,name,kind\n2001-03-05,spring,equity\n2001-09-17,autumn,fx\n")
    return replace(Request(made.market(), inputs, folder / "out", macro, {"RULER": ruler}, events), **changes)


def test_readings_and_report_say_the_same(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    report = evaluate(request(tmp_path, plots=True), lambda *n: told.append(n))
    table = pd.read_csv(tmp_path / "out" / "readings.csv")
    assert list(table.columns) == [
        "date", "index", "percentile", "coverage", "prices", "spreads", "macro",
        "ciss", "factor", "rank_mean", "tail_mean", "z_mean",
    ]  # fmt: skip
    assert (table[["prices", "spreads", "macro"]].sum(axis=1) - table["index"]).abs().max() < 1e-9
    assert (table["z_mean"] == table["index"]).all()
    assert len(table) == report["finals"] > 400
    assert json.loads((tmp_path / "out" / "report.json").read_text()) == report
    series = {"index", "ciss", "factor", "rank_mean", "tail_mean", "z_mean", "plain mean"}
    assert set(report["agreement"]["RULER"]) == series
    assert set(report["events"]["groups"]["all"]["series"]) == series | {"month's change"}
    assert {what for what, done, of in told if done == of} == {"periods", "references", "groups of events"}
    assert (tmp_path / "out" / "report.html").read_text().count("<svg") == 5


def test_the_same_input_gives_the_same_files(tmp_path: Path) -> None:
    for name in ("one", "two"):
        evaluate(request(tmp_path, out=tmp_path / name, plots=True))
    for name in FILES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_baselines_come_from_the_panel_and_rejects_are_listed(tmp_path: Path) -> None:
    table = made.table().assign(VIX=lambda t: t["S"].abs(), SPX=lambda t: t["A"])
    table.loc["2001-03-07", "A"] *= 100
    asked = request(tmp_path)
    made.write(tmp_path, table)
    report = evaluate(asked)
    assert {"VIX", "equity volatility"} < set(report["agreement"]["RULER"])
    assert set(report["events"]["groups"]["fx"]["differences"]["index"]) == {"VIX", "equity volatility"}
    assert report["rejects"] == [{"instrument": "A", "date": "2001-03-07", "reason": "absurd_price"}]
    assert report["unknown"] == ["VIX", "SPX"]


def test_robustness_is_run_where_it_is_asked_for(tmp_path: Path) -> None:
    assert evaluate(request(tmp_path))["robustness"] is None
    found = evaluate(request(tmp_path, processes=1))["robustness"]
    assert {r["case"] for r in found["rows"]} == {"instrument", "segment", "days", "week", "print", "freeze"}


def test_forecasts_are_judged_where_they_are_asked_for_and_stand_in_all_files(tmp_path: Path) -> None:
    asked = request(tmp_path, forecasts=True, plots=True)
    report = evaluate(asked)
    assert {path.name for path in asked.out.iterdir()} == {*FILES, *OF_FORECASTS}
    own = json.loads((asked.out / "forecasts.json").read_text())
    assert own["headline"]["2000-2025"]["labels"] == report["forecasts"]["headline"]["2000-2025"]["labels"] > 300
    for name in ("report.html", "forecasts.html"):
        assert "Forecasts, anomalies, regimes" in (asked.out / name).read_text()
        assert 'aria-label="Share of labels' in (asked.out / name).read_text()


BAD: dict[str, tuple[str, str]] = {
    "a reference of other years": ("ruler.csv", "date,value\n1980-01-04,1\n"),
    "a reference without a value": ("ruler.csv", "date\n2000-01-07\n"),
    "text in a reference": ("ruler.csv", "date,value\n2000-01-07,high\n"),
    "an empty events file": ("events.csv", ""),
    "an events file without an event": ("events.csv", "date,name,kind\n"),
    "a panel of others": ("panel.csv", "date,X\n2000-01-03,1\n"),
    "a panel that goes back in time": ("panel.csv", "date,A\n2000-01-04,1\n2000-01-03,1\n"),
    "a panel with a day twice": ("panel.csv", "date,A\n2000-01-03,1\n2000-01-03,1\n"),
    "a panel with text": ("panel.csv", "date,A\n2000-01-03,n/a\n"),
    "a panel without a row": ("panel.csv", "date,A\n"),
    "a panel without a value": ("panel.csv", "date,A\n2000-01-03,\n"),
    "a panel of weekends": ("panel.csv", "date,A\n2000-01-01,1\n2000-01-02,1\n"),
    "a panel of another century": ("panel.csv", "date,A\n1701-03-01,1\n"),
    "a panel with a cell too many": ("panel.csv", "date,A\n2000-01-03,1,2\n"),
    "a panel with a column twice": ("panel.csv", "date,A,A\n2000-01-03,1,2\n"),
    "text in a release": ("macro/M.csv", "date,value\n2000-01-01,x\n"),
    "a release without a value": ("macro/M.csv", "date\n2000-01-01\n"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_fault_names_its_file_and_leaves_nothing_behind(tmp_path: Path, what: str) -> None:
    asked, (name, text) = request(tmp_path), BAD[what]
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=name) as told:
        evaluate(asked)
    assert any(word in str(told.value) for word in ("write", "give", "mend", "keep", "sort", "it reads")), told.value
    assert not (tmp_path / "out").exists()


def test_a_panel_that_is_too_short_is_told_by_how_much(tmp_path: Path) -> None:
    asked = request(tmp_path, macro=None, references={})
    made.write(tmp_path, made.table().iloc[:10])
    with pytest.raises(InputError, match=r"panel.csv: no final has an index: give more days than the 20 that made"):
        evaluate(asked)
    assert not (tmp_path / "out").exists()


def test_a_folder_of_releases_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        evaluate(request(tmp_path, macro=tmp_path / "nowhere"))


@pytest.mark.timeout(900)
def test_us_agrees_with_the_published_indices(tmp_path: Path) -> None:
    """The bounds of decision 0020, over the real panel where it is at hand."""
    if not DATA.exists():
        pytest.skip("the panel of real market data is not beside this checkout (../shared/data)")
    rulers = {name: DATA / "reference" / f"{name}.csv" for name in ("STLFSI4", "NFCI")}
    panel = DATA / "panel" / "daily_inputs_1990_2026.csv.gz"
    report = evaluate(Request(load("us"), panel, tmp_path, DATA / "macro", rulers))
    assert report["rejects"] == []  # all that its history holds was true
    found = {name: report["agreement"][name]["index"] for name in rulers}
    assert report["missing"] == []
    assert found["STLFSI4"]["2000-2025"]["pearson"] > 0.935
    assert found["NFCI"]["2000-2025"]["pearson"] > 0.90
    assert found["STLFSI4"]["2015-2025"]["pearson"] > 0.738
    assert found["NFCI"]["2015-2025"]["pearson"] > 0.88
    assert {row["lost"]: 0.87 <= row["held"] <= 0.93 for row in report["band"] if row["lost"] >= 0.1} == {
        0.1: True,
        0.2: True,
        0.3: True,
    }
    vix = report["agreement"]["STLFSI4"]["VIX"]["2000-2025"]
    assert found["STLFSI4"]["2000-2025"]["changes"] > vix["changes"]
    every, others = (report["events"]["groups"][name] for name in ("all", "funding + rates + fx"))
    assert all(d["interval"][0] > -0.05 for d in every["differences"]["index"]["VIX"].values())
    assert all(d["interval"][0] > -0.05 for of in every["differences"]["month's change"].values() for d in of.values())
    for name in ("VIX", "equity volatility"):
        assert others["differences"]["index"][name]["60"]["difference"] > 0
