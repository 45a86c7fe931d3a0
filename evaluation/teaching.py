"""From a panel to models in a registry: lessons, then each network taught, judged, exported and entered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import torch

from evaluation import run_log
from evaluation.enrolment import enrol, model_name
from evaluation.lessons import Lessons, lessons
from evaluation.panel import Panel
from evaluation.splits import TooShortError
from evaluation.training import Request, Told, fingerprint, forget, train
from evaluation.walks import moments
from models.deep.fitting import NotFiniteError, Recipe
from models.registry import manifest
from models.registry.manifest import Manifest, put
from models.registry.refusals import ModelRefusedError
from models.serving.pace import Clock
from schemas.market import Market

ENTERED = "entered"
"""Beside the states of a fit: of what the last model was made, and its version."""


class TeachingError(RuntimeError):
    """No model came of it; the message says why and what to do."""


@dataclass(frozen=True)
class Plan:
    """How models are taught.

    Attributes:
        networks: names in the catalogue.
        registry: where models go.
        seed: of weights, order and dropout.
        folds: blocks that are judged.
        epochs: of a block, at most.
        device: `cpu` or `cuda`.
        threads: of the CPU.
        resume: whether a training that fell goes on from there; a model that came of the same before stays.
    """

    networks: Sequence[str]
    registry: Path
    seed: int = 1
    folds: int = 4
    epochs: int = 40
    device: str = "cpu"
    threads: int = 1
    resume: bool = False


@dataclass(frozen=True)
class Watching:
    """Who is told, and who tells the time.

    Attributes:
        periods: told periods read, and of how many.
        epochs: told of every epoch, as `training.Told`.
        warn: told what goes wrong without ending the training.
        now: the time.
        clock: nanoseconds, for the check of pace.
    """

    periods: Callable[[int, int], None]
    epochs: Told
    warn: Callable[[str], object]
    now: Callable[[], datetime]
    clock: Clock


def teach(market: Market, panel: Panel, plan: Plan, watching: Watching) -> Iterator[tuple[Path, Manifest]]:
    """Each model's folder and manifest as soon as it is in the registry.

    Raises:
        TeachingError: too few lessons, a loss that is no number, a model that would not be admitted, no such device.
        MissingPackageError: MLflow is asked for and not installed.
        OSError: the disk has no room; models that were entered stay.
    """
    run_log.require_tracking()
    _check_device(plan.device)
    torch.set_num_threads(plan.threads)
    given = lessons(market, moments(market, panel, watching.periods), market.horizon_periods)
    for network in plan.networks:
        try:
            yield _taught(_request(market, plan, network, watching.warn), plan.registry, network, given, watching)
        except (ModelRefusedError, NotFiniteError, TooShortError, run_log.TrackingError) as error:
            raise TeachingError(str(error)) from error


def _taught(
    request: Request, registry: Path, network: str, given: Lessons, watching: Watching
) -> tuple[Path, Manifest]:
    """The model of a network: the one that came of the same before, or a new one."""
    file, made_of = request.kept / ENTERED, fingerprint(request, network, given)
    if request.resume and (known := _entered(registry, file, made_of)):
        return known
    trained = train(request, network, given, watching.epochs)
    place, entry = enrol(registry, request.market, given, trained, now=watching.now(), clock=watching.clock)
    put(file, f"{made_of} {entry.version}".encode())
    forget(request)
    return place, entry


def _entered(registry: Path, file: Path, made_of: str) -> tuple[Path, Manifest] | None:
    """What came of the same before, if it is still there and whole."""
    try:
        before, version = file.read_text().split()
        place = registry / file.parent.name / version
        entry = manifest.read(place)
        manifest.verify(place, entry)
    except (OSError, ValueError, ModelRefusedError):
        return None
    return (place, entry) if before == made_of else None


def _request(market: Market, plan: Plan, network: str, warn: run_log.Warn) -> Request:
    kept = plan.registry / ".training" / model_name(market, network)
    recipe = Recipe(seed=plan.seed, epochs=plan.epochs)
    return Request(market, kept, recipe, plan.folds, plan.device, plan.resume, warn)


def _check_device(device: str) -> None:
    if device.startswith("cuda") and not torch.cuda.is_available():
        msg = "no CUDA device is seen: give --device cpu, or install a build of torch for your driver"
        raise TeachingError(msg)
    if device != "cpu" and not device.startswith("cuda"):
        msg = f"--device {device!r}: give cpu or cuda"
        raise TeachingError(msg)
