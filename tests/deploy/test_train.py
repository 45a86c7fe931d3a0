"""`esi train`: what it cannot do is told before anything is read."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from deploy import train as verb
from deploy.cli import app

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
