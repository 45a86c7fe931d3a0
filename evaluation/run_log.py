"""What is kept of a training: states between epochs, losses as JSON and as a plot, and MLflow where it is wanted."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from evaluation.report import MissingPackageError
from models.registry.manifest import put

TRACKING = "MLFLOW_TRACKING_URI"


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
    from matplotlib.figure import Figure  # noqa: PLC0415 - training goes on without it

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
    figure.savefig(drawn, format="svg", metadata={"Date": None})
    return drawn.getvalue()


def require_tracking() -> None:
    """Makes sure that MLflow is there if it is asked for.

    Raises:
        MissingPackageError: it is asked for and not installed.
    """
    if os.environ.get(TRACKING) and find_spec("mlflow") is None:
        msg = f"{TRACKING} is set and mlflow is not installed: pip install mlflow-skinny, or unset {TRACKING}"
        raise MissingPackageError(msg)


@contextmanager
def tracked(market: str, name: str, parameters: Mapping[str, Any]) -> Iterator[Any]:
    """A run of MLflow where `MLFLOW_TRACKING_URI` is set, None elsewhere."""
    if not os.environ.get(TRACKING):
        yield None
        return
    import mlflow  # noqa: PLC0415 - only who asks for it has it

    mlflow.set_tracking_uri(os.environ[TRACKING])
    mlflow.set_experiment(f"esi {market}")
    with mlflow.start_run(run_name=name):
        mlflow.log_params(dict(parameters))
        yield mlflow


def track_fold(run: Any, number: int, losses: list[Any]) -> None:
    """The last epoch's losses."""
    if run is not None and losses:
        last = losses[-1]
        names = {f"fold_{number}/taught": last.taught, f"fold_{number}/checked": last.checked}
        run.log_metrics(names, step=len(losses))


def track_end(run: Any, metrics: Mapping[str, float], folder: Path) -> None:
    """Metrics of the gate and the log's files."""
    if run is None:
        return
    run.log_metrics(dict(metrics))
    for file in (folder / "report.json", folder / "losses.svg"):
        if file.exists():
            run.log_artifact(str(file))
