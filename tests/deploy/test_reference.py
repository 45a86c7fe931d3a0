"""`esi reference`: an artifact is built, shown and verified; faults are sentences."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from deploy.cli import app
from deploy.reference import _judge
from evaluation.comparison import Verdict
from tests.evaluation import made

RUNNER = CliRunner()
MARKET = """version = 1
name = "made"
feed = "made"
calendar = "XNYS"
bar = "1d"
clock = "records"
form = "z_mean"
[history]
warm_up = 20
memory = "sketch"
[[instrument]]
name = "A"
[[segment]]
name = "prices"
[[segment.indicator]]
name = "vol"
kind = "realized_volatility"
of = ["A"]
"""


def esi(*words: str) -> Result:
    return RUNNER.invoke(app, ["reference", *words])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A market file, its panel, and `made.reference`."""
    folder = tmp_path_factory.mktemp("artifact")
    (folder / "made.toml").write_text(MARKET)
    inputs, _ = made.write(folder)
    flags = ["--market", str(folder / "made.toml"), "--inputs", str(inputs), "--until", "2001-03-30"]
    done = esi("build", *flags, "--out", str(folder / "made.reference"))
    assert done.exit_code == 0, done.output
    assert "finals of made from 2000-01-03 to 2001-03-30, version" in done.stdout
    assert "periods" in done.stderr
    return folder


def test_it_is_shown_for_people_and_for_machines(folder: Path) -> None:
    file = folder / "made.reference"
    told = json.loads(esi("show", str(file), "--json").stdout)
    assert (told["market"], told["bytes"]) == ("made", file.stat().st_size)
    assert set(told["inputs"]) == {"panel.csv"}
    shown = esi("show", str(file)).stdout
    assert f"head       {told['head']}" in shown
    assert "inputs     panel.csv: " in shown


def test_it_is_verified_alone_and_against_its_inputs(folder: Path) -> None:
    file, market, inputs = (str(folder / name) for name in ("made.reference", "made.toml", "panel.csv"))
    done = esi("verify", file, "--market", market)
    assert (done.exit_code, "its hash chain holds" in done.stdout) == (0, True)
    assert "This release goes on from it" in done.stdout
    done = esi("verify", file, "--market", market, "--inputs", inputs)
    assert (done.exit_code, "Built again from its inputs: the same bytes." in done.stdout) == (0, True), done.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show", "none.reference"), "esi reference show: none.reference: No such file"),
        (("verify", "none.reference"), "esi reference verify: none.reference: No such file"),
        (("build", "--inputs", "none.csv"), "esi reference build: none.csv"),
        (("build", "--inputs", "none.csv", "--market", "none.toml"), "esi reference build: no market 'none.toml'"),
    ],
)
def test_a_fault_is_a_sentence_and_exit_status_1(words: tuple[str, ...], said: str) -> None:
    done = esi(*words)
    assert done.exit_code == 1
    assert said in done.stderr
    assert "Traceback" not in done.output


def test_an_artifact_of_another_market_file_is_refused_with_the_remedy(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "made.toml"
    other.write_text(MARKET.replace("warm_up = 20", "warm_up = 30"))
    flags = ["--market", str(other), "--inputs", str(folder / "panel.csv")]
    done = esi("verify", str(folder / "made.reference"), *flags)
    assert done.exit_code == 1
    assert "Build it anew from its inputs" in done.stderr


def test_what_does_not_hold_ends_with_status_1(capsys: pytest.CaptureFixture[str]) -> None:
    import typer

    _judge(Verdict(False, False, 3e-12, ()))
    assert "another type of CPU, Python and libraries: numbers differ by 3.0e-12 at most." in capsys.readouterr().out
    for verdict in (Verdict(False, True, 3e-12, ()), Verdict(False, False, 0.0, ("finals[3].level",))):
        with pytest.raises(typer.Exit) as ended:
            _judge(verdict)
        assert ended.value.exit_code == 1
    assert "finals[3].level" in capsys.readouterr().out
