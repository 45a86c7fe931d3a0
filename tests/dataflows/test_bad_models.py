"""Whatever is ordered, the champion goes on, the reason is named, and no reading is lost."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest

from models.registry.manifest import MANIFEST, MODEL
from models.serving.shelf import RegistryShelf
from tests.dataflows import tape as tapes
from tests.dataflows.test_swaps import described, order
from tests.models import exported, onnx_made
from tests.models.serving.test_shelf import Told

MARKET = described("f")
F = exported.manifest(MARKET).features
ORDERS = {
    230: "1:1", 240: "cut:2", 250: "schema:3", 260: "nan:4", 270: "slow:5", 280: "half:6", 290: "gone:7", 300: "loop:8",
    310: "torn:9", 330: "2:10",
}  # fmt: skip
REASONS = {
    "cut": "wrong_hash", "schema": "wrong_schema", "nan": "not_finite", "slow": "too_slow", "half": "missing",
    "gone": "missing", "loop": "unsafe", "torn": "unreadable",
}  # fmt: skip
Streams = dict[str, list[tuple[str, bytes]]]


def registry(root: Path) -> Path:
    """Sound versions 1 and 2; of each fault one that is named after it."""
    sound = onnx_made.lstm(F)
    calm = exported.golden(sound.SerializeToString(), exported.manifest(MARKET))
    for version in ("1", "2", "cut", "half", "torn"):
        exported.save(root, exported.manifest(MARKET, version=version), onnx_made.lstm(F))
    raw = (root / "lstm" / "cut" / MODEL).read_bytes()
    (root / "lstm" / "cut" / MODEL).write_bytes(raw[: len(raw) // 2])
    (root / "lstm" / "half" / MANIFEST).unlink()
    (root / "lstm" / "torn" / MANIFEST).write_bytes((root / "lstm" / "torn" / MANIFEST).read_bytes()[:100])
    exported.save(root, exported.manifest(MARKET, version="schema", schema="0" * 64), sound)
    exported.save(root, exported.manifest(MARKET, version="nan"), onnx_made.not_finite(F))
    exported.save(root, exported.manifest(MARKET, version="slow"), onnx_made.slow(F))
    exported.save(root, exported.manifest(MARKET, version="loop"), onnx_made.endless(F), calm)
    return root


def said(root: Path, orders: dict[int, str], seconds: int, name: str = "lstm") -> tuple[Streams, Told]:
    told = Told()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tapes, "CONTROLS", {(0, second): [order(name, value)] for second, value in orders.items()})
        tape = tapes.records(tapes.rows(seconds, seed=3, per_second=14), "json")
    return tapes.expected("f", tape, MARKET, RegistryShelf(root, None, time.thread_time_ns, told))[0], told


def test_what_may_not_serve_stays_out_with_its_reason_and_the_champion_goes_on(tmp_path: Path) -> None:
    streams, told = said(registry(tmp_path), ORDERS, 360)
    versions = [json.loads(body).get("models", {}).get("lstm") for _, body in streams["readings"]]
    changes = [one for n, one in enumerate(versions) if n == 0 or versions[n - 1] != one]
    assert changes == [None, "1", "2"], "from its first reading on somebody serves, through all that was refused"
    rows = [row for _, body in streams["details"] for row in json.loads(body).get("models", [])]
    found = {row["ordered"].partition(":")[0]: row["reason"] for row in rows if row["reason"]}
    assert found == REASONS
    refused = {line.split()[2].partition(":")[0]: line.split()[-1] for line in told.said if line.startswith("refused")}
    assert refused == REASONS
    nobody, _ = said(tmp_path / "nowhere", {}, 360)
    assert [entry for entry, _ in nobody["readings"]] == [entry for entry, _ in streams["readings"]]


def test_one_that_says_nan_at_work_sleeps_and_the_others_forecast_on(tmp_path: Path) -> None:
    model = onnx_made.not_finite(F)
    written = exported.manifest(MARKET)
    windows = np.abs(exported.given("forecast", F, 3)["window"]) + 3.0
    arrays = exported.golden(onnx_made.centred(F).SerializeToString(), written)
    exported.save(tmp_path, written, model, arrays | {"window": windows, "quantiles": answers(windows)})
    streams, told = said(tmp_path, {230: "1:1"}, 300)
    assert "faulted lstm: not_finite" in told.said
    last = json.loads(streams["details"][-1][1])
    rows = {row["name"]: row for row in last["forecast"][0]["experts"]}
    assert last["forecast"][0]["quantiles"] is not None
    assert rows["lstm"]["quantiles"] is None
    assert rows["lstm"]["weight"] == 0


def answers(windows: np.ndarray) -> np.ndarray:
    """What `onnx_made.not_finite` says where it says numbers."""
    return np.log(windows[:, -1, :1] - 2.0) + onnx_made.SPREAD
