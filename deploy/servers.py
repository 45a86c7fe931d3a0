"""The three servers that everything needs: named by URLs, or embedded in processes of our own."""

from __future__ import annotations

import signal
import sys

from deploy.broker import Address
from deploy.postgres import Postgres
from deploy.program import Program
from deploy.settings import Settings
from deploy.valkey import Valkey

LAST_TO_STOP = 1
"""Stop rank of servers: whoever uses them goes first."""


class Servers:
    """Addresses of the servers, and the programs that serve those that no URL names.

    Args:
        settings: URLs and data folder.
        archive: whether PostgreSQL is needed.
    """

    def __init__(self, settings: Settings, *, archive: bool = True) -> None:
        data = settings.data_dir
        self._settings = settings
        self._broker_file = data / "broker.json"
        self._valkey = None if settings.redis_url else Valkey(data / "valkey")
        self._postgres = Postgres(data / "postgres") if archive and not settings.postgres_url else None

    def prepare(self) -> None:
        """Makes the data folders of the embedded ones.

        Raises:
            PostgresError: its folder cannot be made or used.
        """
        if not self._settings.kafka_url:
            self._broker_file.unlink(missing_ok=True)
        for server in (self._valkey, self._postgres):
            if server is not None:
                server.prepare()

    @property
    def embedded(self) -> tuple[str, ...]:
        """Names of the embedded servers' programs."""
        return tuple(program.name for program in self.programs())

    @property
    def kafka_url(self) -> str | None:
        """Bootstrap address, None while the embedded broker has none."""
        address = Address.read(self._broker_file)
        return self._settings.kafka_url or (address.bootstrap if address else None)

    @property
    def redis_url(self) -> str:
        """Where Redis or Valkey is."""
        given = self._settings.redis_url
        return given.get_secret_value() if given else self._valkey.url if self._valkey else ""

    @property
    def postgres_url(self) -> str:
        """Where PostgreSQL is."""
        given = self._settings.postgres_url
        return given.get_secret_value() if given else self._postgres.url if self._postgres else ""

    def environment(self) -> dict[str, str]:
        """The addresses as settings for a process that starts now."""
        address = None if self._settings.kafka_url else Address.read(self._broker_file)
        told = {
            "ESI_KAFKA_URL": self.kafka_url or "",
            "ESI_REDIS_URL": self.redis_url,
            "ESI_POSTGRES_URL": self.postgres_url,
            "ESI_BROKER_INCARNATION": address.incarnation if address else "",
        }
        return {name: value for name, value in told.items() if value}

    def programs(self) -> list[Program]:
        """The embedded servers, to be supervised."""
        programs = [] if self._settings.kafka_url else [self._broker()]
        if self._valkey is not None:
            programs.append(
                Program(
                    "valkey",
                    self._valkey.command,
                    ready=self._valkey.answers,
                    orphan_signal=signal.SIGTERM,
                    stop_rank=LAST_TO_STOP,
                    url=lambda: self.redis_url,
                )
            )
        if self._postgres is not None:
            programs.append(
                Program(
                    "postgres",
                    self._postgres.command,
                    ready=self._postgres.answers,
                    stop_signal=signal.SIGINT,  # fast: SIGTERM would wait for every client to leave
                    orphan_signal=signal.SIGINT,
                    stop_rank=LAST_TO_STOP,
                    patience=20.0,  # killed, it would leave its shared memory to the machine
                    user=self._postgres.user,
                    url=lambda: self.postgres_url,
                )
            )
        return programs

    def _broker(self) -> Program:
        file = self._broker_file

        def command() -> list[str]:
            file.unlink(missing_ok=True)  # the address of the one before
            return esi("broker", "--address-file", str(file))

        def ready() -> bool:
            address = Address.read(file)
            return address is not None and address.answers()

        def identity() -> str:
            address = Address.read(file)
            return address.incarnation if address else ""

        return Program(
            "broker",
            command,
            ready=ready,
            identity=identity,
            stop_rank=LAST_TO_STOP,
            url=lambda: self.kafka_url or "",
        )


def esi(*arguments: str) -> list[str]:
    """Command line of one of our own verbs, with this Python."""
    return [sys.executable, "-m", "deploy", *arguments]
