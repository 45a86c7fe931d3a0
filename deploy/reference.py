"""`esi reference`: builds, shows and verifies the reference artifact of a market."""

# ruff: noqa: PLC0415 - a process loads only the packages of its own part

from __future__ import annotations

import json
import sys
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from deploy.evaluate import progress
from deploy.files import write_whole
from schemas.market_file import MarketFileError, load
from schemas.reference import SUFFIX, Manifest, ReferenceFileError

if TYPE_CHECKING:
    from evaluation.comparison import Verdict

app = typer.Typer(
    help="The reference artifact of a market: its state after its history, and its own finals since the beginning.",
    no_args_is_help=True,
    add_completion=False,
)

Artifact = Annotated[Path, typer.Argument(metavar="FILE", help="The artifact.")]
Macro = Annotated[Path | None, typer.Option(help="Folder of NAME.csv with date,value.")]
MarketName = Annotated[str, typer.Option("--market", help="Name, or file.")]


@app.command()
def build(
    inputs: Annotated[Path, typer.Option(help="CSV (or .csv.gz): first column the date, a column an instrument.")],
    market: MarketName = "us",
    macro: Macro = None,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last session; default: all.")] = None,
    out: Annotated[Path | None, typer.Option(help="File to write; default: MARKET.reference.")] = None,
) -> None:
    """Runs the cores over a panel and keeps where they end."""
    from evaluation import reference
    from evaluation.faults import InputError

    try:
        said = load(market)
        made = reference.build(said, inputs, macro, until.date() if until else None, partial(progress, "periods"))
    except (InputError, MarketFileError) as error:
        _fail("build", error)
    file = out or Path(f"{said.name}{SUFFIX}")
    raw = reference.encode(made)
    write_whole(file, raw)
    typer.echo(f"{file}: {len(raw) / 1e6:.2f} MB, {_sentence(made.manifest)}")


@app.command()
def show(
    file: Artifact,
    as_json: Annotated[bool, typer.Option("--json", help="Print the manifest as one JSON line.")] = False,
) -> None:
    """Says what an artifact is and what made it."""
    from schemas.reference import manifest_of

    try:
        manifest = manifest_of(file)
    except ReferenceFileError as error:
        _fail("show", error)
    told = {"file": str(file), "bytes": file.stat().st_size, **_as_dict(manifest)}
    if as_json:
        typer.echo(json.dumps(told))
    else:
        told["probe"] = f"{len(manifest.probe)} numbers of the sessions that follow, for `esi reference verify`"
        for name, value in told.items():
            for line in (f"{key}: {item}" for key, item in value.items()) if isinstance(value, dict) else [value]:
                typer.echo(f"{name:<10} {line}")


@app.command()
def verify(
    file: Artifact,
    inputs: Annotated[Path | None, typer.Option(help="The panel that it was built from: builds it again.")] = None,
    macro: Macro = None,
    market: Annotated[str | None, typer.Option(help="Name, or file; default: the market of the artifact.")] = None,
) -> None:
    """Checks parts, hash chain and code; with --inputs builds it again. Exit status 1 if it does not hold."""
    from evaluation import reference
    from evaluation.faults import InputError

    try:
        found = reference.load(file)
        typer.echo(f"{file}: whole, and its hash chain holds: {_sentence(found.manifest)}")
        said = load(market or found.manifest.market)
        reference.check_code(found, said)
        typer.echo("This release goes on from it as the one did that built it.")
        if inputs is not None:
            _judge(reference.verify(found, said, inputs, macro, partial(progress, "periods")))
    except (InputError, MarketFileError, ReferenceFileError) as error:
        _fail("verify", error)


def _judge(verdict: Verdict) -> None:
    """Says how the two compare; ends with status 1 if they should be closer."""
    if verdict.identical:
        typer.echo("Built again from its inputs: the same bytes.")
        return
    machine = "the same type" if verdict.same_machine else "another type"
    apart = f"numbers differ by {verdict.largest:.1e} at most"
    if verdict.differs:
        apart += f"; these differ altogether: {', '.join(verdict.differs)}"
    typer.echo(f"Built again on {machine} of CPU, Python and libraries: {apart}.")
    if not verdict.holds:
        wanted = "the same bytes" if verdict.same_machine else "1e-9 at most"
        typer.echo(f"It does not hold: {wanted} were wanted. The code that computes has changed: build it anew.")
        raise typer.Exit(1)


def _sentence(manifest: Manifest) -> str:
    return (
        f"{manifest.finals:,} finals of {manifest.market} from {_day(manifest.first)} to {_day(manifest.last)}, "
        f"version {manifest.version}"
    )


def _day(at: str) -> date:
    return date.fromisoformat(at[:10])


def _as_dict(manifest: Manifest) -> dict[str, Any]:
    import msgspec

    told: dict[str, Any] = msgspec.to_builtins(manifest)
    told["members"] = {name: f"{one['size']:,} bytes, {one['sha256']}" for name, one in told["members"].items()}
    return told


def _fail(verb: str, error: Exception) -> NoReturn:
    sys.stderr.write(f"\nesi reference {verb}: {error}\n")
    raise typer.Exit(1) from error
