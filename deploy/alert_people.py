"""Verbs of `esi alerts` for people on duty: list, acknowledge, silence."""

# ruff: noqa: PLC0415 - a process loads only the packages of its own part
# ruff: noqa: PLR0917 - a verb's parameters are its flags
from __future__ import annotations

from typing import Annotated

import typer

from deploy.alert_tools import (
    USER,
    AlertsCommandError,
    Author,
    Market,
    carried_out,
    database,
    printed,
)
from deploy.options import Data, Json, Postgres
from schemas.duration import microseconds

verbs = typer.Typer()


@verbs.command("list")
def list_alerts(
    market: Market = None,
    everything: Annotated[bool, typer.Option("--all", help="Those that ended, too.")] = False,
    as_json: Json = False,
    data: Data = None,
    postgres_url: Postgres = None,
) -> None:
    """Lists the alerts that stand."""
    from api.alerting import console

    rows = carried_out(console.standing(database(data, postgres_url), market, everything=everything))
    printed(rows, ("id", "market", "severity", "state", "began_at", "rule", "unsent"), as_json=as_json)


@verbs.command()
def ack(
    alert: Annotated[str, typer.Argument(help="Its id.")],
    author: Author = USER,
    note: Annotated[str, typer.Option(help="What is done about it.")] = "",
    data: Data = None,
    postgres_url: Postgres = None,
) -> None:
    """Acknowledges an alert: it is not sent again until it ends."""
    from api.alerting import console

    carried_out(console.acknowledge(database(data, postgres_url), alert, author, note))
    typer.echo("Acknowledged.")


@verbs.command()
def silence(
    reason: Annotated[str, typer.Argument(help="Why.")],
    lasting: Annotated[str, typer.Option(help="For how long, such as 2h.")],
    market: Market = None,
    rule: Annotated[str | None, typer.Option(help="One rule only.")] = None,
    severity: Annotated[str | None, typer.Option(help="One severity only.")] = None,
    segment: Annotated[str | None, typer.Option(help="One segment only.")] = None,
    author: Author = USER,
    data: Data = None,
    postgres_url: Postgres = None,
) -> None:
    """Keeps alerts from being sent for a while; what still stands afterwards is sent then."""
    from api.alerting import console

    try:
        us = microseconds(lasting)
    except ValueError as error:
        raise AlertsCommandError(str(error)) from error
    if not 0 < us <= microseconds("366d"):
        raise AlertsCommandError("a silence lasts more than nothing and at most 366d")
    quiet = console.Quiet(author, reason, us, market, rule, severity, segment)
    typer.echo(f"Silent until {carried_out(console.silence(database(data, postgres_url), quiet))}.")
