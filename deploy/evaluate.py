"""`esi evaluate`: a market over a panel of daily values, off line."""

# ruff: noqa: PLC0415 - a process loads only the packages of its own part
# ruff: noqa: PLR0917 - a verb's parameters are its flags
from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from schemas.market_file import MarketFileError, load

_Inputs = Annotated[
    Path,
    typer.Option(dir_okay=False, help="CSV (or .csv.gz): first column the date, a column an instrument."),
]
_Out = Annotated[Path, typer.Option(file_okay=False, help="Folder for readings.csv, report.json and report.html.")]
_Macro = Annotated[Path | None, typer.Option(file_okay=False, help="Folder of NAME.csv with date,value.")]
_References = Annotated[list[str] | None, typer.Option(metavar="NAME=FILE", help="A published index.")]
_Events = Annotated[
    Path | None, typer.Option(dir_okay=False, help="CSV date,name,kind; by default the twenty that are shipped.")
]
_Robustness = Annotated[bool, typer.Option(help="Run what happens when inputs go wrong: as long again, or longer.")]
_Processes = Annotated[int | None, typer.Option(min=1, help="For robustness; by default one for each core.")]
_Plots = Annotated[bool, typer.Option(help="Draw plots into report.html; needs matplotlib.")]


def evaluate(
    inputs: _Inputs,
    out: _Out,
    market: Annotated[str, typer.Option(help="Name, or file.")] = "us",
    macro: _Macro = None,
    reference: _References = None,
    events: _Events = None,
    robustness: _Robustness = True,
    processes: _Processes = None,
    plots: _Plots = True,
    forecasts: Annotated[bool, typer.Option(help="Judge forecasts too, walk-forward; takes some minutes.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as one JSON line.")] = False,
) -> None:
    """Runs the cores over a panel: agreement with published indices, events, what bad inputs do."""
    from evaluation.evaluate import Request
    from evaluation.evaluate import evaluate as run
    from evaluation.events import SHIPPED
    from evaluation.faults import InputError
    from evaluation.report import MissingPackageError, require_forecasts, require_plots
    from evaluation.robustness import cores

    at_once = min(processes or cores(), cores()) if robustness else 0
    try:
        if plots:
            require_plots()
        if forecasts:
            require_forecasts()
        rulers = _references(reference or [])
        request = Request(load(market), inputs, out, macro, rulers, events or SHIPPED, at_once, plots, forecasts)
        report = run(request, progress)
    except (InputError, MarketFileError, MissingPackageError) as error:
        sys.stderr.write(f"\nesi evaluate: {error}\n")
        raise typer.Exit(1) from error
    except OSError as error:
        sys.stderr.write(f"\nesi evaluate: {out} cannot be written: {error}: name another folder with --out\n")
        raise typer.Exit(1) from error
    if report["missing"]:
        names = ", ".join(report["missing"])
        sys.stderr.write(f"{inputs}:1: no column {names}: add it, or what is made of it stays without data\n")
    said = f"{report['finals']} finals from {report['first']} to {report['last']}: {out / 'report.html'}"
    typer.echo(json.dumps(report) if as_json else said)


def _references(given: list[str]) -> dict[str, Path]:
    """`NAME=FILE` of each.

    Raises:
        typer.BadParameter: one without a name or a file, or a name that stands twice.
    """
    pairs = [text.partition("=") for text in given]
    for n, (text, (name, _, file)) in enumerate(zip(given, pairs, strict=True)):
        if not name or not file:
            msg = f"{text!r}: write NAME=FILE, such as STLFSI4=STLFSI4.csv"
            raise typer.BadParameter(msg)
        if name in [other for other, _, _ in pairs[:n]]:
            msg = f"{text!r}: {name} is given twice: name each reference once"
            raise typer.BadParameter(msg)
    return {name: Path(file) for name, _, file in pairs}


def progress(what: str, done: int, of: int) -> None:
    """One line that moves, on standard error."""
    sys.stderr.write(f"\r{done} of {of} {what}" + ("\n" if done == of else ""))
    sys.stderr.flush()
