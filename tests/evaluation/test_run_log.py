"""What is kept of a training."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="torch is not installed: make test-train")

import torch

from evaluation import run_log
from evaluation.report import MissingPackageError
from models.deep.fitting import Losses

FOLD = {"from": "2001-01-01", "best_epoch": 1, "losses": [{"taught": 1.0, "checked": 2.0}] * 2}
LOG = {"name": "lstm", "folds": [FOLD, FOLD]}


def test_a_state_comes_back_and_a_torn_one_is_begun_anew(tmp_path: Path) -> None:
    keeper = run_log.FileKeeper(tmp_path / "a.pt")
    assert keeper.load() is None
    keeper.save({"best": {"w": torch.ones(3)}, "losses": [(1.0, 2.0)]})
    found = keeper.load()
    assert found is not None
    assert torch.equal(found["best"]["w"], torch.ones(3))
    keeper.file.write_bytes(keeper.file.read_bytes()[:100])
    assert keeper.load() is None


def test_the_log_has_its_losses_and_a_plot(tmp_path: Path) -> None:
    run_log.write(tmp_path, LOG)
    assert json.loads((tmp_path / "report.json").read_bytes()) == LOG
    assert b"<svg" in (tmp_path / "losses.svg").read_bytes()


def test_without_an_address_nothing_is_tracked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(run_log.TRACKING, raising=False)
    run_log.require_tracking()
    with run_log.tracked("m", "lstm", {}, pytest.fail) as run:
        run.fold(1, [Losses(1, 2)])
        run.end({"crps": 1.0}, tmp_path)


def test_mlflow_that_is_asked_for_and_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(run_log.TRACKING, "sqlite:///x.db")
    monkeypatch.setattr(run_log, "find_spec", lambda _name: None)
    with pytest.raises(MissingPackageError, match=r"\[track\]"):
        run_log.require_tracking()


@pytest.mark.filterwarnings("ignore")  # of mlflow and what it imports
def test_mlflow_has_the_run_in_a_local_store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    mlflow = pytest.importorskip("mlflow", reason="mlflow is not installed: make test-train")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(run_log.TRACKING, f"sqlite:///{tmp_path}/runs.db")
    run_log.write(tmp_path, LOG)
    with run_log.tracked("made", "lstm", {"seed": 3}, pytest.fail) as run:
        run.fold(1, [Losses(0.5, 0.6), Losses(0.4, 0.5)])
        run.end({"crps": 0.2}, tmp_path)
    (found,) = mlflow.search_runs(experiment_names=["esi made"], output_format="list")
    assert found.data.params["seed"] == "3"
    assert found.data.metrics["crps"] == 0.2
    assert found.data.metrics["fold_1/checked"] == 0.5
    assert found.info.status == "FINISHED"
    files = {one.path for one in mlflow.MlflowClient().list_artifacts(found.info.run_id)}
    assert files == {"report.json", "losses.svg"}


@pytest.mark.filterwarnings("ignore")  # as above
def test_a_store_that_fails_on_the_way_ends_no_training(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    mlflow = pytest.importorskip("mlflow", reason="mlflow is not installed: make test-train")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(run_log.TRACKING, f"sqlite:///{tmp_path}/runs.db")
    said: list[str] = []

    def fails(*_: object, **__: object) -> None:
        raise ConnectionError("the store is gone")

    with run_log.tracked("made", "lstm", {}, said.append) as run:
        monkeypatch.setattr(mlflow, "log_metrics", fails)
        run.fold(1, [Losses(0.5, 0.6)])
        run.fold(1, [Losses(0.5, 0.6), Losses(0.4, 0.6)])
    assert said == ["MLflow takes no more of this run, training goes on: the store is gone"]


@pytest.mark.filterwarnings("ignore")  # as above
def test_a_store_that_cannot_be_had_is_told_before(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("mlflow", reason="mlflow is not installed: make test-train")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(run_log.TRACKING, "nowhere://made")
    with (
        pytest.raises(run_log.TrackingError, match="or unset MLFLOW_TRACKING_URI"),
        run_log.tracked("made", "lstm", {}, pytest.fail),
    ):
        pytest.fail("it begins")
