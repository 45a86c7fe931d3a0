"""`esi fit`: parameters to read and to write, and faults as sentences."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from deploy.cli import app
from schemas.market_file import load
from tests.evaluation.test_fitting import closes

RUNNER = CliRunner()
TEXT = """version = 1
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
name = "model"
kind = "garch_volatility"
of = ["A"]
parameters = { omega = 1e-6, alpha = 0.05, beta = 0.9 }
"""


def _run(folder: Path, *flags: str) -> tuple[int, str, Path]:
    path = folder / "made.toml"
    path.write_text(TEXT)
    closes().to_csv(folder / "panel.csv", index_label="date", date_format="%Y-%m-%d")
    done = RUNNER.invoke(app, ["fit", "--market", str(path), "--inputs", str(folder / "panel.csv"), *flags])
    return done.exit_code, done.output, path


def test_it_prints_and_writes_the_same_line(tmp_path: Path) -> None:
    status, printed, path = _run(tmp_path, "--until", "2009-12-31", "--write", str(tmp_path / "made.toml"))
    assert status == 0, printed
    line = printed.strip().splitlines()[-1]
    assert path.read_text() == TEXT.replace("parameters = { omega = 1e-6, alpha = 0.05, beta = 0.9 }", line)
    parameters = load(str(path)).segment[0].indicator[0].parameters
    assert parameters is not None
    assert parameters.alpha != 0.05


def test_without_write_the_file_stays(tmp_path: Path) -> None:
    status, printed, path = _run(tmp_path, "--until", "2009-12-31")
    assert status == 0
    assert "fitted_to" in printed
    assert path.read_text() == TEXT


def test_a_fault_is_a_sentence(tmp_path: Path) -> None:
    status, printed, path = _run(tmp_path, "--until", "2001-06-30", "--write", str(tmp_path / "made.toml"))
    assert status == 1
    assert "esi fit: model: A has" in printed
    assert path.read_text() == TEXT
