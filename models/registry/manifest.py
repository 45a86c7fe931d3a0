"""The manifest of a trained model: what it is, what it was trained on, and the hashes of its files.

A model is a folder `<registry>/<name>/<version>/` of four files:

- `model.onnx`: self-contained, operators of ONNX only, dynamic batch B.
  `forecast`: input `window` float32[B, 50, F] (`models.window.Seen.rows`), output `quantiles` float32[B, 9] at
  `models.ensemble.levels.LEVELS`: of the change of the index over the horizon, in units of `Question.scale`.
  `anomaly`: input `row` float32[B, F] (`Seen.now`), outputs `reconstruction` float32[B] and `surprise` float32[B].
- `golden.npz`: arrays by the names of inputs and outputs, what the trainer's own network said (N >= 2 rows). And what
  it is judged by, data that it was not trained on: `gate_window` float32[M, 50, F] with `gate_change` float32[M], the
  changes that came, in the same units; or `gate_row` float32[M, F].
- `report.json`: how it was trained and how it did, for people.
- `manifest.json`: this, written last: a folder without it is half written.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
from pathlib import Path
from typing import Final, Literal

import msgspec

from models.registry.refusals import ModelRefusedError, Refusal

FORMAT: Final = 1
MODEL: Final = "model.onnx"
GOLDEN: Final = "golden.npz"
REPORT: Final = "report.json"
MANIFEST: Final = "manifest.json"
FILES: Final = (MODEL, GOLDEN, REPORT)
"""Files that the manifest vouches for."""

LARGEST: Final = 64 << 20
"""Bytes that a file may have."""

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}")
"""Of a model; a control record has room for 11 characters more."""

VERSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,25}")
"""Of one version; a control record has room for the number of the attempt."""

NOBODY: Final = "none"
"""The version of no model: who promotes it, retires the one in force."""

Kind = Literal["forecast", "anomaly"]


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a model is.

    Attributes:
        name: of the model; its versions take each other's place.
        version: of this one.
        kind: `forecast` or `anomaly`.
        market: that it was trained for.
        horizon: finals ahead that it forecasts; 0 for `anomaly`.
        schema: `models.features.Schema.hash` of its features.
        features: how many they are, F.
        trained_from: first final that it was trained on, UTC, RFC 3339.
        trained_to: last one.
        metrics: on the gate set, such as `pinball`, `skill_over_persistence`; numbers that are not known are left out.
        opset: of ONNX.
        code: version of the code that trained it.
        created_at: UTC, RFC 3339.
        files: SHA-256 of each file by its name, hexadecimal; `write` fills it in.
        format: of this manifest.
    """

    name: str
    version: str
    kind: Kind
    market: str
    horizon: int
    schema: str
    features: int
    trained_from: str
    trained_to: str
    metrics: dict[str, float]
    opset: int
    code: str
    created_at: str
    files: dict[str, str] = {}
    format: int = FORMAT


_decoder: Final = msgspec.json.Decoder(Manifest)


def write(folder: Path, manifest: Manifest) -> Manifest:
    """Hashes the files that are in the folder, and puts the manifest beside them: whole, or not at all.

    Raises:
        ModelRefusedError: a file is missing or too large, or the name or version is none.
        OSError: the disk has no room.
    """
    _check_names(manifest)
    hashes = {name: _sha256(_bytes(folder / name)) for name in FILES}
    metrics = {name: value for name, value in manifest.metrics.items() if math.isfinite(value)}
    manifest = msgspec.structs.replace(manifest, files=hashes, metrics=metrics)
    put(folder / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n")
    return manifest


def read(folder: Path) -> Manifest:
    """The manifest of a folder; its files are not looked at.

    Raises:
        ModelRefusedError: it is missing, unreadable, of a later format, or of another folder.
    """
    raw = _bytes(folder / MANIFEST)
    try:
        manifest = _decoder.decode(raw)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ModelRefusedError(Refusal.UNREADABLE, f"{folder / MANIFEST} is no manifest: {error}") from error
    if manifest.format > FORMAT:
        told = f"{folder / MANIFEST} has format {manifest.format}, this release reads {FORMAT}: update ESI"
        raise ModelRefusedError(Refusal.UNREADABLE, told)
    _check_names(manifest)
    if (folder.parent.name, folder.name) != (manifest.name, manifest.version):
        told = f"{folder} holds {manifest.name} {manifest.version}: a model's folder is NAME/VERSION"
        raise ModelRefusedError(Refusal.UNREADABLE, told)
    return manifest


def verify(folder: Path, manifest: Manifest) -> dict[str, bytes]:
    """The files by their names, each with the hash that the manifest says: use these bytes, not the files again.

    Raises:
        ModelRefusedError: one is missing, too large, or another one.
    """
    if set(manifest.files) != set(FILES):
        told = f"{folder / MANIFEST} vouches for {sorted(manifest.files)}, and must for {sorted(FILES)}"
        raise ModelRefusedError(Refusal.UNREADABLE, told)
    found = {name: _bytes(folder / name) for name in FILES}
    for name, raw in found.items():
        if _sha256(raw) != manifest.files[name]:
            told = f"{folder / name} is not the file that its manifest was written for: export the model again"
            raise ModelRefusedError(Refusal.WRONG_HASH, told)
    return found


def _check_names(manifest: Manifest) -> None:
    said = ((NAME, manifest.name), (VERSION, manifest.version))
    for pattern, text in said:
        if not pattern.fullmatch(text) or text == NOBODY:
            told = f"{text!r} is no name or version of a model: give letters, digits, dots, dashes ({pattern.pattern})"
            raise ModelRefusedError(Refusal.UNREADABLE, told)


def _bytes(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            raw = opened.read(LARGEST + 1)
    except FileNotFoundError as error:
        told = f"{file} is not there: the model is half written or was taken away"
        raise ModelRefusedError(Refusal.MISSING, told) from error
    except OSError as error:
        raise ModelRefusedError(Refusal.UNREADABLE, f"{file} cannot be read: {error.strerror or error}") from error
    if len(raw) > LARGEST:
        raise ModelRefusedError(Refusal.OVERSIZED, f"{file} has more than {LARGEST:,} bytes: no model of ours")
    return raw


def _sha256(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def put(file: Path, raw: bytes) -> None:
    """Writes a file so that no reader, and no start after a fall, sees half of it."""
    making = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with making.open("wb") as opened:
            opened.write(raw)
            opened.flush()
            os.fsync(opened.fileno())
        making.replace(file)
    finally:
        making.unlink(missing_ok=True)
