"""`esi alerts`: the process, and what can be asked of it from a terminal."""

# ruff: noqa: PLC0415 - a process loads only the packages of its own part
from __future__ import annotations

from typing import Annotated

import typer

from deploy import alert_people, alert_receivers, alert_rules
from deploy.alert_tools import settings_of
from deploy.options import MetricsPort, Postgres, Redis

app = typer.Typer(
    help="Evaluates rules over readings and tells receivers; its verbs list, try, silence and deliver again.",
    invoke_without_command=True,
    add_completion=False,
    rich_markup_mode=None,
)
for _part in (alert_people, alert_rules, alert_receivers):
    app.registered_commands += _part.verbs.registered_commands


@app.callback()
def alerts(
    context: typer.Context,
    only_deliver: Annotated[
        bool, typer.Option("--only-deliver", help="Deliver what is in the outbox; leave rules to another process.")
    ] = False,
    redis_url: Redis = None,
    postgres_url: Postgres = None,
    metrics_port: MetricsPort = None,
) -> None:
    """Evaluates rules over the readings of every market, and tells receivers."""
    if context.invoked_subcommand is None:
        from deploy import verbs

        settings = settings_of(redis_url=redis_url, postgres_url=postgres_url, metrics_port=metrics_port)
        verbs.alerts(settings, only_deliver=only_deliver)


@app.command()
def key() -> None:
    """Prints a new key for ESI_ALERTS_KEY."""
    from api.alerting.vault import new_key

    typer.echo(new_key())
