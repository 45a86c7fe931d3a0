"""The archiver's process: its page, and how it ends where it cannot work."""

from __future__ import annotations

import signal
import urllib.request
from collections.abc import Callable

import psycopg
import pytest
import redis

from api.archive.config import ArchiveConfig
from api.archive.main import SchemaError, run
from api.archive.schema import migrate
from tests import servers
from tests.api.archive import market as flow
from tests.api.archive.conftest import ArchiverProcess


def test_serves_its_metrics_and_says_where(
    redis_server: servers.Redis,
    clean_redis: redis.Redis,
    database: str,
    archiver_process: Callable[..., ArchiverProcess],
) -> None:
    flow.announce(clean_redis, "a")
    flow.publish(clean_redis, "a", 0, 10)
    process = archiver_process(redis_url=redis_server.url, postgres_url=database, metrics_port=0)
    process.start()
    servers.wait_until(lambda: process.count("attached") == 3)
    url = next(line["metrics"] for line in process.lines() if line["event"] == "archiving")

    def page() -> str:
        with urllib.request.urlopen(url, timeout=5) as answer:  # our own page
            return str(answer.read().decode())

    servers.wait_until(lambda: 'esi_archive_rows_total{channel="readings",market="a"} 11.0' in page())
    assert "esi_archive_last_commit_age_seconds" in page()
    assert 'esi_archive_lag_entries{stream="esi:a:bars"}' in page()
    assert "password" not in process.lines()[0]
    assert process.send(signal.SIGINT) == 0


def test_a_database_of_a_later_version_ends_it(redis_server: servers.Redis, database: str) -> None:
    migrate(database)
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaError, match="later version"):
        run(ArchiveConfig(redis_server.url, database, metrics_port=None))
