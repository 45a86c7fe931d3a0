"""The `esi` command: one verb per process, and one that runs them all."""

# ruff: noqa: PLC0415 - so that `esi --help` and each verb load only what they need
# ruff: noqa: PLR0917 - a verb's parameters are its flags

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy import alerts, identity_keys, models, reference, users
from deploy.audit import audit
from deploy.control import control
from deploy.evaluate import evaluate
from deploy.fit import fit
from deploy.options import (
    Addresses,
    AddressFile,
    ApiPort,
    Data,
    Feed,
    Json,
    Kafka,
    MarketsOption,
    MetricsPort,
    Postgres,
    Processes,
    ProcessId,
    Rate,
    Redis,
    Seed,
)
from deploy.serve import api
from deploy.told import is_told, status_of
from deploy.train import train
from deploy.trainer import trainer

app = typer.Typer(
    name="esi",
    help="Economic Stress Index: a stress index computed continuously from market ticks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _settings(**flags: Any) -> Any:
    from deploy.settings import load

    return load(flags)


@app.command()
def flow(
    feed: Feed,
    market: MarketsOption = None,
    run: Annotated[str | None, typer.Option(help="Name of the run, for replays.")] = None,
    workers: Annotated[int, typer.Option("-w", "--workers", min=1, help="Worker threads.")] = 1,
    processes: Processes = None,
    addresses: Addresses = None,
    process_id: ProcessId = None,
    member: Annotated[bool, typer.Option("--member", hidden=True)] = False,
    data: Data = None,
    kafka_url: Kafka = None,
    redis_url: Redis = None,
    metrics_port: MetricsPort = None,
) -> None:
    """Runs the flow of one feed: ticks from Kafka in, readings to Redis out."""
    from deploy import cluster, fleet, verbs

    settings = _settings(
        data_dir=data, kafka_url=kafka_url, redis_url=redis_url, metrics_port=metrics_port, processes=processes
    )
    choice = fleet.FlowChoice(feed, tuple(market or [feed]), run, workers)
    place = cluster.place(addresses, process_id)
    if place.addresses and not member:
        raise typer.Exit(cluster.run(settings, choice, place))
    if settings.processes > 1 and not member:
        raise typer.Exit(fleet.run(fleet.commands(settings, choice)))
    verbs.flow(settings, choice, place.addresses, place.process_id)


@app.command()
def broker(address_file: AddressFile = None) -> None:
    """Runs the embedded Kafka-protocol broker, all in memory."""
    from deploy import verbs

    verbs.broker(_settings(), address_file)


@app.command()
def tock(feed: Feed, kafka_url: Kafka = None, metrics_port: MetricsPort = None) -> None:
    """Tells a live feed the time, four times a second."""
    from deploy import verbs

    verbs.tock(_settings(kafka_url=kafka_url, metrics_port=metrics_port), feed)


@app.command()
def archive(redis_url: Redis = None, postgres_url: Postgres = None, metrics_port: MetricsPort = None) -> None:
    """Archives the Redis streams in PostgreSQL."""
    from deploy import verbs

    verbs.archive(_settings(redis_url=redis_url, postgres_url=postgres_url, metrics_port=metrics_port))


@app.command(hidden=True)
def history(kafka_url: Kafka = None, metrics_port: MetricsPort = None) -> None:
    """Sends the shipped history of us-open."""
    from deploy import verbs

    verbs.history(_settings(kafka_url=kafka_url, metrics_port=metrics_port))


@app.command(hidden=True)
def sim(rate: Rate = None, seed: Seed = None, kafka_url: Kafka = None, metrics_port: MetricsPort = None) -> None:
    """Keeps the synthetic market ticking."""
    from deploy import verbs

    verbs.simulator(_settings(rate=rate, seed=seed, kafka_url=kafka_url, metrics_port=metrics_port))


@app.command(hidden=True)
def page() -> None:
    """Builds the page."""
    from deploy import verbs

    verbs.page(_settings())


@app.command()
def up(
    once: Annotated[
        bool, typer.Option("--once", help="End when the history is published and archived; print the last final.")
    ] = False,
    market: MarketsOption = None,
    rate: Rate = None,
    seed: Seed = None,
    api_port: ApiPort = None,
    processes: Processes = None,
    page: Annotated[bool, typer.Option(help="Build the page if it is missing.")] = True,
    data: Data = None,
    kafka_url: Kafka = None,
    redis_url: Redis = None,
    postgres_url: Postgres = None,
) -> None:
    """Runs everything: servers, flows, archive, API; replays the history, then keeps the simulation ticking."""
    from deploy.choice import Choice
    from deploy.up import run

    settings = _settings(
        markets=tuple(market) if market else None,
        rate=rate,
        seed=seed,
        api_port=api_port,
        processes=processes,
        data_dir=data,
        kafka_url=kafka_url,
        redis_url=redis_url,
        postgres_url=postgres_url,
    )
    raise typer.Exit(run(settings, Choice(once, page)))


@app.command()
def replay(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="CSV, plain or gz, in time order.")],
    market: Annotated[str, typer.Option(help="Market that the ticks are for.")] = "week",
    speed: Annotated[str, typer.Option(help="Event seconds a second, such as 60, or max.")] = "max",
    run: Annotated[str | None, typer.Option(help="Name of the run; repeat one to go on with it.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the last reading as one JSON object.")] = False,
    data: Data = None,
    kafka_url: Kafka = None,
    redis_url: Redis = None,
    processes: Processes = None,
) -> None:
    """Replays a file of trades (ts_ms,symbol,price,size) in a run of its own; exit status 3: not all could be read."""
    from deploy import replay as module

    settings = _settings(data_dir=data, kafka_url=kafka_url, redis_url=redis_url, processes=processes)
    name = run or module.run_name(files[0])
    outcome = module.run(settings, module.Request(tuple(files), market, module.speed_of(speed), name))
    typer.echo(module.as_json(outcome.reading) if as_json else module.shown(outcome.reading))
    raise typer.Exit(outcome.exit_status)


