"""`esi trainer`: trains models anew when drift or the schedule asks for it, and promotes those that pass."""

# ruff: noqa: PLC0415 - a process loads only the packages of its own part
# ruff: noqa: PLR0917 - a verb's parameters are its flags

from __future__ import annotations

import signal
from typing import Annotated

import typer

from deploy.options import Data, Kafka, MarketsOption, Redis


def trainer(
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="[-- ARGUMENTS]", help="Passed on to `esi train`: -- --inputs PANEL.")
    ] = None,
    market: MarketsOption = None,
    every: Annotated[float, typer.Option(min=0.1, help="Seconds between two looks at the finals.")] = 60.0,
    rest: Annotated[str, typer.Option(help="Least time between two trainings of a market.")] = "12h",
    now: Annotated[bool, typer.Option("--now", help="Train once at the start, asked or not.")] = False,
    once: Annotated[bool, typer.Option("--once", help="Look once, and end.")] = False,
    data: Data = None,
    kafka_url: Kafka = None,
    redis_url: Redis = None,
) -> None:
    """Trains models anew when their market's drift or schedule asks for it, and promotes those that pass all checks."""
    from deploy import logs
    from deploy.neighbour import joined
    from deploy.settings import load
    from deploy.training import Trainer
    from schemas.duration import microseconds
    from schemas.market_file import load as market_of

    flags = {"markets": tuple(market) if market else None, "data_dir": data, "kafka_url": kafka_url}
    settings = joined(load(flags | {"redis_url": redis_url}))
    logs.configure("trainer", settings.log_level, settings.log_format)
    found = {name: market_of(name) for name in settings.markets}
    scored = {name: one for name, one in found.items() if one.scores.enabled}
    run = Trainer(settings, scored, tuple(arguments or ()), microseconds(rest) / 1e6)
    run.begin(at_once=now)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: run.stop.set())
    while not run.stop.is_set():
        run.look()
        if once or run.stop.wait(every):
            break
    run.close()
