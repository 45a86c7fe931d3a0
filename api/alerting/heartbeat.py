"""The dead man's switch: somebody outside is told again and again that all is well, and calls when that stops."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import aiohttp
import structlog

from api.alerting.config import AlertsConfig
from api.alerting.metrics import Metrics
from api.alerting.receivers.base import Call
from api.alerting.sender import Sender

log = structlog.get_logger("esi.alerts")


async def beat(config: AlertsConfig, sender: Sender, metrics: Metrics, looked_at: Callable[[], float]) -> None:
    """Calls the heartbeat's address while evaluation works, until it is cancelled; without an address does nothing."""
    while config.heartbeat_url:
        if time.monotonic() - looked_at() < max(3 * config.look_s, config.heartbeat_s):
            outcome = await _called(config.heartbeat_url, sender)
            metrics.heartbeats.labels("sent" if outcome is None else "failed").inc()
            if outcome is not None:
                log.warning("heartbeat_failed", detail=outcome)
        else:
            metrics.heartbeats.labels("withheld").inc()
        await asyncio.sleep(config.heartbeat_s)


async def _called(url: str, sender: Sender) -> str | None:
    """What went wrong, or None."""
    try:
        answer = await sender.call(Call(url, b"", method="GET"))
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        return f"{type(error).__name__}: {error}"[:300]
    return None if 200 <= answer.status < 300 else f"HTTP {answer.status}"
