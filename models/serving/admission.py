"""What is checked before a model is used: its files, its shape, its word, its pace; and whether it is good enough."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from models.ensemble.levels import pinball
from models.registry import manifest as manifests
from models.registry.manifest import GOLDEN, MODEL, Manifest
from models.registry.refusals import ModelRefusedError, Refusal
from models.serving.pace import ENOUGH_US, LEAST, SLOWEST_US, TRIES, Clock
from models.serving.session import INPUT, OUTPUTS, Faulted, OnnxModel, Singles, Slowed, ignore

if TYPE_CHECKING:
    import onnxruntime as ort

PARITY: Final = 1e-5
"""How far an output may be from the trainer's own, in units of the output (relative above one)."""

GATE_BATCH: Final = 64
"""Rows at once on the gate set, so that what is compared fits any memory."""

PATIENCE_S: Final = 5.0
"""A run that takes this long at the checks is ended."""

NOT_WORSE: Final = 1e-6
"""Relative difference of two losses that is none."""

LARGEST_ARRAYS: Final = 1 << 29
"""Bytes of all arrays: a small file can hold many more zeros."""


class Admitted(NamedTuple):
    """A model that may be used, with the arrays that it was admitted by."""

    model: OnnxModel
    golden: dict[str, Singles]


def admit(
    folder: Path,
    clock: Clock,
    faulted: Faulted = ignore,
    slowed: Slowed = ignore,
    *,
    glance: Clock | None = None,
    known: bool = False,
) -> Admitted:
    """Loads a model and checks all that can be checked of it alone; it is warm afterwards.

    Args:
        folder: of the model.
        clock: to see how long it takes, here and at work.
        faulted: told when it fails at work.
        slowed: told when it has become slow there.
        glance: a cheaper clock for its work, as `OnnxModel` wants it.
        known: it was admitted here before: its hashes are verified, and nothing is tried again.

    Raises:
        ModelRefusedError: it stays out; says why.
    """
    from models.registry.contents import check_self_contained  # noqa: PLC0415 (as below)

    manifest = manifests.read(folder)
    files = manifests.verify(folder, manifest)
    check_self_contained(files[MODEL], str(folder / MODEL))
    golden = _golden(files[GOLDEN], manifest)
    model = OnnxModel(manifest, files, faulted, slowed, clock=clock, glance=glance)
    if not known:
        _check_word(model, golden)
        _check_pace(model, golden, clock)
    if manifest.kind == "anomaly" and "gate_row" in golden:
        model.past = _batched(model, golden["gate_row"])["surprise"].astype(np.float64)
    return Admitted(model, golden)


def check_gate(candidate: Admitted, champion: Admitted | None) -> dict[str, float]:
    """Losses on the candidate's gate set: its own, and the champion's if there is one.

    Raises:
        ModelRefusedError: it has no gate set, or is worse than the champion.
    """
    own = gate_loss(candidate.model, candidate.golden)
    if champion is None:
        return {"candidate": own}
    other = gate_loss(champion.model, candidate.golden)
    if not own <= other + NOT_WORSE * abs(other):
        told = f"{candidate.model.title} loses {own:.6g} on its gate set, {champion.model.title} only {other:.6g}"
        raise ModelRefusedError(Refusal.WORSE, told)
    return {"candidate": own, "champion": other}


def gate_loss(model: OnnxModel, gate: dict[str, Singles]) -> float:
    """Mean pinball loss over moments and levels in units of the scale, or mean surprise.

    Raises:
        ModelRefusedError: there is no gate set for such a model, or the model cannot be run on it.
    """
    wanted = ("gate_window", "gate_change") if model.manifest.kind == "forecast" else ("gate_row",)
    if missing := [name for name in wanted if name not in gate]:
        raise ModelRefusedError(Refusal.MISSING, f"{model.title}: {GOLDEN} has no {' and no '.join(missing)}")
    said = _batched(model, gate[wanted[0]])
    if model.manifest.kind == "anomaly":
        return float(said["surprise"].astype(np.float64).mean())
    quantiles = np.sort(said["quantiles"].astype(np.float64), axis=1)
    return float(pinball(quantiles, gate["gate_change"].astype(np.float64)[:, None]).mean())


