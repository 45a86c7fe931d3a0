"""`esi trainer`: trains models anew when drift or the schedule asks for it, and promotes those that pass."""

# ruff: noqa: PLC0415 - a process loads only the packages of its own part
# ruff: noqa: PLR0917 - a verb's parameters are its flags

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated

import typer

from deploy.options import Data, Kafka, MarketsOption, MetricsPort, Redis


def trainer(
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="[-- ARGUMENTS]", help="Passed on to `esi train`: -- --epochs 20.")
    ] = None,
    market: MarketsOption = None,
    inputs: Annotated[
        Path | None, typer.Option(dir_okay=False, help="CSV (or .csv.gz) of daily values to learn from.")
    ] = None,
    macro: Annotated[Path | None, typer.Option(file_okay=False, help="Folder of NAME.csv with date,value.")] = None,
    every: Annotated[float, typer.Option(min=0.1, help="Seconds between two looks at the finals.")] = 60.0,
    rest: Annotated[str, typer.Option(help="Least time between two trainings of a market.")] = "12h",
    now: Annotated[bool, typer.Option("--now", help="Train once at the start, asked or not.")] = False,
    once: Annotated[bool, typer.Option("--once", help="Look once, and end.")] = False,
    data: Data = None,
    kafka_url: Kafka = None,
    redis_url: Redis = None,
    metrics_port: MetricsPort = None,
) -> None:
    """Trains models anew when their market's drift or schedule asks for it, and promotes those that pass all checks."""
    from dataflows import metrics
    from deploy import logs
    from deploy.neighbour import joined
    from deploy.settings import load
    from deploy.training import Trainer
    from schemas.duration import microseconds
    from schemas.market_file import load as market_of

    flags: dict[str, object] = {"markets": tuple(market) if market else None, "data_dir": data}
    flags |= {"kafka_url": kafka_url, "redis_url": redis_url, "metrics_port": metrics_port}
    flags |= {"retrain_inputs": inputs, "retrain_macro": macro}
    settings = joined(load(flags))
    logs.configure("trainer", settings.log_level, settings.log_format)
    found = {name: market_of(name) for name in settings.markets}
    scored = {name: one for name, one in found.items() if one.scores.enabled}
    run = Trainer(settings, scored, tuple(arguments or ()), microseconds(rest) / 1e6)
    port = metrics.serve(settings.metrics_port, settings.metrics_host)
    run.begin(at_once=now, metrics_port=port)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: run.stop.set())
    while not run.stop.is_set():
        run.look()
        if once or run.stop.wait(every):
            break
    run.close()
