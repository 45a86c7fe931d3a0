"""The embedded PostgreSQL: made once, run as nobody who matters, stopped fast, kept through kill -9."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest

from deploy.child import Child, stop
from deploy.postgres import Postgres, PostgresError
from tests.servers import wait_until


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Where others may pass, as the server's user must."""
    made = Path(tempfile.mkdtemp(prefix="esi-pg-"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


@contextmanager
def _running(server: Postgres, folder: Path) -> Iterator[Child]:
    server.prepare()
    child = Child(
        server.command(), folder / "postgres.log", dict(os.environ), stop_signal=signal.SIGINT, user=server.user
    )
    try:
        wait_until(lambda: server.answers() or child.status() is not None, what="postgres to answer")
        assert child.status() is None, (folder / "postgres.log").read_text()
        yield child
    finally:
        stop([child], 10)


def test_it_is_made_once_and_kept_through_a_kill(folder: Path) -> None:
    server = Postgres(folder / "data")
    assert not server.answers()
    with _running(server, folder) as child, psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE kept (x int)")
        connection.execute("INSERT INTO kept VALUES (7)")
        connection.commit()
        assert (psutil.Process(child.pid).uids().real == 0) == (server.user is None and os.geteuid() == 0)
        child.kill()
    with _running(server, folder), psycopg.connect(server.url) as connection:
        assert connection.execute("SELECT x FROM kept").fetchone() == (7,)


def test_it_stops_fast_although_somebody_is_connected(folder: Path) -> None:
    server = Postgres(folder / "data")
    with _running(server, folder) as child, closing(psycopg.connect(server.url)) as connection:
        connection.execute("SELECT 1")
        began = time.monotonic()
        stop([child], 10)
        assert time.monotonic() - began < 5
        assert child.status() == 0


def test_the_socket_is_for_its_owner_only(folder: Path) -> None:
    server = Postgres(folder / "data")
    with _running(server, folder):
        assert (folder / "data").stat().st_mode & 0o077 == 0
        assert (folder / "data" / ".s.PGSQL.5432").stat().st_mode & 0o077 == 0


def test_a_folder_of_another_version_is_left_alone_and_said(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "PG_VERSION").write_text("12\n")
    with pytest.raises(PostgresError, match=r"was made by PostgreSQL 12, and this is \d+: move it away"):
        Postgres(tmp_path / "old").prepare()


def test_a_folder_that_cannot_be_made_is_named(folder: Path) -> None:
    full = folder / "full"
    full.mkdir(exist_ok=True)
    (full / "somebody's file").write_text("x")
    with pytest.raises(PostgresError, match=r"cannot make its folder .*full"):
        Postgres(full).prepare()
