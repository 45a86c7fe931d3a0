"""Verbs of `esi alerts` about receivers: list, store, test, deliver again."""

# ruff: noqa: PLC0415 - a process loads only the packages of its own part

from __future__ import annotations

import json
import sys
import time
import tomllib
from pathlib import Path
from typing import Annotated

import typer

from deploy.alert_tools import (
    AlertsCommandError,
    carried_out,
    database,
    printed,
    settings_of,
)
from deploy.options import Data, Json, Postgres

verbs = typer.Typer()

TEST_WITHIN_S = 20.0


@verbs.command()
def receivers(as_json: Json = False, data: Data = None, postgres_url: Postgres = None) -> None:
    """Lists the receivers, without their secrets."""
    from api.alerting import console

    rows = carried_out(console.receivers(database(data, postgres_url)))
    printed(rows, ("name", "kind", "enabled", "failures", "resting"), as_json=as_json)


@verbs.command()
def receiver(
    name: Annotated[str, typer.Argument(help="What it is called.")],
    file: Annotated[Path, typer.Argument(help="Its settings as TOML, secrets included; - for standard input.")],
    data: Data = None,
    postgres_url: Postgres = None,
) -> None:
    """Stores a receiver; its secrets are encrypted."""
    from api.alerting import console
    from api.alerting.guard import Guard
    from api.alerting.vault import Vault
    from deploy.api_config import allowed_networks
    from deploy.plan import alerts_key
    from deploy.verbs import keys

    settings = settings_of(data_dir=data)
    text = sys.stdin.read() if str(file) == "-" else file.read_text()
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        msg = f"{file}: {error}"
        raise AlertsCommandError(msg) from error
    vault = Vault(keys(settings) or (alerts_key(settings),))
    guard = Guard(allowed_networks(settings))
    carried_out(console.save_receiver(database(data, postgres_url), name, said, vault, guard))
    typer.echo(f"Stored. `esi alerts test {name}` tries it.")


@verbs.command("test")
def try_out(
    name: Annotated[str, typer.Argument(help="Of the receiver.")], data: Data = None, postgres_url: Postgres = None
) -> None:
    """Sends a test, and says what came of it."""
    from api.alerting import console

    url = database(data, postgres_url)
    message, deadline = carried_out(console.test_receiver(url, name)), time.monotonic() + TEST_WITHIN_S
    while time.monotonic() < deadline:
        if found := carried_out(console.outcome(url, message)):
            typer.echo(json.dumps(found))
            raise typer.Exit(0 if found["outcome"] == "sent" else 1)
        time.sleep(0.2)
    raise AlertsCommandError("nobody has tried to deliver it: is `esi alerts` running?")


@verbs.command()
def redeliver(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[MESSAGE]...", help="Ids of dead letters.")] = None,
    receiver: Annotated[str | None, typer.Option(help="Those of one receiver.")] = None,
    data: Data = None,
    postgres_url: Postgres = None,
) -> None:
    """Sends dead letters again: these, those of a receiver, or all."""
    from api.alerting import console

    typer.echo(
        f"{carried_out(console.redeliver(database(data, postgres_url), ids or [], receiver))} will be sent again."
    )
