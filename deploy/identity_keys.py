"""`esi keys` and `esi audit-log`: keys of services, and who did what, from a terminal that reaches the database."""

# ruff: noqa: PLC0415 - a process loads only the packages of its own part
from __future__ import annotations

import json
from typing import Annotated

import typer

from deploy.alert_tools import carried_out, database, printed, settings_of
from deploy.options import Data, Json, Postgres

app = typer.Typer(
    help="Keys of services, and those that sign tokens.", no_args_is_help=True, add_completion=False,
    rich_markup_mode=None,
)  # fmt: skip
log = typer.Typer(
    help="The audit log: who did what, when, from where.", no_args_is_help=True, add_completion=False,
    rich_markup_mode=None,
)  # fmt: skip


@app.command("list")
def list_keys(as_json: Json = False, data: Data = None, postgres_url: Postgres = None) -> None:
    """Lists the API keys that hold."""
    from api.identity import console

    rows = carried_out(console.list_keys(database(data, postgres_url)))
    printed(rows, ("prefix", "name", "scopes", "expires_at"), as_json=as_json)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="What it is for.")],
    scope: Annotated[list[str], typer.Option(help="A scope, such as index:read; repeat it for several.")],
    days: Annotated[int | None, typer.Option(min=1, max=3_650, help="After which it ends.")] = None,
    data: Data = None,
    postgres_url: Postgres = None,
) -> None:
    """Makes an API key and prints it, this once."""
    from api.identity import console

    typer.echo(carried_out(console.add_key(database(data, postgres_url), name, scope, days)))


@app.command()
def revoke(
    prefix: Annotated[str, typer.Argument(help="Its prefix.")], data: Data = None, postgres_url: Postgres = None
) -> None:
    """Ends an API key."""
    from api.identity import console

    carried_out(console.revoke_key(database(data, postgres_url), prefix))
    typer.echo("Revoked.")


@app.command()
def rotate(data: Data = None, postgres_url: Postgres = None) -> None:
    """Makes a new key that signs tokens; those signed before hold until they end."""
    from api.identity import console
    from deploy.plan import alerts_key
    from deploy.verbs import keys

    settings = settings_of(data_dir=data)
    sealing = keys(settings) or (alerts_key(settings),)
    typer.echo(
        f"Tokens are signed by {carried_out(console.rotate(database(data, postgres_url), sealing))} from now on."
    )


@log.command()
def export(data: Data = None, postgres_url: Postgres = None) -> None:
    """Prints the audit log, one JSON object a line, the oldest first."""
    from api.identity import console

    for entry in carried_out(console.log(database(data, postgres_url))):
        typer.echo(json.dumps(entry))


@log.command()
def verify(data: Data = None, postgres_url: Postgres = None) -> None:
    """Computes the log's chain of hashes again. Exit status 1 if an entry was changed or removed."""
    from api.identity import console

    found = carried_out(console.verify_log(database(data, postgres_url)))
    if found.broken_at is not None:
        typer.echo(f"Entry {found.broken_at} was changed, or one before it was removed.", err=True)
        raise typer.Exit(1)
    typer.echo(f"{found.entries} entries hold. Note elsewhere: {found.last.hex()}")
