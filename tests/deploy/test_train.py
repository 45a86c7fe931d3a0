"""`esi train`: what it cannot do is told before anything is read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy import train as verb
from deploy.cli import app
from tests.disks import SmallDisk

RUN = CliRunner()


def test_help_names_every_flag() -> None:
    said = RUN.invoke(app, ["train", "--help"], env={"COLUMNS": "200"}).output
    for flag in ("--inputs", "--macro", "--models", "--registry", "--seed", "--device", "--resume"):
        assert flag in said


def test_an_unknown_model_is_told() -> None:
    done = RUN.invoke(app, ["train", "--models", "lstm,gpt"])
    assert done.exit_code == 1
    assert "give some of lstm, transformer, vae" in done.output


def test_without_torch_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verb, "find_spec", lambda _name: None)
    done = RUN.invoke(app, ["train"])
    assert done.exit_code == 1
    assert "'.[train]'" in done.output


def test_a_market_without_history_asks_for_a_panel() -> None:
    pytest.importorskip("torch", reason="torch is not installed: make test-train")
    pytest.importorskip("onnxscript", reason="onnxscript is not installed: make test-train")
    done = RUN.invoke(app, ["train", "--market", "us"])
    assert done.exit_code == 1
    assert "give --inputs PANEL.csv" in done.output


@pytest.mark.timeout(600)
def test_it_is_taught_from_a_panel_of_files_and_said_in_a_line(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="torch is not installed: make test-train")
    pytest.importorskip("onnxscript", reason="onnxscript is not installed: make test-train")
    flags = ["--inputs", str(panel(tmp_path)), "--registry", str(tmp_path / "r"), "--models", "vae"]
    done = RUN.invoke(app, ["train", "--market", "us-open", *flags, "--folds", "1", "--epochs", "2"])
    assert done.exit_code == 0, done.output
    assert "vae: 100% block 1 of 1, epoch 2" in done.stderr
    name, version, *_ = done.stdout.split()
    assert name == "us-open-vae"
    report = json.loads((tmp_path / "r" / name / version.rstrip(":") / "report.json").read_bytes())
    assert len(report["folds"][0]["losses"]) == 2


@pytest.mark.timeout(600)
def test_a_disk_that_is_full_is_a_sentence_and_the_same_command_goes_on(
    tmp_path: Path, small_disk: Callable[[int], SmallDisk]
) -> None:
    pytest.importorskip("torch", reason="torch is not installed: make test-train")
    pytest.importorskip("onnxscript", reason="onnxscript is not installed: make test-train")
    disk = small_disk(8)
    registry = disk.folder / "registry"
    flags = ["--inputs", str(panel(tmp_path)), "--registry", str(registry), "--models", "vae", "--data", str(tmp_path)]
    command = ["train", "--market", "us-open", *flags, "--folds", "1", "--epochs", "1"]
    disk.fill(leave=20_000)  # a state of the fit takes more
    done = RUN.invoke(app, command)
    assert done.exit_code == 1
    assert "No space left on device" in done.stderr
    assert "make room, and the same command goes on where this one ended" in done.stderr
    assert not (registry / "us-open-vae").exists()
    disk.clear()
    done = RUN.invoke(app, command)
    assert done.exit_code == 0, done.output
    assert "serves nowhere yet: no `esi up` runs here" in done.stdout


def test_who_stops_it_is_told_how_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch", reason="torch is not installed: make test-train")
    pytest.importorskip("onnxscript", reason="onnxscript is not installed: make test-train")

    def stops(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(verb, "_teach", stops)
    done = RUN.invoke(app, ["train", "--market", "us-open"])
    assert done.exit_code == 130
    assert "goes on where this one ended" in done.output


def panel(folder: Path) -> Path:
    """The shipped closes to 2004, as somebody's own daily values."""
    from dataflows.sources.history import bars
    from schemas.market_file import load

    market = load("us-open")
    table = bars(market)
    wide = table.pivot_table(index=table.available_us // 86_400_000_000, columns="code", values="close")
    wide.index = wide.index.to_numpy().astype("datetime64[D]")
    wide.columns = [market.instrument[code].name for code in wide.columns]
    wide.loc[:"2004-12-31"].to_csv(folder / "panel.csv", index_label="date")  # type: ignore[misc] # pandas-stubs
    return folder / "panel.csv"
