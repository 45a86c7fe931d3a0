"""From a reading in Redis to a webhook's server, and how many messages one process delivers."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import psycopg
from psycopg.types.json import Jsonb

from api.alerting import messages
from api.archive.schema import migrate
from bench.case import Figure, require
from bench.servers import running
from schemas.reading import parse_rfc3339
from tests import servers
from tests.api.alerting.conftest import KEY, WHSEC, add_receiver, add_rule, rows
from tests.api.alerting.endpoint import Certificates, Endpoint
from tests.api.alerting.live import Live

LATENCY: Final = (
    "`esi alerts` with one rule that begins or ends with every reading, 10 readings a second, one HTTPS webhook in "
    "another process's thread; wall clock from just before XADD until the server has the request; the 99th percentile"
)
RATE: Final = "5,000 signed messages of 5,000 groups that wait in the outbox, told by one process to one HTTPS webhook"
TURNS: Final = 200
MESSAGES: Final = 5_000
REPEATS: Final = 2


def check(told: list[str], want: int) -> None:
    """Every message was heard, and once.

    Raises:
        WrongOutputError: one is missing, or came twice.
    """
    require(len(told) == want, f"{len(told)} requests came instead of {want}")
    require(len(set(told)) == want, "a message came twice")


@contextmanager
def _served() -> Iterator[tuple[servers.Redis, str, Endpoint, subprocess.Popen[bytes]]]:
    with (
        tempfile.TemporaryDirectory() as folder,
        running(servers.Redis()) as store,
        running(servers.Postgres()) as postgres,
        Endpoint(certificates := Certificates(Path(folder))) as endpoint,
    ):
        migrate(postgres.url)
        add_receiver(postgres.url, "bench", kind="webhook", url=endpoint.url, keys=[WHSEC], per_minute=1_000_000)
        environment = {
            "ESI_ALERTS_KEY": KEY,
            "ESI_ALERTS_ALLOW": "127.0.0.0/8",
            "SSL_CERT_FILE": str(certificates.authority),
        }
        command = [sys.executable, "-m", "deploy", "alerts", "--redis-url", store.url, "--postgres-url", postgres.url]
        process = subprocess.Popen(command, cwd=servers.CHECKOUT, stderr=subprocess.DEVNULL, env=environment)
        try:
            yield store, postgres.url, endpoint, process
        finally:
            process.kill()  # how it stops is no part of this
            process.wait()


def _latency() -> float:
    with _served() as (store, url, endpoint, _), store.client() as client:
        market, sent = Live(client, "bench"), {}
        add_rule(url, "bench", when="index > 80")
        market.give(10.0)
        servers.wait_until(lambda: rows(url, "SELECT 1 FROM alert_streams"), 60)
        for number in range(TURNS):
            began = time.monotonic()
            sent[market.give(90.0 if number % 2 == 0 else 10.0)] = began
            time.sleep(0.1)
        servers.wait_until(lambda: len(_heard(endpoint)) >= TURNS, 60)
        check([f"{at}" for at, _ in _heard(endpoint)], TURNS)
        return float(np.percentile([(heard - sent[at]) * 1e3 for at, heard in _heard(endpoint)[10:]], 99))


def _heard(endpoint: Endpoint) -> list[tuple[int, float]]:
    """Time of the reading, and when the server had the request, of every beginning and end."""
    told = [(alert, got.at) for got in endpoint.got for alert in json.loads(got.body)["data"]["alerts"]]
    return [(parse_rfc3339(alert["ended_at"] or alert["began_at"]), at) for alert, at in told]


def _fill(url: str) -> None:
    """Messages of as many groups."""
    ((receiver,),) = rows(url, "SELECT id FROM alert_receivers")
    body: dict[str, Any] = json.loads(json.dumps(_body()))
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO alert_outbox (id, receiver_id, lane, body, due_at) VALUES (%s, %s, %s, %s, now())",
            [(f"msg_{n}", receiver, f"m{n}||info", Jsonb(body)) for n in range(MESSAGES)],
        )


def _body() -> Any:
    return msgspec.to_builtins(messages.trial("bench", datetime.now(UTC)))


def _rate() -> float:
    with _served() as (_, url, endpoint, _process):
        _fill(url)
        servers.wait_until(lambda: len(endpoint.got) >= MESSAGES, 120)
        check([got.headers["webhook-id"] for got in endpoint.got], MESSAGES)
        return (MESSAGES - 1) / (endpoint.got[-1].at - endpoint.got[0].at)


def measure() -> list[Figure]:
    """Latency and rate."""
    latencies = tuple(_latency() for _ in range(REPEATS))
    rates = tuple(_rate() for _ in range(REPEATS))
    return [
        Figure("alert_delivery/latency", latencies, "ms, p99", 250.0, higher_is_better=False, work=LATENCY),
        Figure("alert_delivery/rate", rates, "messages/s", 1_000.0, work=RATE),
    ]
