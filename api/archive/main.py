"""The archiver's process: metrics page, signals, end. Importing this connects to nothing."""

from __future__ import annotations

import asyncio
import os
import signal
import threading

import structlog
from prometheus_client import start_http_server

from api.archive.archiver import archive
from api.archive.config import ArchiveConfig
from api.archive.metrics import Metrics
from api.archive.schema import SchemaError

__all__ = ["ArchiveConfig", "SchemaError", "run"]

log = structlog.get_logger()

CANCEL_AGAIN_S = 0.7
LEAVE_S = 1.6
"""A server that does not answer can hold up the end; after this the process just leaves, which loses nothing."""


def run(config: ArchiveConfig) -> None:
    """Archives until SIGTERM or SIGINT; returns within two seconds of it.

    It can be killed at any point: PostgreSQL's positions say where to go on.

    Raises:
        SchemaError: the database is of a later version of ESI.
        OSError: the port of the metrics page is taken.
    """
    metrics = Metrics()
    url = _serve(config, metrics)
    log.info("archiving", metrics=url, keep=config.keep)
    try:
        asyncio.run(_until_stopped(config, metrics))
    except asyncio.CancelledError:
        log.info("stopped")


def _serve(config: ArchiveConfig, metrics: Metrics) -> str | None:
    if config.metrics_port is None:
        return None
    server, _ = start_http_server(config.metrics_port, config.metrics_host, metrics.registry)
    return f"http://{config.metrics_host}:{server.server_port}/metrics"


async def _until_stopped(config: ArchiveConfig, metrics: Metrics) -> None:
    loop, work = asyncio.get_running_loop(), asyncio.current_task()

    def stop() -> None:
        log.info("stopping")
        leave = threading.Timer(LEAVE_S, os._exit, (0,))
        leave.daemon = True
        leave.start()
        if work is not None:
            work.cancel()
            loop.call_later(CANCEL_AGAIN_S, work.cancel)  # psycopg waits for its first cancellation

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop)
    await archive(config, metrics)
