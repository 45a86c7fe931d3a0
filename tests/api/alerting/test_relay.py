"""The stream of alerts in Redis."""

from __future__ import annotations

import redis

from api.alerting.evaluator import connected
from api.alerting.relay import Relay
from api.alerting.source import open_redis
from tests import servers
from tests.api.alerting.conftest import rows


def put(url: str, market: str, *bodies: bytes) -> None:
    for body in bodies:
        rows(
            url,
            "INSERT INTO alert_events (market, alert_id, what, body) VALUES (%s, 'a', 'alerting', %s) RETURNING 1",
            market, body,
        )  # fmt: skip


async def test_every_event_is_there_once_and_in_order(
    redis_server: servers.Redis, clean_redis: redis.Redis, tables: str
) -> None:
    async with connected(tables) as c, open_redis(redis_server.url) as client:
        relay, again = Relay(c, client), Relay(c, client)
        put(tables, "us", b"1", b"2")
        put(tables, "sim", b"x")
        assert await relay.pass_on("us") == 2
        assert await again.pass_on("us") == 0
        put(tables, "us", b"3")
        assert await again.pass_on("us") == 1
        assert await relay.pass_on("us") == 0
    found = clean_redis.xrange("esi:us:alerts")
    assert [fields[b"alert"] for _, fields in found] == [b"1", b"2", b"3"]  # type: ignore[union-attr]
    assert not clean_redis.exists("esi:sim:alerts")


async def test_a_stream_that_redis_lost_is_filled_again(
    redis_server: servers.Redis, clean_redis: redis.Redis, tables: str
) -> None:
    async with connected(tables) as c, open_redis(redis_server.url) as client:
        put(tables, "us", *[str(n).encode() for n in range(1_200)])
        assert await Relay(c, client).pass_on("us") == 1_200
        clean_redis.flushall()
        assert await Relay(c, client).pass_on("us") == 1_200
