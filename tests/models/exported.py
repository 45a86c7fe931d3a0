"""Models as a trainer leaves them in a registry: real files with true hashes, or with one planted fault."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnxruntime as ort
from onnx import ModelProto

from models.features import LENGTH, Schema
from models.registry import manifest as manifests
from models.registry.manifest import GOLDEN, MODEL, REPORT, Manifest
from models.serving.session import INPUT, OUTPUTS
from schemas.market import Market

Arrays = dict[str, np.ndarray]


def manifest(of: Market, name: str = "lstm", version: str = "1", **changes: Any) -> Manifest:
    """Of a forecaster one final ahead."""
    schema = Schema.of(of)
    said = Manifest(
        name=name, version=version, kind="forecast", market=of.name, horizon=1, schema=schema.hash,
        features=len(schema.names), trained_from="1992-01-02T21:00:00Z", trained_to="2019-12-31T21:00:00Z",
        metrics={"pinball": 0.2}, opset=20, code="0.1.0", created_at="2026-11-26T12:00:00Z",
    )  # fmt: skip
    return msgspec.structs.replace(said, **changes)


def given(kind: str, features: int, rows: int, seed: int = 5) -> Arrays:
    """Inputs of a kind, and what came where it forecasts."""
    rng = np.random.default_rng(seed)
    if kind == "anomaly":
        return {"row": rng.standard_normal((rows, features)).astype(np.float32)}
    window = rng.standard_normal((rows, LENGTH, features)).astype(np.float32)
    return {"window": window, "change": rng.standard_normal(rows).astype(np.float32)}


def golden(raw: bytes, said: Manifest, gate_rows: int = 80, *, calm: bool = False) -> Arrays:
    """What the model says of three rows (zeros where it is calm), and a gate set; zeros where it cannot be run."""
    inputs = {name: 0 * rows if calm else rows for name, rows in given(said.kind, said.features, 3).items()}
    arrays = {INPUT[said.kind]: inputs[INPUT[said.kind]]}
    arrays |= {f"gate_{name}": array for name, array in given(said.kind, said.features, gate_rows, 6).items()}
    try:
        session = ort.InferenceSession(raw, providers=["CPUExecutionProvider"])
        spoken = session.run(list(OUTPUTS[said.kind]), {INPUT[said.kind]: arrays[INPUT[said.kind]]})
    except Exception:  # a planted fault; its errors have no base
        spoken = [np.zeros((3, 9), np.float32)] * len(OUTPUTS[said.kind])
    return arrays | dict(zip(OUTPUTS[said.kind], spoken, strict=True))


def save(registry: Path, said: Manifest, model: ModelProto | bytes, arrays: Arrays | None = None) -> Path:
    """The model in its folder, with its manifest written last."""
    folder = registry / said.name / said.version
    folder.mkdir(parents=True, exist_ok=True)
    raw = model if isinstance(model, bytes) else model.SerializeToString()
    (folder / MODEL).write_bytes(raw)
    file = io.BytesIO()
    saved: dict[str, Any] = golden(raw, said) if arrays is None else arrays
    np.savez_compressed(file, **saved)
    (folder / GOLDEN).write_bytes(file.getvalue())
    (folder / REPORT).write_text('{"epochs": 3}\n')
    manifests.write(folder, said)
    return folder
