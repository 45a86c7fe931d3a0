"""What each verb does: settings in, one process run to its end. Heavy packages are imported only by who needs them."""

# ruff: noqa: PLC0415 - a process loads only the packages of its own part
from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from deploy import logs
from deploy.files import write_whole
from deploy.fleet import FlowChoice
from deploy.plan import HISTORY_FEED, HISTORY_FILE, SIM_FEED
from deploy.settings import Settings, SettingsError, checkout
from schemas.market_file import load, with_editions

if TYPE_CHECKING:
    from dataflows.sources.sender import SenderConfig

GENESIS_FILE = "sim.json"
"""In the data folder: when the synthetic market began."""


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
            markets=tuple(load(name) for name in with_editions(choice.markets)),
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
            lane=settings.kafka_lane,
            references=settings.reference_dir,
            registry=settings.registry_dir,
            cap=settings.cap,
        )
    )


def history(settings: Settings) -> None:
    """Sends the shipped history into its feed and waits until the flow has it; says how far it is in a file."""
    logs.configure("history", settings.log_level, settings.log_format)
    from dataflows import metrics
    from dataflows.champions import due
    from dataflows.sources import history as source

    metrics.serve(settings.metrics_port, settings.metrics_host)
    told = settings.data_dir / HISTORY_FILE

    def tell(sent: int, sessions: int) -> None:
        write_whole(told, json.dumps({"sent": sent, "sessions": sessions}))

    market = load(HISTORY_FEED)
    orders = due(settings.champions_dir, settings.registry_dir, market)
    with contextlib.suppress(source.Stopped):
        source.send(source.HistoryConfig(_sender(settings, HISTORY_FEED), market, tell, orders))


def simulator(settings: Settings) -> None:
    """Keeps the synthetic market ticking until asked to stop."""
    logs.configure("sim", settings.log_level, settings.log_format)
    from dataflows import metrics
    from dataflows.sources.simulator import SimulatorConfig, run

    metrics.serve(settings.metrics_port, settings.metrics_host)
    run(
        SimulatorConfig(
            sender=_sender(settings, SIM_FEED),
            market=load(SIM_FEED),
            seed=settings.seed,
            rate=settings.rate,
            genesis_us=genesis_us(settings.data_dir / GENESIS_FILE),
        )
    )


def tock(settings: Settings, feed: str) -> None:
    """Tells a feed's partitions the time until asked to stop."""
    logs.configure(f"tock {feed}", settings.log_level, settings.log_format)
    from dataflows import metrics
    from dataflows.sources.tock import TockConfig, run

    metrics.serve(settings.metrics_port, settings.metrics_host)
    run(TockConfig(_sender(settings, feed)))


def archive(settings: Settings) -> None:
    """Runs the archiver until it is asked to stop."""
    logs.configure("archive", settings.log_level, settings.log_format)
    from api.archive.config import ArchiveConfig
    from api.archive.main import run

    run(
        ArchiveConfig(
            redis_url=redis(settings),
            postgres_url=postgres(settings),
            keep=settings.keep,
            metrics_host=settings.metrics_host,
            metrics_port=settings.metrics_port,
        )
    )


def alerts(settings: Settings, *, only_deliver: bool = False) -> None:
    """Evaluates rules and delivers alerts until it is asked to stop."""
    logs.configure("alerts", settings.log_level, settings.log_format)
    from api.alerting.config import AlertsConfig
    from api.alerting.main import run
    from deploy.api_config import allowed_networks

    run(
        AlertsConfig(
            redis_url=redis(settings),
            postgres_url=postgres(settings),
            keys=keys(settings),
            markets=tuple(load(name) for name in settings.markets),
            allow=allowed_networks(settings),
            page_url=settings.page_url,
            heartbeat_url=settings.heartbeat_url.get_secret_value() if settings.heartbeat_url else "",
            evaluates=not only_deliver,
            metrics_host=settings.metrics_host,
            metrics_port=settings.metrics_port,
        )
    )


def keys(settings: Settings) -> tuple[str, ...]:
    """Keys of the receivers' secrets, the one that encrypts first."""
    text = settings.alerts_key.get_secret_value() if settings.alerts_key else ""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def api(settings: Settings, *, shared: bool) -> None:
    """Runs the API until it is asked to stop; `shared`: as one of several processes on one port."""
    logs.configure("api", settings.log_level, settings.log_format)
    from api.server import run
    from deploy.api_config import api_config

    run(api_config(settings, redis(settings), keys(settings), shared=shared))


def broker(settings: Settings, address_file: Path | None) -> None:
    """Runs the embedded broker until it is asked to stop."""
    logs.configure("broker", settings.log_level, settings.log_format)
    from deploy.broker import serve

    serve(address_file)


def page(settings: Settings) -> None:
    """Builds the page; if it cannot be built, says so and lets the rest run."""
    logs.configure("page", settings.log_level, settings.log_format)
    from deploy.page import build

    log = structlog.get_logger()
    root = checkout()
    try:
        if root is not None:
            build(root)
    except Exception as error:
        log.error(
            "page_not_built", error=str(error), advice="REST and WebSocket work without it; `esi page` tries again"
        )


def genesis_us(file: Path) -> int:
    """Event time at which this data folder's synthetic market came to full rate: the first time it was asked."""
    if not file.exists():
        write_whole(file, json.dumps({"genesis_us": int(time.time()) * 1_000_000}))
    return int(json.loads(file.read_text())["genesis_us"])


def _sender(settings: Settings, feed: str) -> SenderConfig:
    """Where a source writes; it stops when this process is asked to."""
    from dataflows.sources.sender import SenderConfig

    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    return SenderConfig(kafka(settings), feed, settings.broker_incarnation, stop=stopped.is_set)
