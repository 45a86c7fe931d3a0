"""`esi evaluate`: flags in, files and a line out, and faults as sentences."""

from __future__ import annotations

import json
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


def test_the_report_is_the_last_line(tmp_path: Path) -> None:
    inputs, _ = made.write(tmp_path)
    flags = ["--market", str(_market_file(tmp_path)), "--inputs", str(inputs), "--out", str(tmp_path / "out"), "--json"]
    done = RUNNER.invoke(app, ["evaluate", *flags])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout.splitlines()[-1])["finals"] > 100
    assert (tmp_path / "out" / "readings.csv").is_file()
    assert "periods" in done.stderr


def test_a_fault_is_a_sentence_and_exit_status_1(tmp_path: Path) -> None:
    flags = ["--market", str(_market_file(tmp_path)), "--inputs", str(tmp_path / "none.csv"), "--out", str(tmp_path)]
    done = RUNNER.invoke(app, ["evaluate", *flags])
    assert done.exit_code == 1
    assert "esi evaluate:" in done.stderr
    assert "none.csv" in done.stderr


def test_references_have_a_name_and_a_file() -> None:
    assert _references(["A=b=c.csv"]) == {"A": Path("b=c.csv")}
    with pytest.raises(typer.BadParameter, match="write NAME=FILE"):
        _references(["STLFSI4.csv"])
