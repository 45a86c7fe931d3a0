"""The tables are made once, by whoever comes first, and from any place the package is installed in."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import psycopg
import pytest

from api.archive.schema import SchemaError, migrate
from schemas.market_file import shipped
from tests import servers

IDENTITY = {"users", "user_sessions", "api_keys", "signing_keys", "login_failures", "audit_log", "identity_deployment"}
TABLES = {"readings", "bars", "details", "positions", "refusals"}


def tables(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        return {row[0] for row in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}


def test_makes_the_tables_and_leaves_them_alone_afterwards(database: str) -> None:
    migrate(database)
    alerts = {name for name in tables(database) if name.startswith("alert")}
    assert len(alerts) == 9
    assert tables(database) - alerts == TABLES | IDENTITY | {"alembic_version"}
    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO positions VALUES ('s', 'e', 1, 0)")
    migrate(database)
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM positions").fetchone() == (1,)


def test_many_at_once_do_not_collide(database: str) -> None:
    faults: list[Exception] = []

    def one() -> None:
        try:
            migrate(database)
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert tables(database) >= TABLES


def test_a_database_of_a_later_version_is_left_alone(database: str) -> None:
    migrate(database)
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaError, match="later version"):
        migrate(database)


def test_a_postgres_that_is_away_is_an_operational_error() -> None:
    with pytest.raises(psycopg.OperationalError):
        migrate(f"postgresql://127.0.0.1:{servers.free_port()}/x")


def test_works_from_an_installed_wheel(database: str, tmp_path: Path) -> None:
    options = [
        "--no-deps",
        "--no-build-isolation",
        "--disable-pip-version-check",
        "-q",
        "--target",
        str(tmp_path / "site"),
    ]
    pip = [sys.executable, "-m", "pip", "install", *options, str(_source(tmp_path))]
    built = subprocess.run(pip, check=False, capture_output=True, text=True, cwd=tmp_path)
    assert built.returncode == 0, built.stderr
    code = "import sys, api.archive.schema as s; assert 'site' in s.__file__, s.__file__; s.migrate(sys.argv[1])"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site"), "PYTHONSAFEPATH": "1"}
    subprocess.run([sys.executable, "-c", code, database], check=True, env=environment, cwd=tmp_path)
    assert tables(database) >= TABLES
    esi = [sys.executable, "-m", "deploy", "markets", "--json"]
    said = subprocess.run(esi, check=True, capture_output=True, text=True, env=environment, cwd=tmp_path).stdout
    assert {market["name"] for market in json.loads(said)} == set(shipped())
    assert (tmp_path / "site" / "dataflows" / "publish.lua").is_file()


def _source(folder: Path) -> Path:
    """A copy of what a wheel is made of, so that no build leaves anything in the checkout."""
    source = folder / "source"
    for package in ("schemas", "models", "dataflows", "api", "deploy"):
        ignored = shutil.ignore_patterns("__pycache__", "node_modules", "dashboard", "static")
        shutil.copytree(servers.CHECKOUT / package, source / package, ignore=ignored)
    for file in ("pyproject.toml", "README.md"):
        shutil.copy(servers.CHECKOUT / file, source / file)
    return source


_TIMESCALE = """
CREATE TABLE hypertables (name regclass, by name, chunk bigint);
CREATE FUNCTION create_hypertable(name regclass, by name, chunk_time_interval bigint) RETURNS void
LANGUAGE sql AS 'INSERT INTO hypertables VALUES (name, by, chunk_time_interval)';
"""


@pytest.mark.parametrize("script", [_TIMESCALE, "SELECT 1 / 0;"])
def test_hypertables_where_the_extension_can_be_had_else_plain_tables(
    script: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    # TimescaleDB itself is in no registry: an extension of its name stands in, and shows what is asked of it
    server = servers.Postgres("embedded", (f"extension_control_path=/tmp/esi-extension-{os.getpid()}:$system",))
    folder = Path(f"/tmp/esi-extension-{os.getpid()}/extension")
    folder.mkdir(parents=True)
    (folder / "timescaledb.control").write_text("default_version = '1'\n")
    (folder / "timescaledb--1.sql").write_text(script)
    try:
        with server:
            migrate(server.url)
            assert tables(server.url) >= TABLES
            if script == _TIMESCALE:
                with psycopg.connect(server.url) as connection:
                    found = connection.execute("SELECT name::text, by, chunk FROM hypertables ORDER BY 1").fetchall()
                month = 30 * 86_400_000
                assert found == [(name, "id_ms", month) for name in ("bars", "details", "readings")]
    finally:
        shutil.rmtree(folder.parent)
