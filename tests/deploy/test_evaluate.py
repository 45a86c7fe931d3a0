"""`esi evaluate`: flags in, files and a line out, and faults as sentences."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from deploy.cli import app
from deploy.evaluate import _references
from tests.evaluation import made

RUNNER = CliRunner()


def _market_file(folder: Path) -> Path:
    path = folder / "made.toml"
    path.write_text(
        """version = 1
name = "made"
feed = "made"
calendar = "XNYS"
bar = "1d"
clock = "records"
[[instrument]]
name = "A"
[[segment]]
name = "prices"
[[segment.indicator]]
name = "vol"
kind = "realized_volatility"
of = ["A"]
"""
    )
    return path


def _flags(folder: Path, *others: str) -> list[str]:
    inputs, _ = made.write(folder)
    market = str(_market_file(folder))
    return ["evaluate", "--market", market, "--inputs", str(inputs), "--out", str(folder / "out"), *others]


def test_the_report_is_the_last_line(tmp_path: Path) -> None:
    done = RUNNER.invoke(app, _flags(tmp_path, "--json", "--no-robustness"))
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["finals"] > 100
    assert said["events"]["file"] == "events.csv"
    assert said["robustness"] is None
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["readings.csv", "report.html", "report.json"]
    assert "periods" in done.stderr
    assert "no column" not in done.stderr


def test_a_column_that_is_missing_is_named(tmp_path: Path) -> None:
    flags = _flags(tmp_path, "--no-robustness", "--no-plots")
    market = Path(flags[2])
    market.write_text(market.read_text().replace("[[segment]]", '[[instrument]]\nname = "Z"\n[[segment]]', 1))
    done = RUNNER.invoke(app, flags)
    assert done.exit_code == 0, done.output
    assert "panel.csv:1: no column Z: add it" in done.stderr


def test_robustness_is_run_unless_told_otherwise(tmp_path: Path) -> None:
    done = RUNNER.invoke(app, _flags(tmp_path, "--json", "--processes", "1", "--no-plots"))
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout.splitlines()[-1])["robustness"]["rows"]
    assert "disturbances" in done.stderr
    assert "<svg" not in (tmp_path / "out" / "report.html").read_text()


def test_events_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("date,name,kind\n2001-09-17,Reopening,equity\n")
    done = RUNNER.invoke(app, _flags(tmp_path, "--json", "--no-robustness", "--events", str(tmp_path / "mine.csv")))
    said = json.loads(done.stdout.splitlines()[-1])["events"]
    assert [e["name"] for e in said["listed"]] == ["Reopening"]


def test_without_matplotlib_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    done = RUNNER.invoke(app, _flags(tmp_path, "--no-robustness"))
    assert done.exit_code == 1
    assert "esi evaluate:" in done.stderr
    assert "'.[evaluate]'" in done.stderr
    assert "periods" not in done.stderr  # said before the work, not after
    assert RUNNER.invoke(app, _flags(tmp_path, "--no-robustness", "--no-plots")).exit_code == 0


def test_without_statsforecast_forecasts_say_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "statsforecast", None)
    done = RUNNER.invoke(app, _flags(tmp_path, "--no-robustness", "--no-plots", "--forecasts"))
    assert done.exit_code == 1
    assert "--forecasts needs statsforecast" in done.stderr
    assert "periods" not in done.stderr
    assert RUNNER.invoke(app, _flags(tmp_path, "--no-robustness", "--no-plots")).exit_code == 0


def test_a_fault_is_a_sentence_and_exit_status_1(tmp_path: Path) -> None:
    flags = ["--market", str(_market_file(tmp_path)), "--inputs", str(tmp_path / "none.csv"), "--out", str(tmp_path)]
    done = RUNNER.invoke(app, ["evaluate", *flags])
    assert done.exit_code == 1
    assert "esi evaluate:" in done.stderr
    assert "none.csv" in done.stderr


def test_a_file_is_no_folder_for_results(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    assert RUNNER.invoke(app, _flags(tmp_path)).exit_code == 2
    assert (tmp_path / "out").read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    flags = [*_flags(tmp_path, "--no-robustness", "--no-plots"), "--out", str(tmp_path / "mine" / "out")]
    done = RUNNER.invoke(app, flags)
    assert done.exit_code == 1
    assert "cannot be written" in done.stderr
    assert "name another folder with --out" in done.stderr
    assert (tmp_path / "mine").read_text() == "mine"


def test_references_have_a_name_and_a_file() -> None:
    assert _references(["A=b=c.csv"]) == {"A": Path("b=c.csv")}
    with pytest.raises(typer.BadParameter, match="write NAME=FILE"):
        _references(["STLFSI4.csv"])
    with pytest.raises(typer.BadParameter, match="A is given twice"):
        _references(["A=b.csv", "A=c.csv"])
