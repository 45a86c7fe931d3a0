"""Verbs of `esi alerts` about rules: list, check, try over history, add."""

# ruff: noqa: PLC0415 - a process loads only the packages of its own part
# ruff: noqa: PLR0917 - a verb's parameters are its flags
from __future__ import annotations

import json
from typing import Annotated

import typer

from deploy.alert_tools import (
    USER,
    AlertsCommandError,
    Author,
    Market,
    carried_out,
    database,
    market_of,
    printed,
    rule_of,
)
from deploy.options import Data, Json, Postgres

verbs = typer.Typer()

InMarket = Annotated[str, typer.Option("--market", help="Name, or file, of the market.")]
Until = Annotated[str | None, typer.Option(help="Condition that ends the alert.")]
Condition = Annotated[str, typer.Argument(metavar="CONDITION", help="Such as 'index > 80 for 5m'.")]


@verbs.command()
def rules(market: Market = None, as_json: Json = False, data: Data = None, postgres_url: Postgres = None) -> None:
    """Lists the rules that are stored."""
    from api.alerting import console

    rows = carried_out(console.rules(database(data, postgres_url), market))
    printed(rows, ("market", "name", "version", "origin", "severity", "enabled"), as_json=as_json)


@verbs.command()
def check(condition: Condition, market: InMarket, until: Until = None) -> None:
    """Says whether a condition fits a market; a fault is shown where it stands."""
    from api.alerting import console

    try:
        console.fitting(rule_of(name="check", when=condition, until=until), market_of(market)[1])
    except console.ConsoleError as error:
        raise AlertsCommandError(str(error)) from error
    typer.echo("It fits.")


@verbs.command()
def backtest(
    condition: Condition,
    market: InMarket,
    until: Until = None,
    provisional: Annotated[bool, typer.Option("--provisional", help="Look at provisional readings, too.")] = False,
    as_json: Json = False,
    data: Data = None,
    postgres_url: Postgres = None,
) -> None:
    """Says when a condition would have given alerts, over the archived history."""
    from api.alerting import console

    name, names = market_of(market)
    rule = rule_of(name="backtest", when=condition, until=until)
    found = carried_out(console.backtest(database(data, postgres_url), name, rule, names, finals=not provisional))
    if as_json:
        typer.echo(json.dumps(found, indent=1))
        return
    typer.echo(f"It {found['summary']}" if found["readings"] else f"Nothing tried: {found['summary']}")
    for one in found["episodes"]:
        value = "" if one["value"] is None else f"  {one['value']:.2f}"
        typer.echo(f"  {one['began']}  to  {one['ended'] or 'now'}{value}")


@verbs.command()
def add(
    name: Annotated[str, typer.Argument(help="What the alert is called.")],
    condition: Condition,
    market: InMarket,
    until: Until = None,
    severity: Annotated[str, typer.Option(help="info, warning, error or critical.")] = "warning",
    author: Author = USER,
    data: Data = None,
    postgres_url: Postgres = None,
) -> None:
    """Stores a rule; it is evaluated within seconds."""
    from api.alerting import console

    rule = rule_of(name=name, when=condition, until=until, severity=severity)
    market_name, names = market_of(market)
    typer.echo(carried_out(console.add_rule(database(data, postgres_url), market_name, rule, names, author)))
