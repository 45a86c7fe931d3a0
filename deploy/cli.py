"""The `esi` command: one verb per process, and one that runs them all."""

# ruff: noqa: PLC0415 - so that `esi --help` and each verb load only what they need
# ruff: noqa: PLR0917 - a verb's parameters are its flags

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(
    name="esi",
    help="Economic Stress Index: a stress index computed continuously from market ticks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Data = Annotated[Path | None, typer.Option("--data", help="Folder of everything that is kept.")]
MetricsPort = Annotated[int | None, typer.Option(help="Port of the Prometheus page, 0 for a free one.")]
Kafka = Annotated[str | None, typer.Option("--kafka-url", help="Kafka, host:port.")]
Redis = Annotated[str | None, typer.Option("--redis-url", help="Redis or Valkey.")]
Postgres = Annotated[str | None, typer.Option("--postgres-url", help="PostgreSQL.")]
Feed = Annotated[str, typer.Option(help="Name of the feed.")]
MarketsOption = Annotated[
    list[str] | None, typer.Option("--market", help="A shipped market, or a market file; repeat it for several.")
]


def _settings(**flags: Any) -> Any:
    from deploy.settings import load

    return load(flags)


@app.command()
def flow(
    feed: Feed,
    market: MarketsOption = None,
    run: Annotated[str | None, typer.Option(help="Name of the run, for replays.")] = None,
    workers: Annotated[int, typer.Option("-w", "--workers", min=1, help="Worker threads.")] = 1,
    processes: Annotated[int | None, typer.Option(help="Processes that share the partitions.")] = None,
    process_id: Annotated[int | None, typer.Option(hidden=True)] = None,
    address: Annotated[list[str] | None, typer.Option(hidden=True)] = None,
    data: Data = None,
    kafka_url: Kafka = None,
    redis_url: Redis = None,
    metrics_port: MetricsPort = None,
) -> None:
    """Runs the flow of one feed: ticks from Kafka in, readings to Redis out."""
    from deploy import fleet, verbs

    settings = _settings(
        data_dir=data, kafka_url=kafka_url, redis_url=redis_url, metrics_port=metrics_port, processes=processes
    )
    choice = fleet.FlowChoice(feed, tuple(market or [feed]), run, workers)
    if process_id is None and settings.processes > 1:
        raise typer.Exit(fleet.run(fleet.commands(settings, choice)))
    verbs.flow(settings, choice, tuple(address or ()), process_id or 0)


@app.command()
def broker(
    address_file: Annotated[Path | None, typer.Option(help="Where to write the address as JSON.")] = None,
) -> None:
    """Runs the embedded Kafka-protocol broker, all in memory."""
    from deploy import verbs

    verbs.broker(_settings(), address_file)


def main() -> None:
    """Runs the command; what people can put right is said in a sentence, without a traceback."""
    try:
        app()
    except Exception as error:
        if type(error).__name__ not in EXPLAINED:
            raise
        sys.stderr.write(f"esi: {error}\n")
        sys.exit(2)


EXPLAINED = {"SettingsError", "MarketFileError", "BusyError", "PostgresError", "FlowError"}
"""Errors whose message says what is wrong and what to do. By name: importing their modules would slow every verb."""
