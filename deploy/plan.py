"""Which processes a set of markets needs, and how each is started."""

from __future__ import annotations

import base64
import secrets
import urllib.error
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass

from deploy import crew
from deploy.program import Program
from deploy.servers import Servers, esi
from deploy.settings import Settings
from deploy.sockets import free_port
from schemas.market_file import load

HISTORY_FEED, SIM_FEED = "us-open", "sim"
"""Feeds whose ticks ESI itself has: shipped history, and the simulator."""

HISTORY_FILE = "history.json"
"""In the data folder: how many sessions the history has, and how many of them were sent."""


KEY_FILE = "alerts.key"
"""In the data folder, for its owner only: the key of the receivers' secrets, unless the settings give one."""


@dataclass(frozen=True)
class Plan:
    """How the processes of one `esi up` or `esi replay` are started: with which settings, on which servers."""

    settings: Settings
    servers: Servers

    def archive(self) -> Program:
        """From Redis to PostgreSQL."""
        return self._long("archive", ["archive"], self._without("broker"))

    def alerts(self) -> Program:
        """Rules over readings, and who is told."""
        return self._long("alerts", ["alerts"], self._without("broker"))

    def trainer(self) -> list[Program]:
        """Trains models again, where a market is to have that."""
        chosen = [part for name in self.settings.retrain for part in ("--market", name)]
        return [self._long("trainer", ["trainer", *chosen], self._without("postgres"))] if chosen else []

    def page(self) -> Program:
        """Builds the page, once; a page that cannot be built keeps nothing else from running."""
        return Program("page", lambda: esi("page"), environment=self.settings.environment, endless=False)

    def flows(self) -> list[Program]:
        """Flow of every feed that a market of the settings reads, and its tocks where it has none of its own."""
        made = []
        for feed, markets in feeds(self.settings.markets).items():
            made.append(self.flow(feed, markets))
            if any(load(name).clock == "wall" for name in markets):
                made.append(self._long(f"tock {feed}", ["tock", "--feed", feed], self._without("postgres")))
        return made

    def flow(self, feed: str, markets: Iterable[str], run: str | None = None) -> Program:
        """The flow of one feed."""
        arguments = ["flow", "--feed", feed]
        arguments += [part for name in markets for part in ("--market", name)]
        arguments += ["--run", run] if run else []
        return self._long(f"flow {feed}", arguments, self._without("postgres"))

    def history(self) -> Program:
        """Sends the shipped history, once."""
        needs = (*self._without("postgres"), f"flow {HISTORY_FEED}")
        return self._long("history", ["history"], needs, endless=False)

    def simulator(self) -> Program:
        """Keeps the synthetic market ticking."""
        return self._long("sim", ["sim"], (*self._without("postgres"), f"flow {SIM_FEED}"))

    def environment(self) -> dict[str, str]:
        """What every process is told: our settings, and where the servers are now."""
        own = {
            "ESI_ALERTS_KEY": alerts_key(self.settings),
            "ESI_PAGE_URL": self.settings.page_url or api_url(self.settings),
        }
        return {**own, **self.settings.environment(), **self.servers.environment()}

    def _without(self, server: str) -> tuple[str, ...]:
        return tuple(name for name in self.servers.embedded if name != server)

    def _long(self, name: str, arguments: list[str], needs: tuple[str, ...], *, endless: bool = True) -> Program:
        """A program with a Prometheus page on a port that is free when it starts."""
        port = [0]

        def command() -> list[str]:
            port[0] = free_port(self.settings.metrics_host)
            return esi(*arguments, "--metrics-port", str(port[0]))

        return Program(
            name,
            command,
            environment=self.environment,
            needs=needs,
            endless=endless,
            metrics_port=lambda: port[0] or None,
        )

    def api(self, *needs: str) -> list[Program]:
        """REST, WebSocket and page, in as many processes as the settings say.

        `needs` are programs beside the servers that they wait for.
        """
        waits = (*self._without("broker"), *needs)
        if self.settings.api_processes > 1:
            crew.prepare(self.settings)
            return [self._api_member(index, waits) for index in range(self.settings.api_processes)]
        url = api_url(self.settings)
        return [
            Program(
                "api",
                lambda: esi("api", "--no-link"),
                environment=self.environment,
                needs=waits,
                ready=lambda: answers(f"{url}/healthz"),
                url=lambda: url,
                metrics_port=lambda: self.settings.api_port,
            )
        ]

    def _api_member(self, index: int, waits: tuple[str, ...]) -> Program:
        """One of several that share the port: it alone is asked on a port of its own."""
        port = [0]

        def command() -> list[str]:
            port[0] = free_port()
            return crew.member(port[0])

        return Program(
            "api" if index == 0 else f"api {index + 1}",
            command,
            environment=lambda: {**self.environment(), **crew.environment(self.settings)},
            needs=waits,
            ready=lambda: answers(f"http://127.0.0.1:{port[0]}/healthz"),
            url=lambda: f"http://127.0.0.1:{port[0]}",
            metrics_port=lambda: port[0] or None,
        )


def alerts_key(settings: Settings) -> str:
    """The key of the receivers' secrets: that of the settings, or one that is made once and kept in the data folder."""
    if settings.alerts_key is not None:
        return settings.alerts_key.get_secret_value()
    file = settings.data_dir / KEY_FILE
    if not file.exists():
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())  # as Fernet wants it
    return file.read_text().strip()


def feeds(markets: Iterable[str]) -> dict[str, list[str]]:
    """Markets (names or paths) by the feed they read.

    Raises:
        MarketFileError: one of them cannot be used.
    """
    grouped: dict[str, list[str]] = {}
    for name in markets:
        grouped.setdefault(load(name).feed, []).append(name)
    return grouped


def api_url(settings: Settings) -> str:
    """Where people on this machine reach the API and the page."""
    host = "127.0.0.1" if settings.api_host in {"0.0.0.0", "::"} else settings.api_host  # nosec B104
    return f"http://{host}:{settings.api_port}"


def answers(url: str, seconds: float = 0.2) -> bool:
    """Whether a URL answers with a success."""
    try:
        with urllib.request.urlopen(url, timeout=seconds) as answer:  # nosec B310  # our own servers
            return bool(answer.status < 400)
    except (urllib.error.URLError, OSError):
        return False
