"""A taught network becomes a version in a registry: built aside, admitted as serving would, moved in at once."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from evaluation import judging
from evaluation.lessons import Lessons
from evaluation.run_log import write
from evaluation.training import Trained, examples, made
from models.deep.export import INPUT, Exported, apart, export, packed, said
from models.features import Schema
from models.registry import manifest
from models.registry.manifest import Manifest, put
from models.registry.refusals import ModelRefusedError, Refusal
from models.serving.admission import PARITY, admit
from models.serving.pace import Clock
from schemas.market import Market

GOLDEN: Final = 32
"""Inputs whose answers are kept."""

GATE: Final = 500
"""Judged lessons that a model is compared by when it is to be promoted, the latest ones."""


def model_name(market: Market, network: str) -> str:
    """Name in the registry: versions of a name take each other's place, so each market has its own."""
    return f"{market.name}-{network}"


def enrol(
    registry: Path, market: Market, given: Lessons, trained: Trained, *, now: datetime, clock: Clock
) -> tuple[Path, Manifest]:
    """Exports, checks and enters a network; the registry has the whole version or none of it.

    Raises:
        ModelRefusedError: it would not be admitted: another answer than torch, too slow, not finite.
        OSError: the disk has no room.
    """
    said_at = now.astimezone(UTC)
    name, number = model_name(market, trained.name), said_at.strftime("%Y%m%d-%H%M%S")
    aside = registry / ".training" / "made" / name / number
    shutil.rmtree(aside, ignore_errors=True)
    try:
        entry = _built(made(aside), market, given, trained, judging.moment(int(said_at.timestamp() * 1e6)))
        admit(aside, clock)
        return _moved(aside, made(registry / name) / number), entry
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _built(folder: Path, market: Market, given: Lessons, trained: Trained, created_at: str) -> Manifest:
    kind = trained.network.kind
    gate = given.of(trained.split.judged[-GATE:])
    inputs = examples(trained.network, gate).inputs
    answers = said(trained.last.model, kind, inputs)
    exported = export(trained.last.model, kind, inputs)
    put(folder / manifest.MODEL, exported.raw)
    golden = {INPUT[kind]: inputs[-GOLDEN:].numpy(), **{name: one[-GOLDEN:] for name, one in answers.items()}}
    put(folder / manifest.GOLDEN, packed(golden | _gate(kind, gate)))
    write(folder, trained.log | {"export": _export(exported, apart(exported, answers, inputs), len(inputs))})
    entry = Manifest(
        name=folder.parent.name, version=folder.name, kind=kind, market=market.name,
        horizon=market.horizon_periods if kind == "forecast" else 0,
        schema=Schema.of(market).hash, features=given.windows.shape[2],
        trained_from=judging.moment(given.at_us[trained.split.taught[0]]),
        trained_to=judging.moment(given.at_us[trained.split.checked[-1]]),
        metrics=judging.metrics(trained.log["judged"]), opset=exported.opset, code=version("esi"),
        created_at=created_at,
    )  # fmt: skip
    return manifest.write(folder, entry)


def _export(exported: Exported, distance: float, inputs: int) -> dict[str, Any]:
    """What the report says of the file."""
    if not distance <= PARITY:
        told = f"ONNX Runtime is {distance:.3g} from torch on {inputs} real inputs (at most {PARITY:g})"
        raise ModelRefusedError(Refusal.NOT_ITSELF, told)
    return {"opset": exported.opset, "inputs": exported.inputs, "outputs": exported.outputs,
            "parity": {"inputs": inputs, "largest": distance}}  # fmt: skip


def _gate(kind: str, gate: Lessons) -> dict[str, Any]:
    if kind == "forecast":
        return {"gate_window": gate.windows, "gate_change": gate.change}
    return {"gate_row": gate.rows}


def _moved(aside: Path, place: Path) -> Path:
    aside.rename(place)
    return place
