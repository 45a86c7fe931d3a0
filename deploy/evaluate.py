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

_Out = Annotated[Path, typer.Option(help="Folder for readings.csv and report.json.")]


def evaluate(
    inputs: Annotated[Path, typer.Option(help="CSV (or .csv.gz): first column the date, a column an instrument.")],
    out: _Out,
    market: Annotated[str, typer.Option(help="Name, or file.")] = "us",
    macro: Annotated[Path | None, typer.Option(help="Folder of NAME.csv with date,value.")] = None,
    reference: Annotated[list[str] | None, typer.Option(metavar="NAME=FILE", help="A published index.")] = None,
    forecasts: Annotated[bool, typer.Option(help="Judge forecasts too, walk-forward; takes a few minutes.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as one JSON line.")] = False,
) -> None:
    """Runs the cores over a panel and says how the index agrees with published ones."""
    from evaluation.evaluate import evaluate as run
    from evaluation.faults import InputError

    try:
        rulers = _references(reference or [])
        chosen = load(market)
        report = run(chosen, inputs, out, macro=macro, references=rulers, forecasts=forecasts, progress=_progress)
    except (InputError, MarketFileError) as error:
        sys.stderr.write(f"\nesi evaluate: {error}\n")
        raise typer.Exit(1) from error
    if as_json:
        typer.echo(json.dumps(report))
    else:
        typer.echo(f"{report['finals']} finals from {report['first']} to {report['last']}: {out / 'readings.csv'}")


def _references(given: list[str]) -> dict[str, Path]:
    """`NAME=FILE` of each.

    Raises:
        typer.BadParameter: one without a name or a file.
    """
    pairs = [text.partition("=") for text in given]
    for text, (name, _, file) in zip(given, pairs, strict=True):
        if not name or not file:
            msg = f"{text!r}: write NAME=FILE, such as STLFSI4=STLFSI4.csv"
            raise typer.BadParameter(msg)
    return {name: Path(file) for name, _, file in pairs}


def _progress(done: int, of: int) -> None:
    """One line that moves, on standard error."""
    sys.stderr.write(f"\r{done} of {of} periods" + ("\n" if done == of else ""))
    sys.stderr.flush()
