"""Networks taught of a market, walk-forward: judged where they were not taught, and put into a registry."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from evaluation import judging, run_log
from evaluation.lessons import Lessons
from evaluation.splits import Split, splits
from models.deep.catalogue import NETWORKS, Examples, Network
from models.deep.export import said
from models.deep.fitting import Losses, Progress, Recipe, fit
from schemas.market import Market

JUDGED_FROM: Final = 0.25
"""Part of the lessons before the first that is judged."""

AT_ONCE: Final = 256

Told = Callable[[str, int, int, list[Losses]], None]
"""Told the network's name, its fold, of how many, and the losses so far after every epoch."""


@dataclass(frozen=True)
class Request:
    """What is to be taught.

    Attributes:
        market: the market.
        recipe: how.
        folds: judged blocks; the network of the last one is what is exported, its block is the gate set.
        device: `cpu` or `cuda`.
        kept: folder of states between epochs; those of other lessons or recipes are not taken up.
        resume: whether a training that fell goes on from there.
        warn: told what goes wrong without ending the training.
    """

    market: Market
    kept: Path
    recipe: Recipe = field(default_factory=Recipe)
    folds: int = 4
    device: str = "cpu"
    resume: bool = False
    warn: run_log.Warn = lambda _text: None


@dataclass(frozen=True)
class Trained:
    """A network with what became of it.

    Attributes:
        name: in the catalogue.
        network: what it is.
        last: the fit of the last fold.
        split: places of that fold.
        log: `name`, `recipe`, `folds` (losses and spans), `judged` as `judging.judge` says.
    """

    name: str
    network: Network
    last: Progress
    split: Split
    log: dict[str, Any]


def examples(network: Network, given: Lessons) -> Examples:
    """Lessons as a network reads them."""
    inputs = given.windows if network.kind == "forecast" else given.rows
    return Examples(torch.from_numpy(np.ascontiguousarray(inputs)), torch.from_numpy(given.change))


def train(request: Request, name: str, given: Lessons, told: Told = lambda *_: None) -> Trained:
    """Teaches one network on every fold.

    Raises:
        TooShortError: too few lessons.
        NotFiniteError: a loss is no number.
        TrackingError: MLflow is asked for and does not answer.
        OSError: a state cannot be kept.
    """
    network, parts = NETWORKS[name], _parts(request, given)
    answers, folds = [], []
    if not request.resume:
        forget(request)
    with run_log.tracked(request.market.name, name, _parameters(request), request.warn) as run:
        for number, split in enumerate(parts):
            at = _fitted(request, name, given, split, partial(_tell, run, told, (name, number + 1, request.folds)))
            answers.append(_answers(network, at, given.of(split.judged)))
            folds.append(_fold(at, given, split))
        judged = judging.judge(network.kind, given.of(np.concatenate([p.judged for p in parts])), answers)
        log = {"name": name, "market": request.market.name, "recipe": _parameters(request), "folds": folds}
        log["judged"] = judged
        run_log.write(made(request.kept), log)
        run.end(judging.metrics(judged), request.kept)
    return Trained(name, network, at, parts[-1], log)


def forget(request: Request) -> None:
    """Takes the states of fits away: they are only good for going on."""
    for state in request.kept.glob("*.pt"):
        state.unlink(missing_ok=True)


def fingerprint(request: Request, name: str, given: Lessons) -> str:
    """Of all that a model is made of: the same one gives the same model."""
    network, found = NETWORKS[name], hashlib.sha256()
    for split in _parts(request, given):
        found.update(_key(request, network, *_parted(network, given, split)).encode())
        found.update(given.of(split.judged).windows.tobytes())
    return found.hexdigest()[:16]


def made(folder: Path) -> Path:
    """The folder, which is there now."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _parts(request: Request, given: Lessons) -> list[Split]:
    return list(splits(given.at_us, given.due_us, int(JUDGED_FROM * len(given)), request.folds))


def _tell(run: run_log.Run, told: Told, where: tuple[str, int, int], losses: list[Losses]) -> None:
    run.fold(where[1], losses)
    told(*where, losses)


def _fitted(
    request: Request, name: str, given: Lessons, split: Split, told: Callable[[list[Losses]], None]
) -> Progress:
    network = NETWORKS[name]
    taught, checked = _parted(network, given, split)
    keeper = run_log.FileKeeper(made(request.kept) / f"{name}-{_key(request, network, taught, checked)}.pt")
    return fit(network, taught, checked, request.recipe, device=request.device, keeper=keeper, told=told)


def _parted(network: Network, given: Lessons, split: Split) -> tuple[Examples, Examples]:
    """What it is taught and checked by."""
    return examples(network, given.of(split.taught)), examples(network, given.of(split.checked))


def _key(request: Request, network: Network, taught: Examples, checked: Examples) -> str:
    """Of what a fit is made: another panel, recipe, fold or network is another fit."""
    found = hashlib.sha256(f"{request.recipe!r} {network.build(taught)!r} {torch.__version__}".encode())
    for part in (taught.inputs, taught.labels, checked.inputs, checked.labels):
        found.update(part.numpy().tobytes())
    return found.hexdigest()[:16]


def _answers(network: Network, at: Progress, given: Lessons) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Quantiles in points, or surprises."""
    inputs, name = examples(network, given).inputs, "quantiles" if network.kind == "forecast" else "surprise"
    parts = [said(at.model, network.kind, some)[name] for some in inputs.split(AT_ONCE)]
    found = np.concatenate(parts).astype(np.float64)
    return found * given.scale[:, None] if network.kind == "forecast" else found


def _fold(at: Progress, given: Lessons, split: Split) -> dict[str, Any]:
    return {
        "taught": len(split.taught), "checked": len(split.checked), "judged": len(split.judged),
        "from": judging.day(given.at_us[split.judged[0]]), "to": judging.day(given.at_us[split.judged[-1]]),
        "best_epoch": at.best_epoch, "losses": [one._asdict() for one in at.losses],
    }  # fmt: skip


def _parameters(request: Request) -> dict[str, Any]:
    return {**vars(request.recipe), "folds": request.folds, "device": request.device}
