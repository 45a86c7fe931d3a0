"""The alerts process as tests run it: in this process, or in one of its own that can be killed."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from api.alerting.config import AlertsConfig, networks
from api.alerting.main import alerts
from api.alerting.metrics import Metrics
from api.alerting.receivers import AnyReceiver, receiver_of
from api.alerting.vault import Vault, new_key
from api.archive.schema import migrate
from tests import servers
from tests.api.alerting.endpoint import Certificates, Endpoint

KEY = new_key()
LOOPBACK = networks(["127.0.0.0/8", "::1/128"])
FAST: dict[str, Any] = {
    "look_s": 0.2, "tock_s": 0.2, "metrics_port": None, "retry_s": (0.1, 0.1, 0.1), "timeout_s": 2.0, "cooling_s": 0.3,
}  # fmt: skip
WHSEC = "whsec_AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="

_PROGRAM = """
import json, sys, structlog
json_lines = [structlog.processors.JSONRenderer()]
structlog.configure(processors=json_lines, logger_factory=structlog.PrintLoggerFactory(sys.stderr))
from pathlib import Path
from api.alerting.config import AlertsConfig, networks
from api.alerting.main import run
from schemas.market import Market
said = json.loads(sys.argv[1])
said["allow"] = networks(said["allow"])
said["markets"] = tuple(Market.model_validate(one) for one in said["markets"])
said["keys"], said["retry_s"] = tuple(said["keys"]), tuple(said["retry_s"])
said["ca_file"] = Path(said["ca_file"]) if said.get("ca_file") else None
run(AlertsConfig(**said))
"""


class AlertsProcess:
    """`run` in a process of its own; its log lines are JSON objects."""

    def __init__(self, log: Path, **settings: Any) -> None:
        self._log = log
        defaults = {**FAST, "keys": [KEY], "allow": ["127.0.0.0/8"], "markets": []}
        self._settings = {**defaults, **settings}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it, or starts it again."""
        arguments = [sys.executable, "-c", _PROGRAM, json.dumps(self._settings)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(arguments, stdout=log, stderr=log, cwd=servers.CHECKOUT)

    def send(self, number: signal.Signals) -> int:
        """Sends a signal and gives the exit status."""
        assert self._process is not None
        self._process.send_signal(number)
        return self._process.wait(10)

    def kill(self) -> None:
        """Kills it with SIGKILL, if it runs."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def text(self) -> str:
        """Everything it wrote so far."""
        return self._log.read_text() if self._log.exists() else ""

    def lines(self) -> list[dict[str, Any]]:
        """Everything it logged so far, over all its starts."""
        found = []
        for line in self.text().splitlines():
            with suppress(json.JSONDecodeError):  # a kill can cut a line in two
                found.append(json.loads(line))
        return found

    def count(self, event: str) -> int:
        """How often it logged this event."""
        return sum(line["event"] == event for line in self.lines())


@pytest.fixture
def alerts_process(tmp_path: Path) -> Iterator[Callable[..., AlertsProcess]]:
    made: list[AlertsProcess] = []

    def make(**settings: Any) -> AlertsProcess:
        made.append(AlertsProcess(tmp_path / f"alerts-{len(made)}.log", **settings))
        return made[-1]

    yield make
    for process in made:
        process.kill()


@asynccontextmanager
async def alerting(redis_url: str, postgres_url: str, **settings: Any) -> AsyncIterator[Metrics]:
    """An alerts process in this process; its failure is the test's."""
    metrics = Metrics()
    config = AlertsConfig(redis_url, postgres_url, **{**FAST, "keys": (KEY,), "allow": LOOPBACK, **settings})
    task = asyncio.create_task(alerts(config, metrics, Vault(config.keys)))
    try:
        yield metrics
        assert not task.done() or task.exception() is None
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(check: Callable[[], object], seconds: float = 20) -> None:
    """`wait_until` that lets what runs in this process go on meanwhile."""
    await asyncio.to_thread(servers.wait_until, check, seconds)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Certificates of our own making."""
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def endpoint(certificates: Certificates) -> Iterator[Endpoint]:
    """A receiver's HTTPS server."""
    with Endpoint(certificates) as found:
        yield found


@pytest.fixture
def tables(database: str) -> str:
    """Address of a database with all tables, empty."""
    migrate(database)
    return database


def rows(url: str, query: str, *values: object) -> list[tuple[Any, ...]]:
    """Rows of a query."""
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode(), values).fetchall()


def value(metrics: Metrics, name: str, **labels: str) -> float:
    return metrics.registry.get_sample_value(name, labels) or 0.0


def add_receiver(postgres: str, name: str, /, **settings: Any) -> AnyReceiver:
    """Stores a receiver as the API does."""
    made = receiver_of(settings)
    with psycopg.connect(postgres) as connection:
        connection.execute(
            "INSERT INTO alert_receivers (name, kind, settings, secrets, enabled) VALUES (%s, %s, %s, %s, true)",
            (name, made.kind, Jsonb(made.public()), Vault((KEY,)).seal(made.secrets())),
        )
    return made


def add_rule(postgres: str, market: str, /, **said: Any) -> None:
    """Stores a rule as the API does."""
    name = said.pop("name", said.get("when", "r"))
    with psycopg.connect(postgres) as connection:
        connection.execute(
            "INSERT INTO alert_rules (id, market, name, version, rule, origin, author) "
            "VALUES (gen_random_uuid(), %s, %s, 1, %s, 'person', 'a test')",
            (market, name, Jsonb({"name": name} | said)),
        )
        connection.execute("UPDATE alert_rulebook SET version = version + 1")
