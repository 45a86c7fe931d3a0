"""A session says what ONNX Runtime says, refuses another shape, and sleeps for a moment it cannot speak of."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from onnx import ModelProto

from models.ensemble.levels import LEVELS
from models.registry import manifest as manifests
from models.registry.manifest import Manifest
from models.registry.refusals import ModelRefusedError, Refusal
from models.serving.pace import SLOWEST_US
from models.serving.session import OnnxModel, signature
from tests.models import exported, onnx_made, tape

MARKET = tape.market()
SAID = exported.manifest(MARKET)
F = SAID.features


def opened(registry: Path, made: ModelProto | bytes, said: Manifest = SAID) -> OnnxModel:
    folder = exported.save(registry, said, made)
    written = manifests.read(folder)
    return OnnxModel(written, manifests.verify(folder, written))


def test_a_forecaster_says_what_it_was_made_to(tmp_path: Path) -> None:
    model = opened(tmp_path, onnx_made.centred(F, slope=0.5))
    rows = np.zeros((50, F))
    rows[-1, 0] = 2.0
    assert model.quantiles(rows) == pytest.approx(1.0 + onnx_made.SPREAD.astype(float))
    assert model.quantiles(rows).dtype == np.float64
    assert model.title == "lstm 1"


def test_one_row_of_a_batch_is_that_row_alone(tmp_path: Path) -> None:
    model = opened(tmp_path, onnx_made.transformer(F))
    windows = exported.given("forecast", F, 7)["window"]
    said = model.run(windows)["quantiles"]
    assert said.shape == (7, len(LEVELS))
    for row, window in zip(said, windows, strict=True):
        assert model.quantiles(window.astype(np.float64)) == pytest.approx(row.astype(float), abs=1e-5)


def test_the_watch_of_anomalies_gives_two_numbers(tmp_path: Path) -> None:
    said = exported.manifest(MARKET, "vae", kind="anomaly", horizon=0)
    model = opened(tmp_path, onnx_made.autoencoder(F), said)
    missed, surprise = model.surprise(np.ones(F))
    assert 0 < missed < surprise


def test_what_is_no_number_puts_it_to_sleep_for_that_moment(tmp_path: Path) -> None:
    told: list[tuple[str, str]] = []
    model = opened(tmp_path, onnx_made.not_finite(F))
    model.faulted = lambda manifest, why: told.append((manifest.version, why))
    rows = np.zeros((50, F))
    assert np.isnan(model.quantiles(rows)).all()
    rows[-1, 0] = 3.0
    assert np.isfinite(model.quantiles(rows)).all()
    assert np.isnan(model.quantiles(np.zeros((3, 3)))).all()
    assert told == [("1", Refusal.NOT_FINITE), ("1", Refusal.FAILED)]


def test_how_long_it_takes_is_told_and_changes_nothing_of_what_it_says(tmp_path: Path) -> None:
    quick = opened(tmp_path, onnx_made.transformer(F))
    written = manifests.read(tmp_path / "lstm" / "1")
    told: list[tuple[str, float]] = []
    times = itertools.count(0, 100 * int(SLOWEST_US) * 1000)
    slow = OnnxModel(written, manifests.verify(tmp_path / "lstm" / "1", written), clock=lambda: next(times))
    slow.slowed = lambda manifest, best: told.append((f"{manifest.name} {manifest.version}", best))
    windows = exported.given("forecast", F, 25)["window"].astype(np.float64)
    assert all(quick.quantiles(one).tobytes() == slow.quantiles(one).tobytes() for one in windows)
    assert told == [("lstm 1", 100 * SLOWEST_US)] * 2


def test_the_dear_clock_is_asked_only_behind_a_run_that_the_cheap_one_calls_slow(tmp_path: Path) -> None:
    folder = exported.save(tmp_path, SAID, onnx_made.centred(F))
    written = manifests.read(folder)
    step, glances = int(SLOWEST_US) * 1000, [0, 1, 0, 2, 0, 1, 0, 2]
    asked: list[int] = []

    def dear() -> int:
        asked.append(len(glances))
        return 0

    model = OnnxModel(written, manifests.verify(folder, written), clock=dear, glance=lambda: step * glances.pop(0))
    for _ in range(6):
        model.quantiles(np.zeros((50, F)))
    assert glances == []
    assert asked == [4, 4, 0, 0], "once behind each slow one: by its own time it was quick"


@pytest.mark.parametrize("kind", ["forecast", "anomaly"])
def test_another_signature_is_refused(tmp_path: Path, kind: str) -> None:
    said = exported.manifest(MARKET, kind=kind, features=F + 1)
    made = onnx_made.lstm(F) if kind == "forecast" else onnx_made.autoencoder(F)
    with pytest.raises(ModelRefusedError, match="wrong_signature") as caught:
        opened(tmp_path, made, said)
    assert str(F) in caught.value.text
    with pytest.raises(ModelRefusedError, match="wrong_signature"):
        opened(tmp_path, onnx_made.lstm(F), exported.manifest(MARKET, kind="anomaly"))


def test_a_batch_that_is_fixed_is_refused(tmp_path: Path) -> None:
    made = onnx_made.lstm(F)
    made.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    with pytest.raises(ModelRefusedError, match="wrong_signature"):
        opened(tmp_path, made)


def test_a_file_that_is_no_model_does_not_load(tmp_path: Path) -> None:
    for raw in (b"", b"no model", onnx_made.lstm(F).SerializeToString()[:-50]):
        with pytest.raises(ModelRefusedError, match="failed: lstm 1 does not load"):
            opened(tmp_path, raw)


def test_signatures_name_all_that_a_kind_has() -> None:
    assert signature("forecast", 7) == {"window": ["B", 50, 7], "quantiles": ["B", 9]}
    assert signature("anomaly", 7) == {"row": ["B", 7], "reconstruction": ["B"], "surprise": ["B"]}
