"""What each verb does: settings in, one process run to its end. Heavy packages are imported only by who needs them."""

# ruff: noqa: PLC0415 - a process loads only the packages of its own part
from __future__ import annotations

import os
from pathlib import Path

from deploy import logs
from deploy.fleet import FlowChoice
from deploy.settings import Settings, SettingsError
from schemas.market_file import load


def kafka(settings: Settings) -> str:
    """Address of Kafka.

    Raises:
        SettingsError: not set.
    """
    return settings.kafka_url or _missing("ESI_KAFKA_URL", "host:9092")


def redis(settings: Settings) -> str:
    """Address of Redis.

    Raises:
        SettingsError: not set.
    """
    url = settings.redis_url
    return url.get_secret_value() if url else _missing("ESI_REDIS_URL", "redis://127.0.0.1:6379/0")


def postgres(settings: Settings) -> str:
    """Address of PostgreSQL.

    Raises:
        SettingsError: not set.
    """
    url = settings.postgres_url
    return url.get_secret_value() if url else _missing("ESI_POSTGRES_URL", "postgresql://esi@127.0.0.1/esi")


def _missing(name: str, example: str) -> str:
    msg = f"{name} is not set, and this process needs it: set it, such as {example}, or let `esi up` start everything"
    raise SettingsError(msg)


def flow(settings: Settings, choice: FlowChoice, addresses: tuple[str, ...], process_id: int) -> None:
    """Runs one process of a feed's flow until it is asked to stop; `addresses` are those of all its processes."""
    os.environ.pop("BYTEWAX_DATAFLOW_API_ENABLED", None)  # set to anything, it opens a port to the world
    logs.configure(f"flow {choice.feed}", settings.log_level, settings.log_format)
    from dataflows import main
    from dataflows.config import FlowConfig

    main.run(
        FlowConfig(
            feed=choice.feed,
            markets=tuple(load(name) for name in choice.markets),
            kafka=kafka(settings),
            redis_url=redis(settings),
            state_dir=settings.data_dir / "flows" / choice.feed,
            run=choice.run,
            workers=choice.workers,
            addresses=addresses,
            process_id=process_id,
            epoch_ms=settings.epoch_ms,
            metrics_port=settings.metrics_port,
            metrics_host=settings.metrics_host,
            incarnation=settings.broker_incarnation,
            cap=settings.cap,
        )
    )


def broker(settings: Settings, address_file: Path | None) -> None:
    """Runs the embedded broker until it is asked to stop."""
    logs.configure("broker", settings.log_level, settings.log_format)
    from deploy.broker import serve

    serve(address_file)