def _golden(raw: bytes, manifest: Manifest) -> dict[str, Singles]:
    """The arrays; nothing in the file is run."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            if sum(part.file_size for part in archive.infolist()) > LARGEST_ARRAYS:
                raise ModelRefusedError(Refusal.OVERSIZED, f"{GOLDEN} of {manifest.name} holds too much")
        with np.load(io.BytesIO(raw), allow_pickle=False) as arrays:
            found = {name: np.asarray(arrays[name], np.float32) for name in arrays.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, TypeError) as error:
        told = f"{manifest.name} {manifest.version}: {GOLDEN} holds no arrays: {error}"
        raise ModelRefusedError(Refusal.UNREADABLE, told) from error
    wanted = (INPUT[manifest.kind], *OUTPUTS[manifest.kind])
    if missing := [name for name in wanted if name not in found or not len(found[name])]:
        told = f"{manifest.name} {manifest.version}: {GOLDEN} has no {' and no '.join(missing)}"
        raise ModelRefusedError(Refusal.MISSING, told)
    return found


def _check_word(model: OnnxModel, golden: dict[str, Singles]) -> None:
    """Whether it says here what it said where it was exported."""
    said = _batched(model, golden[INPUT[model.manifest.kind]])
    for name, here in said.items():
        there = golden[name]
        if not np.isfinite(here).all():
            raise ModelRefusedError(Refusal.NOT_FINITE, f"{model.title} says {name} that are no numbers")
        if here.shape != there.shape or not (apart := _apart(here, there)) <= PARITY:
            gap = f"{apart:.3g}" if here.shape == there.shape else f"of shape {here.shape} instead of {there.shape}"
            told = f"{model.title}: {name} are {gap} from what its trainer said (at most {PARITY:g}): export it again"
            raise ModelRefusedError(Refusal.NOT_ITSELF, told)


def _apart(here: Singles, there: Singles) -> float:
    one, other = here.astype(np.float64), there.astype(np.float64)
    return float((np.abs(one - other) / np.maximum(np.abs(other), 1.0)).max())


def _check_pace(model: OnnxModel, golden: dict[str, Singles], clock: Clock) -> None:
    """Whether one reading can wait for it: the best of some runs, so that a busy machine does not refuse it."""
    one = golden[INPUT[model.manifest.kind]][:1]
    taken: list[float] = []
    with _patience(model) as options:
        while len(taken) < LEAST or (min(taken) > SLOWEST_US and len(taken) < TRIES and sum(taken) < ENOUGH_US):
            began = clock()
            model.run(one, options)
            taken.append((clock() - began) / 1e3)
    if min(taken) > SLOWEST_US:
        told = f"{model.title} takes {min(taken):,.0f} µs for one reading at best (at most {SLOWEST_US:,.0f})"
        raise ModelRefusedError(Refusal.TOO_SLOW, told)


def _batched(model: OnnxModel, given: Singles) -> dict[str, Singles]:
    """Outputs of many rows."""
    with _patience(model) as options:
        said = [model.run(given[n : n + GATE_BATCH], options) for n in range(0, len(given), GATE_BATCH)]
    return {name: np.concatenate([one[name] for one in said]) for name in said[0]}


@contextmanager
def _patience(model: OnnxModel) -> Iterator[ort.RunOptions]:
    """Options of runs that end when they have taken too long together."""
    import onnxruntime as ort  # noqa: PLC0415 (a flow without models does not wait for it)

    options = ort.RunOptions()
    timer = Timer(PATIENCE_S, setattr, (options, "terminate", True))
    timer.daemon = True
    timer.start()
    try:
        yield options
    except ModelRefusedError as error:
        if options.terminate:
            told = f"{model.title} did not answer within {PATIENCE_S:g} s"
            raise ModelRefusedError(Refusal.TOO_SLOW, told) from error
        raise
    finally:
        timer.cancel()
