"""`esi fit`: parameters of a market's models, fitted on a past that is over and written into its file."""

# ruff: noqa: PLC0415 - a process loads only the packages of its own part

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from schemas.market_file import MarketFileError, load, parse


def fit(
    inputs: Annotated[Path, typer.Option(help="CSV (or .csv.gz): first column the date, a column an instrument.")],
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Last day that the fit may know of.")],
    market: Annotated[str, typer.Option(help="Name, or file.")] = "us",
    write: Annotated[Path | None, typer.Option(metavar="FILE", help="Renew the lines of this market file.")] = None,
) -> None:
    """Fits the GARCH(1,1) of a market's indicators; readings after the last day then know nothing of the future."""
    from evaluation import fitting, panel
    from evaluation.faults import InputError

    try:
        chosen = load(market)
        fitted = fitting.fit(chosen, panel.read(chosen, inputs), until.date())
        if write is not None:
            text = fitting.rewritten(write.read_text(), fitted)
            parse(text.encode(), str(write))
            write.write_text(text)
    except (InputError, MarketFileError, OSError) as error:
        sys.stderr.write(f"esi fit: {error}\n")
        raise typer.Exit(1) from error
    for name, parameters in fitted.items():
        typer.echo(f"# {name}\n{fitting.line(parameters)}")
