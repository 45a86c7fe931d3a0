"""What is kept of a training: states between epochs, losses as JSON and as a plot, and MLflow where it is wanted."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from evaluation.report import MissingPackageError
from models.registry.manifest import put

TRACKING = "MLFLOW_TRACKING_URI"

Warn = Callable[[str], object]
"""Told a sentence for people."""


@dataclass(frozen=True)
class FileKeeper:
    """Keeps a fit in one file that is whole or not there; one that cannot be read is begun anew."""

    file: Path

    def load(self) -> dict[str, Any] | None:
        """As `Keeper.load`; nothing in the file is run."""
        try:
            state: dict[str, Any] = torch.load(self.file, weights_only=True, map_location="cpu")
        except FileNotFoundError:
            return None
        except Exception:  # pickle, zip and torch each have their own; what is lost is some epochs
            return None
        return state

    def save(self, state: dict[str, Any]) -> None:
        """As `Keeper.save`.

        Raises:
            OSError: the disk has no room.
        """
        raw = io.BytesIO()
        torch.save(state, raw)
        put(self.file, raw.getvalue())


def write(folder: Path, log: Mapping[str, Any]) -> None:
    """`report.json`, and `losses.svg` where matplotlib is installed.

    Raises:
        OSError: the disk has no room.
    """
    put(folder / "report.json", json.dumps(log, indent=1, allow_nan=False).encode() + b"\n")
    if find_spec("matplotlib") is not None:
        put(folder / "losses.svg", _plot(log))


def _plot(log: Mapping[str, Any]) -> bytes:
    from matplotlib import rc_context  # noqa: PLC0415 - training goes on without it
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(8, 3.2), layout="constrained")
    ax = figure.subplots()
    for number, fold in enumerate(log["folds"]):
        for name, style in (("taught", "--"), ("checked", "-")):
            losses = [one[name] for one in fold["losses"]]
            ax.plot(range(1, len(losses) + 1), losses, style, color=f"C{number}", label=f"{name} {fold['from'][:4]}")
        ax.axvline(max(fold["best_epoch"], 0.5), color=f"C{number}", linewidth=0.5)
    ax.set(xlabel="epoch", ylabel="loss", title=f"{log['name']}: dashed taught, solid checked, line at the best epoch")
    ax.legend(fontsize=7, ncols=2)
    drawn = io.BytesIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "esi"}):  # small, and the same for the same losses
        figure.savefig(drawn, format="svg", metadata={"Date": None})
    return drawn.getvalue()


def require_tracking() -> None:
    """Makes sure that MLflow is there if it is asked for.

    Raises:
        MissingPackageError: it is asked for and not installed.
    """
    if os.environ.get(TRACKING) and find_spec("mlflow") is None:
        how = "pip install -c constraints.txt -e '.[track]'"
        msg = f"{TRACKING} is set and mlflow is not installed: {how}, or unset {TRACKING}"
        raise MissingPackageError(msg)


class TrackingError(RuntimeError):
    """MLflow is asked for and does not answer; the message says what to do."""


class Run:
    """A run of MLflow, or none. A store that fails on the way costs the record, not the training: it is told once."""

    def __init__(self, mlflow: Any = None, warn: Warn = print) -> None:
        self._mlflow, self._warn = mlflow, warn

    def fold(self, number: int, losses: list[Any]) -> None:
        """The last epoch's losses."""
        if losses:
            last = losses[-1]
            names = {f"fold_{number}/taught": last.taught, f"fold_{number}/checked": last.checked}
            self._tell(lambda mlflow: mlflow.log_metrics(names, step=len(losses)))

    def end(self, metrics: Mapping[str, float], folder: Path) -> None:
        """Metrics of what was judged, and the log's files."""
        self._tell(lambda mlflow: mlflow.log_metrics(dict(metrics)))
        for file in (folder / "report.json", folder / "losses.svg"):
            if file.exists():
                self._tell(partial(_artifact, str(file)))

    def _tell(self, what: Callable[[Any], None]) -> None:
        if self._mlflow is None:
            return
        try:
            what(self._mlflow)
        except Exception as error:  # of HTTP, of SQL, of the disk: each store has its own
            self._mlflow = None
            self._warn(f"MLflow takes no more of this run, training goes on: {error}")


def _artifact(file: str, mlflow: Any) -> None:
    mlflow.log_artifact(file)


@contextmanager
def tracked(market: str, name: str, parameters: Mapping[str, Any], warn: Warn) -> Iterator[Run]:
    """A run of MLflow where `MLFLOW_TRACKING_URI` is set, one that keeps nothing elsewhere.

    Raises:
        TrackingError: the store cannot be used at all; better known before a training than after it.
    """
    if not os.environ.get(TRACKING):
        yield Run()
        return
    import mlflow  # noqa: PLC0415 - only who asks for it has it

    try:
        mlflow.set_tracking_uri(os.environ[TRACKING])
        mlflow.set_experiment(f"esi {market}")
        mlflow.start_run(run_name=name)
        mlflow.log_params(dict(parameters))
    except Exception as error:  # as above
        msg = f"MLflow cannot be reached by {TRACKING}: {error}; see that it runs, or unset {TRACKING}"
        raise TrackingError(msg) from error
    status = "FAILED"
    try:
        yield Run(mlflow, warn)
        status = "FINISHED"
    finally:
        with suppress(Exception):  # as above: what was taught is not lost for it
            mlflow.end_run(status)
