"""`esi train`: networks taught on a market's past, judged walk-forward, and entered into the registry."""

# ruff: noqa: PLC0415 - a process loads only the packages of its own part
# ruff: noqa: PLR0917 - a verb's parameters are its flags
from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from deploy.console import Console
from deploy.options import Data, Kafka
from schemas.market_file import MarketFileError, load

if TYPE_CHECKING:
    from deploy.settings import Settings
    from evaluation.panel import Panel
    from evaluation.teaching import Plan
    from schemas.market import Market

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
    resume: Annotated[
        bool, typer.Option(help="Go on where a training of the same was stopped; --no-resume begins anew.")
    ] = True,
    seat: Annotated[
        bool,
        typer.Option(help="What is sound challenges the champion, or serves where nobody does; else only entered."),
    ] = True,
    data: Data = None,
    kafka_url: Kafka = None,
) -> None:
    """Teaches networks on windows of a market's past; needs the extra `train` (torch)."""
    chosen = _chosen(models)
    if find_spec("torch") is None or find_spec("onnxscript") is None:
        _fail(f"torch and onnxscript are needed and not installed: {HOW}")
    from evaluation.faults import InputError
    from evaluation.report import MissingPackageError
    from evaluation.teaching import Plan, TeachingError

    settings = _settings(registry, data, kafka_url)
    plan = Plan(chosen, settings.registry_dir, seed, folds, epochs, device, threads, resume)
    try:
        read = load(market)
        _teach(read, _panel(read, inputs, macro), plan, settings if seat else None)
    except (InputError, MarketFileError, MissingPackageError, TeachingError) as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"{error}; what was entered stays: make room, and the same command goes on where this one ended")
    except KeyboardInterrupt:
        sys.stderr.write("\nesi train: stopped; the same command goes on where this one ended\n")
        raise typer.Exit(130) from None


@dataclass
class _Shown:
    """How far it is, as one bar for the past and one for each network."""

    console: Console
    epochs: int
    network: str = ""

    def periods(self, done: int, of: int) -> None:
        """Periods that were read."""
        self.console.progress("Reading the past", done, of, "periods")
        if done == of:
            self.console.finish()

    def epoch(self, name: str, fold: int, folds: int, losses: list[Any]) -> None:
        """An epoch that was taught; early stopping lets the bar leap to the next block."""
        if name != self.network:
            self.console.finish()
            self.network = name
        last = losses[-1]
        text = f"block {fold} of {folds}, epoch {len(losses)}: taught {last.taught:.5f}, checked {last.checked:.5f}"
        self.console.progress(name, (fold - 1) + len(losses) / self.epochs, folds, text)


def _teach(market: Market, panel: Panel, plan: Plan, seats: Settings | None) -> None:
    """Shows how far it is, and says what came of it: on standard output a line for each model, and one of its seat."""
    from deploy.seating import seat
    from evaluation.teaching import Watching, teach

    with Console() as console:
        shown = _Shown(console, plan.epochs)
        clock = time.perf_counter_ns
        watching = Watching(shown.periods, shown.epoch, console.tell, lambda: datetime.now(UTC), clock)
        for place, entry in teach(market, panel, plan, watching):
            console.finish()
            figures = ", ".join(f"{what} {value:.4g}" for what, value in entry.metrics.items())
            typer.echo(f"{entry.name} {entry.version}: {figures}: {place}")
            if seats is not None:
                typer.echo(seat(seats, market, entry.name, entry.version))


def _panel(market: Market, inputs: Path | None, macro: Path | None) -> Panel:
    """The panel of files, or of the history that us-open ships with."""
    from evaluation import panel

    if inputs is not None:
        return panel.read(market, inputs, macro)
    if market.name != "us-open":
        _fail(f"{market.name} has no history that ships: give --inputs PANEL.csv (first column the date)")
    from dataflows.sources.history import bars

    return panel.of_bars(market, bars(market))


def _settings(registry: Path | None, data: Path | None, kafka_url: str | None) -> Settings:
    from deploy import logs
    from deploy.settings import load as settings

    found = settings({"data_dir": data, "registry": registry, "kafka_url": kafka_url})
    logs.configure("train", "warning", found.log_format)  # beside a bar
    return found


def _chosen(models: str) -> tuple[str, ...]:
    chosen = tuple(dict.fromkeys(name.strip() for name in models.split(",") if name.strip()))
    if not chosen or set(chosen) - set(NAMES):
        _fail(f"--models {models!r}: give some of {', '.join(NAMES)}")
    return chosen


def _fail(text: str) -> NoReturn:
    sys.stderr.write(f"\nesi train: {text}\n")
    raise typer.Exit(1)
