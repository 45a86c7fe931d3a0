"""What the trainer runs for a market, or the sentence that says why it runs nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.settings import Settings
from deploy.training_command import NoTrainingError, command
from schemas.market_file import load

US, OPEN = load("us"), load("us-open")


@pytest.fixture(autouse=True)
def torch_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: object())


def behind(made: list[str]) -> list[str]:
    return made[made.index("train") :]


def test_a_market_whose_history_ships_needs_no_inputs(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, retrain_inputs=tmp_path / "of_others.csv")
    said = behind(command(settings, OPEN, "us-open", ("--epochs", "3")))
    assert said == ["train", "--market", "us-open", "--resume", "--no-seat", "--epochs", "3"]


def test_others_learn_from_what_the_settings_name(tmp_path: Path) -> None:
    panel = tmp_path / "panel.csv"
    panel.touch()
    settings = Settings(data_dir=tmp_path, retrain_inputs=panel, retrain_macro=tmp_path)
    said = behind(command(settings, US, "us"))
    assert said == [
        "train",
        "--market",
        "us",
        "--resume",
        "--no-seat",
        "--inputs",
        str(panel),
        "--macro",
        str(tmp_path),
    ]


def test_what_stands_behind_the_dashes_counts(tmp_path: Path) -> None:
    said = behind(command(Settings(data_dir=tmp_path), US, "us", ("--inputs", "other.csv")))
    assert said[-2:] == ["--inputs", "other.csv"]
    assert said.count("--inputs") == 1


def test_nothing_to_learn_from_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(NoTrainingError, match=r"us has no history that ships: set ESI_RETRAIN_INPUTS"):
        command(Settings(data_dir=tmp_path), US, "us")
    gone = Settings(data_dir=tmp_path, retrain_inputs=tmp_path / "gone.csv")
    with pytest.raises(NoTrainingError, match=r"gone.csv is not there: .*--inputs, ESI_RETRAIN_INPUTS"):
        command(gone, US, "us")


@pytest.mark.parametrize("missing", ["torch", "onnxscript"])
def test_without_torch_it_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == missing else object())
    with pytest.raises(NoTrainingError, match=r"torch is not installed here.*pip install"):
        command(Settings(data_dir=tmp_path), OPEN, "us-open")
