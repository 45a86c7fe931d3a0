"""What is published and archived, asked of real servers."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
import redis

from deploy.published import Published
from schemas import names
from tests import servers

TABLE = "CREATE TABLE positions (stream text PRIMARY KEY, epoch text, last_ms bigint, last_seq int)"


@pytest.fixture
def published(clean_redis: redis.Redis, redis_server: servers.Redis, database: str) -> Iterator[Published]:
    """A market of which nothing is known yet."""
    one = Published(redis_server.url, database, "m")
    yield one
    one.close()


def _archived_to(database: str, channel: str, last_ms: int, last_seq: int) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(
            "INSERT INTO positions VALUES (%s, 'e', %s, %s) ON CONFLICT (stream) DO UPDATE "
            "SET last_ms = excluded.last_ms, last_seq = excluded.last_seq",
            (names.stream("m", channel), last_ms, last_seq),
        )


def test_nothing_is_nothing(published: Published) -> None:
    assert published.final() is None
    assert published.newest() is None
    assert published.count() == 0
    assert not published.archived(), "neither streams nor tables are there"


def test_readings_are_counted_even_when_trimmed(published: Published, clean_redis: redis.Redis) -> None:
    clean_redis.hset(names.latest_key("m"), mapping={"final": '{"index":1}', "reading": '{"index":2}'})
    for second in range(1, 4):
        clean_redis.xadd(names.stream("m", "readings"), {"reading": "x"}, id=f"{second}-1")
    clean_redis.xtrim(names.stream("m", "readings"), maxlen=1, approximate=False)
    assert published.final() == {"index": 1}
    assert published.newest() == {"index": 2}
    assert published.count() == 3


def test_archived_means_every_stream_to_its_end(published: Published, clean_redis: redis.Redis, database: str) -> None:
    clean_redis.xadd(names.stream("m", "readings"), {"reading": "x"}, id="5-1")
    with psycopg.connect(database) as connection:
        connection.execute(TABLE)
    assert not published.archived()
    _archived_to(database, "readings", 5, 0)
    assert not published.archived()
    _archived_to(database, "readings", 5, 1)
    assert published.archived()
    clean_redis.xadd(names.stream("m", "details"), {"details": "x"}, id="5-1")
    assert not published.archived()
    _archived_to(database, "details", 6, 0)
    assert published.archived()


def test_servers_that_are_away_are_not_yet(tmp_path: object) -> None:
    away = Published("redis://127.0.0.1:1/0", "postgresql://127.0.0.1:1/x", "m")
    assert away.final() is None
    assert away.count() == 0
    assert not away.archived()
    away.close()
