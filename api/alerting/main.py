"""The alerts process: metrics page, signals, end. Importing this connects to nothing."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import threading
from collections.abc import Awaitable, Callable

import structlog
import uvloop
from prometheus_client import start_http_server

from api.alerting.config import AlertsConfig
from api.alerting.courier import Courier
from api.alerting.evaluator import Evaluator, connected
from api.alerting.heartbeat import beat
from api.alerting.metrics import Metrics
from api.alerting.pictures import Pictures
from api.alerting.sender import Sender
from api.alerting.vault import Vault
from api.archive import faults, plan, schema

__all__ = ["AlertsConfig", "run"]

log = structlog.get_logger("esi.alerts")

LEAVE_S = 1.6
"""A server that does not answer can hold up the end; after this the process just leaves, which loses nothing."""


def run(config: AlertsConfig) -> None:
    """Evaluates and delivers until SIGTERM or SIGINT; returns within two seconds of it.

    It can be killed at any point: PostgreSQL says what was evaluated and what was told.

    Raises:
        SchemaError: the database is of a later version of ESI.
        VaultError: a key is no key.
        OSError: the port of the metrics page is taken.
    """
    metrics = Metrics()
    vault = Vault(config.keys)
    url = _serve(config, metrics)
    log.info("alerts", metrics=url, evaluates=config.evaluates, heartbeat=bool(config.heartbeat_url))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            runner.run(_until_stopped(config, metrics, vault))
        except asyncio.CancelledError:
            log.info("stopped")


def _serve(config: AlertsConfig, metrics: Metrics) -> str | None:
    if config.metrics_port is None:
        return None
    server, _ = start_http_server(config.metrics_port, config.metrics_host, metrics.registry)
    return f"http://{config.metrics_host}:{server.server_port}/metrics"


async def _until_stopped(config: AlertsConfig, metrics: Metrics, vault: Vault) -> None:
    loop, work = asyncio.get_running_loop(), asyncio.current_task()

    def stop() -> None:
        log.info("stopping")
        leave = threading.Timer(LEAVE_S, os._exit, (0,))
        leave.daemon = True
        leave.start()
        if work is not None:
            work.cancel()

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop)
    await alerts(config, metrics, vault)


async def alerts(config: AlertsConfig, metrics: Metrics, vault: Vault) -> None:
    """Evaluates and delivers until it is cancelled; servers that are away are waited for.

    Raises:
        SchemaError: the database is of a later version of ESI.
    """
    wake, looked = asyncio.Event(), [0.0]
    await _again(lambda: asyncio.to_thread(schema.migrate, config.postgres_url), metrics, once=True)
    async with Sender(config, Pictures(lambda: connected(config.postgres_url)).picture) as sender:

        async def evaluate() -> None:
            evaluator = Evaluator(config, metrics, wake)
            try:
                await _watched(evaluator, looked)
            finally:
                metrics.evaluating.set(0)

        async with asyncio.TaskGroup() as group:
            group.create_task(_again(lambda: Courier(config, sender, vault, metrics, wake).run(), metrics))
            if config.evaluates:
                group.create_task(_again(evaluate, metrics))
                group.create_task(beat(config, sender, metrics, lambda: looked[0]))


async def _watched(evaluator: Evaluator, looked: list[float]) -> None:
    """Runs an evaluator, and keeps where the heartbeat can see it when it last looked at everything."""
    work = asyncio.ensure_future(evaluator.work())
    try:
        while not work.done():
            await asyncio.wait({work}, timeout=0.5)
            looked[0] = evaluator.looked_at
        await work
    finally:
        work.cancel()


async def _again(work: Callable[[], Awaitable[object]], metrics: Metrics, *, once: bool = False) -> None:
    """Does the work, and again after every fault that waiting can heal."""
    attempt = 0
    while True:
        began = asyncio.get_running_loop().time()
        try:
            await work()
        except Exception as error:
            fault = faults.name(error)
            if fault is None:
                raise
            attempt = 0 if asyncio.get_running_loop().time() - began > 30 else attempt + 1
            metrics.errors.labels(fault).inc()
            delay = plan.backoff(attempt, random.random())
            detail = " ".join(str(error).split()) or type(error).__name__
            log.warning("interrupted", reason=fault, detail=detail, retry_in_s=round(delay, 2))
            await asyncio.sleep(delay)
        else:
            if once:
                return
