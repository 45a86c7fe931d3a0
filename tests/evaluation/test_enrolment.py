"""A version is in the registry whole, admitted as serving admits it, or not at all."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="torch is not installed: make test-train")

pytest.importorskip("onnxscript", reason="onnxscript is not installed: make test-train")

from evaluation import enrolment
from evaluation.enrolment import enrol
from evaluation.lessons import lessons
from evaluation.training import Request, Trained, train
from models.deep.fitting import Recipe
from models.registry import manifest, store
from models.registry.refusals import ModelRefusedError, Refusal
from models.serving.admission import admit, check_gate
from tests.models import score_samples, tape

MARKET = tape.market(horizon="10s")
GIVEN = lessons(MARKET, [replace(m, learns=True) for m in score_samples.made(900, seed=6)], 1)
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def taught(folder: Path, name: str) -> Trained:
    return train(Request(MARKET, folder / "kept", Recipe(epochs=1), folds=2), name, GIVEN)


@pytest.mark.parametrize("name", ["lstm", "transformer", "vae"])
def test_each_is_entered_and_admitted(tmp_path: Path, name: str) -> None:
    trained = taught(tmp_path, name)
    place, entry = enrol(tmp_path / "r", MARKET, GIVEN, trained, now=NOW, clock=time.perf_counter_ns)
    assert place == tmp_path / "r" / entry.name / "20260102-030405"
    assert entry.trained_to < entry.created_at
    said = json.loads((place / "report.json").read_bytes())["export"]
    assert said["opset"] == entry.opset
    assert [shape[0] for shape in said["inputs"].values()] == ["B"]
    assert said["inputs"].keys() == {"row" if name == "vae" else "window"}
    assert 0 <= said["parity"]["largest"] <= 1e-5
    assert said["parity"]["inputs"] > 100
    assert [one.name for one in store.listing(tmp_path / "r")] == [entry.name]
    assert check_gate(admit(place, time.perf_counter_ns), None)["candidate"] < 1e6


def test_one_that_says_something_else_than_torch_stays_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trained = taught(tmp_path, "vae")
    real = enrolment.said

    def other(*given: Any) -> dict[str, Any]:
        return {name: one + 1e-3 for name, one in real(*given).items()}

    monkeypatch.setattr(enrolment, "said", other)
    with pytest.raises(ModelRefusedError, match="from torch on"):
        enrol(tmp_path / "r", MARKET, GIVEN, trained, now=NOW, clock=time.perf_counter_ns)
    assert store.listing(tmp_path / "r") == []


def test_one_that_would_not_be_admitted_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: object) -> None:
        raise ModelRefusedError(Refusal.TOO_SLOW, "too slow")

    monkeypatch.setattr(enrolment, "admit", refuses)
    with pytest.raises(ModelRefusedError, match="too slow"):
        enrol(tmp_path / "r", MARKET, GIVEN, taught(tmp_path, "vae"), now=NOW, clock=time.perf_counter_ns)
    assert store.listing(tmp_path / "r") == []


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trained = taught(tmp_path, "vae")

    def full(file: Path, _raw: bytes) -> None:
        raise OSError(28, "No space left on device", str(file))

    monkeypatch.setattr(manifest, "put", full)
    with pytest.raises(OSError, match="No space left"):
        enrol(tmp_path / "r", MARKET, GIVEN, trained, now=NOW, clock=time.perf_counter_ns)
    assert store.listing(tmp_path / "r") == []
    assert list((tmp_path / "r" / ".training").rglob("*.onnx")) == []
