"""Each thing that goes wrong has one name; what no waiting heals has none."""

from __future__ import annotations

from typing import get_args

import psycopg
import pytest
import redis

from api.archive import faults
from api.archive.streams import ContestedError
from tests import servers


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (redis.AuthenticationError("WRONGPASS"), "redis_login"),
        (redis.exceptions.OutOfMemoryError("OOM"), "redis_full"),
        (redis.ResponseError("MISCONF Errors writing to the AOF file: No space left on device"), "redis_disk"),
        (redis.ConnectionError("refused"), "redis_away"),
        (redis.TimeoutError("slow"), "redis_away"),
        (redis.ResponseError("NOGROUP No such key"), "group_lost"),
        (redis.ResponseError("no such key"), "group_lost"),
        (redis.ResponseError("ERR what"), "redis_refused"),
        (ContestedError("thief"), "contested"),
        (psycopg.errors.DiskFull("full"), "postgres_full"),
        (psycopg.errors.QueryCanceled("timeout"), "postgres_slow"),
        (psycopg.errors.InvalidPassword("no"), "postgres_login"),
        (psycopg.errors.AdminShutdown("bye"), "postgres_away"),
        (psycopg.InterfaceError("closed"), "postgres_away"),
        (psycopg.errors.UndefinedTable("gone"), "postgres_refused"),
        (TimeoutError(), "postgres_slow"),
        (ConnectionResetError(), "redis_away"),
        (ValueError("a bug"), None),
    ],
)
def test_names(error: Exception, name: str | None) -> None:
    assert faults.name(error) == name


def test_every_fault_has_a_remedy() -> None:
    assert set(faults.REMEDY) == set(get_args(faults.Fault))


def test_a_wrong_password_is_named_by_what_the_servers_say(
    postgres: servers.Postgres, redis_server: servers.Redis
) -> None:
    with pytest.raises(psycopg.Error) as refused:
        psycopg.connect(postgres.url.replace(postgres.password, "wrong"))
    assert faults.name(refused.value) == "postgres_login"
    with (
        redis.Redis.from_url(redis_server.url.replace(redis_server.password, "wrong")) as client,
        pytest.raises(redis.RedisError) as denied,
    ):
        client.ping()
    assert faults.name(denied.value) == "redis_login"
