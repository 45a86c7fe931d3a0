"""`esi train`: networks taught on a market's past, judged walk-forward, and entered into the registry."""

# ruff: noqa: PLC0415 - a process loads only the packages of its own part
# ruff: noqa: PLR0917 - a verb's parameters are its flags
from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.evaluate import progress
from deploy.options import Data
from schemas.market_file import MarketFileError, load

NAMES = ("lstm", "transformer", "vae")
HOW = "pip install -c constraints.txt -e '.[train]'; docs/forecast.md says how to get a small torch, for CPUs"


def train(
    market: Annotated[str, typer.Option(help="Name, or file.")] = "us",
    inputs: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="CSV (or .csv.gz) of daily values; us-open has a history of its own."),
    ] = None,
    macro: Annotated[Path | None, typer.Option(file_okay=False, help="Folder of NAME.csv with date,value.")] = None,
    models: Annotated[str, typer.Option(help="Which, by commas.")] = ",".join(NAMES),
    registry: Annotated[Path | None, typer.Option(file_okay=False, help="Where models go; as flows read it.")] = None,
    seed: Annotated[int, typer.Option(help="Of weights, order and dropout.")] = 1,
    folds: Annotated[int, typer.Option(min=1, help="Blocks that are judged, one after another.")] = 4,
    epochs: Annotated[int, typer.Option(min=1, help="At most, of each block.")] = 40,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    threads: Annotated[int, typer.Option(min=1, help="Of the CPU.")] = 1,
    resume: Annotated[bool, typer.Option(help="Go on where a training fell; the same models come of it.")] = False,
    data: Data = None,
) -> None:
    """Teaches networks on windows of a market's past; needs the extra `train` (torch)."""
    chosen = _chosen(models)
    if find_spec("torch") is None or find_spec("onnxscript") is None:
        _fail(f"torch and onnxscript are needed and not installed: {HOW}")
    from evaluation.faults import InputError
    from evaluation.report import MissingPackageError
    from evaluation.teaching import Plan, TeachingError, Watching, teach

    plan = Plan(chosen, _registry(registry, data), seed, folds, epochs, device, threads, resume)
    watching = Watching(lambda *n: progress("periods", *n), _told, lambda: datetime.now(UTC), time.perf_counter_ns)
    try:
        read = load(market)
        for place, entry in teach(read, _panel(read, inputs, macro), plan, watching):
            figures = ", ".join(f"{what} {value:.4g}" for what, value in entry.metrics.items())
            typer.echo(f"{entry.name} {entry.version}: {figures}: {place}")
    except (InputError, MarketFileError, MissingPackageError, TeachingError) as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"{error}; what was entered stays, go on with --resume")


def _panel(market: Any, inputs: Path | None, macro: Path | None) -> Any:
    """The panel of files, or of the history that us-open ships with."""
    from evaluation import panel

    if inputs is not None:
        return panel.read(market, inputs, macro)
    if market.name != "us-open":
        _fail(f"{market.name} has no history that ships: give --inputs PANEL.csv (first column the date)")
    from dataflows.sources.history import bars

    return panel.of_bars(market, bars(market))


def _registry(given: Path | None, data: Path | None) -> Path:
    from deploy.settings import load as settings

    found: Path = settings({"data_dir": data, "registry": given}).registry_dir
    return found


def _chosen(models: str) -> tuple[str, ...]:
    chosen = tuple(name.strip() for name in models.split(",") if name.strip())
    if not chosen or set(chosen) - set(NAMES):
        _fail(f"--models {models!r}: give some of {', '.join(NAMES)}")
    return chosen


def _told(name: str, fold: int, folds: int, losses: list[Any]) -> None:
    """One line that moves, on standard error."""
    last = losses[-1]
    where = f"\r{name}: block {fold} of {folds}, epoch {len(losses)}"
    sys.stderr.write(f"{where}: taught {last.taught:.5f}, checked {last.checked:.5f}   ")
    sys.stderr.flush()


def _fail(text: str) -> None:
    sys.stderr.write(f"\nesi train: {text}\n")
    raise typer.Exit(1)
