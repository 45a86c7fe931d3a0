"""The dead man's switch."""

from __future__ import annotations

import asyncio
import time

import pytest

from api.alerting.config import AlertsConfig
from api.alerting.heartbeat import beat
from api.alerting.metrics import Metrics
from api.alerting.sender import Sender
from tests.api.alerting.conftest import LOOPBACK, value
from tests.api.alerting.endpoint import Certificates, Endpoint, answer
from tests.api.alerting.test_sender import no_picture


async def beating(config: AlertsConfig, seconds: float, age_s: float = 0.0) -> Metrics:
    metrics = Metrics()
    async with Sender(config, no_picture) as sender:
        task = asyncio.create_task(beat(config, sender, metrics, lambda: time.monotonic() - age_s))
        await asyncio.sleep(seconds)
        assert not task.done() or not config.heartbeat_url
        task.cancel()
    return metrics


@pytest.mark.parametrize(
    ("status", "age_s", "outcome", "calls"),
    [(200, 0.0, "sent", True), (500, 0.0, "failed", True), (200, 60.0, "withheld", False)],
)
async def test_it_beats_while_evaluation_works(
    endpoint: Endpoint, certificates: Certificates, status: int, age_s: float, outcome: str, calls: bool
) -> None:
    endpoint.answerer = lambda _n, _got: answer(status)
    config = AlertsConfig(
        "", "", heartbeat_url=f"{endpoint.url}/beat", heartbeat_s=0.1, look_s=0.1, allow=LOOPBACK,
        ca_file=certificates.authority,
    )  # fmt: skip
    metrics = await beating(config, 0.5, age_s)
    assert value(metrics, "esi_alerts_heartbeats_total", outcome=outcome) >= 2
    assert bool(endpoint.got) is calls


async def test_the_private_network_is_not_called_and_nothing_breaks(endpoint: Endpoint) -> None:
    metrics = await beating(AlertsConfig("", "", heartbeat_url=endpoint.url, heartbeat_s=0.1, look_s=0.1), 0.3)
    assert value(metrics, "esi_alerts_heartbeats_total", outcome="failed") >= 1
    assert endpoint.got == []


async def test_without_an_address_there_is_no_heartbeat() -> None:
    metrics = await beating(AlertsConfig("", ""), 0.05)
    assert value(metrics, "esi_alerts_heartbeats_total", outcome="sent") == 0
