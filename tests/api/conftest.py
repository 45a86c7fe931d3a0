"""A served api: real uvicorn on a free port, real Valkey, real PostgreSQL."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import psycopg
import pytest
import redis
import uvicorn

from api.archive.schema import migrate
from api.config import ApiConfig
from api.server import uvicorn_config
from tests import servers
from tests.api.publisher import Publisher

IDENTITY_TABLES = "users, user_sessions, api_keys, signing_keys, login_failures, audit_log"


class Served:
    """A running api; `url` and `feed` are its addresses."""

    def __init__(self, config: ApiConfig) -> None:
        self.config = config
        settings = uvicorn_config(config)
        settings.port = servers.free_port()
        self.app: Any = settings.app
        self.server = uvicorn.Server(settings)
        self.url = f"http://127.0.0.1:{settings.port}"
        self.feed = f"ws://127.0.0.1:{settings.port}/v1/feed"
        self.thread = threading.Thread(target=self._serve, daemon=True)

    def _serve(self) -> None:
        with asyncio.Runner(loop_factory=self.server.config.get_loop_factory()) as runner:
            self.loop = runner.get_loop()
            runner.run(self.server.serve())

    def get(self, path: str, **options: Any) -> httpx.Response:
        """GET of a path."""
        return httpx.get(self.url + path, timeout=20, **options)

    def metric(self, name: str, **labels: str) -> float:
        """A sample of the metrics page, 0 where there is none."""
        wanted = {f'{key}="{value}"' for key, value in labels.items()}
        for line in self.get("/metrics").text.splitlines():
            head, _, value = line.rpartition(" ")
            if head.partition("{")[0] == name and all(label in head for label in wanted):
                return float(value)
        return 0.0


@contextmanager
def serving(config: ApiConfig) -> Iterator[Served]:
    """Serves a config while the block runs."""
    served = Served(config)
    served.thread.start()
    servers.wait_until(lambda: served.server.started, 10)
    try:
        yield served
    finally:
        served.server.should_exit = True
        served.thread.join(10)
        assert not served.thread.is_alive()


@pytest.fixture(scope="session")
def archive_tables(postgres: servers.Postgres) -> Iterator[str]:
    """Address of a database with the archive's tables, shared by the tests of the api."""
    with postgres.database(servers.unique("api")) as url:
        migrate(url)
        yield url


@pytest.fixture
def archive_url(archive_tables: str) -> str:
    """The same, emptied."""
    with psycopg.connect(archive_tables) as connection:
        connection.execute("TRUNCATE readings, details, bars, positions, " + IDENTITY_TABLES)
    return archive_tables


@pytest.fixture
def config(clean_redis: redis.Redis, redis_server: servers.Redis, archive_url: str) -> ApiConfig:
    """Settings on an emptied Redis and an emptied archive."""
    assert clean_redis.ping()
    return ApiConfig(redis_server.url, archive_url, port=0)


@pytest.fixture
def served(config: ApiConfig) -> Iterator[Served]:
    """A running api with ordinary settings."""
    with serving(config) as found:
        yield found


@pytest.fixture
def publisher(clean_redis: redis.Redis) -> Publisher:
    """The flow of the market `test`."""
    return Publisher(clean_redis, "test")


@pytest.fixture
def publishers(clean_redis: redis.Redis) -> Callable[[str], Publisher]:
    """Flows of any market."""
    return lambda market: Publisher(clean_redis, market)