@app.command()
def markets(
    names: Annotated[list[str] | None, typer.Argument(metavar="[MARKET]...", help="Names, or files to check.")] = None,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Lists the markets that can be run, each with its editions; checks market files."""
    from deploy import markets as module

    said = module.report(names or [], _settings(data_dir=data).data_dir)
    show = module.show_json if as_json else module.show
    show(said)


_GROUPS = (
    ("reference", reference.app), ("alerts", alerts.app), ("models", models.app), ("users", users.app),
    ("keys", identity_keys.app), ("audit-log", identity_keys.log),
)  # fmt: skip
for verb in (api, audit, control, evaluate, fit, train, trainer):
    app.command()(verb)
for name, group in _GROUPS:
    app.add_typer(group, name=name)


@app.command()
def status(as_json: Json = False, data: Data = None) -> None:
    """Shows every process of `esi up`: its health, and how far it is behind. Exit status 1 if not all is well."""
    from deploy import status as module

    said = module.report(_settings(data_dir=data).data_dir)
    if as_json:
        typer.echo(json.dumps(said, indent=1))
    else:
        module.show(said)
    raise typer.Exit(0 if said["healthy"] else 1)


@app.command()
def doctor(as_json: Json = False, data: Data = None) -> None:
    """Checks ports, versions, disk and connections, and says what to do. Exit status 1 if something is wrong."""
    from deploy import doctor as module

    checks = module.examine(_settings(data_dir=data))
    if as_json:
        typer.echo(module.as_json(checks))
    else:
        module.show(checks)
    raise typer.Exit(1 if module.bad(checks) else 0)


def main() -> None:
    """Runs the command; what people can put right is said in a sentence, without a traceback."""
    try:
        app()
    except Exception as error:
        if not is_told(error):
            raise
        sys.stderr.write(f"esi: {error}\n")
        sys.exit(status_of(error))
