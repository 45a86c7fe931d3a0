"""Readings in order, from Redis and from the archive."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import redis

from api.alerting.evaluator import connected
from api.alerting.source import Source, open_redis, vocabulary_names
from api.archive.ids import START, parse_id
from tests import servers
from tests.api.alerting.conftest import rows
from tests.api.alerting.live import CARD, Live, now_us


@asynccontextmanager
async def source(redis_server: servers.Redis, url: str) -> AsyncIterator[Source]:
    async with open_redis(redis_server.url) as client, connected(url) as archive:
        yield Source(client, archive)


def archive(url: str, name: bytes, body: bytes) -> None:
    ms, seq = parse_id(name)
    rows(url, "INSERT INTO readings VALUES ('live', now(), %s, %s, false, 1, 1, 1, %s, 7) RETURNING 1", ms, seq, body)


async def test_what_is_new_comes_in_order(redis_server: servers.Redis, clean_redis: redis.Redis, tables: str) -> None:
    market, other = Live(clean_redis), Live(clean_redis, "other~r1")
    async with source(redis_server, tables) as found:
        assert await found.markets() == {"live": "e1", "other~r1": "e1"}
        assert await found.following({"live": START}) == {}
        first = market.give(1.0)
        market.give(2.0, final=True)
        other.give(3.0)
        seen = await found.following({"live": START, "other~r1": START})
        assert [one.reading.index for one in seen["live"] if one.reading] == [1.0, 2.0]
        assert seen["live"][0].id == (first // 1_000, 0)
        assert seen["live"][0].sent_ns > 0
        assert len(seen["other~r1"]) == 1
        assert await found.following({"live": seen["live"][-1].id}) == {}


async def test_what_is_no_reading_is_an_entry_all_the_same(
    redis_server: servers.Redis, clean_redis: redis.Redis, tables: str
) -> None:
    Live(clean_redis)
    for n, fields in enumerate([{"reading": b"{"}, {"other": b"x"}, {"reading": b'{"at":"soon"}', "sent_ns": b"-1"}]):
        clean_redis.xadd("esi:live:readings", fields, id=f"{n + 1}-0")  # type: ignore[arg-type]  # bytes will do
    async with source(redis_server, tables) as found:
        seen = (await found.following({"live": START}))["live"]
    assert [(one.reading, one.sent_ns) for one in seen] == [(None, 0)] * 3


async def test_a_gap_is_filled_from_the_archive(
    redis_server: servers.Redis, clean_redis: redis.Redis, tables: str
) -> None:
    market, begin = Live(clean_redis), now_us()
    for n in range(5):
        market.give(float(n), begin + n * 1_000)
    entries: Any = clean_redis.xrange("esi:live:readings")
    async with source(redis_server, tables) as found:
        assert await found.missed("live", START) == ([], False)
        for name, fields in entries[:4]:
            archive(tables, name, fields[b"reading"])
        clean_redis.xtrim("esi:live:readings", maxlen=1, approximate=False)
        seen, lost = await found.missed("live", START)
        assert [one.reading.index for one in seen if one.reading] == [0.0, 1.0, 2.0, 3.0]
        assert lost
        assert await found.missed("live", parse_id(entries[3][0])) == ([], True)
        assert await found.missed("live", parse_id(entries[4][0])) == ([], False)
        assert await found.missed("nobody", START) == ([], False)


async def test_details_that_will_never_come_are_not_waited_for(
    redis_server: servers.Redis, clean_redis: redis.Redis, tables: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.alerting.source.DETAILS_WITHIN_S", 1e9)
    at = Live(clean_redis).give(1.0, final=True)
    async with source(redis_server, tables) as found:
        assert await asyncio.wait_for(found.details("live", (at // 1_000 - 1, 1)), 30) is None


async def test_details_are_waited_for(redis_server: servers.Redis, clean_redis: redis.Redis, tables: str) -> None:
    market = Live(clean_redis)
    at = market.give(1.0, final=True, score=0.75)
    async with source(redis_server, tables) as found:
        details = await found.details("live", (at // 1_000, 1))
        assert details is not None
        assert details.indicators[0].score == 0.75
        waiting = asyncio.create_task(found.details("live", (at // 1_000 + 1, 1)))
        await asyncio.sleep(0.2)
        assert not waiting.done()
        market.give(1.0, at + 1_000, final=True)
        assert await waiting is not None


async def test_cards(redis_server: servers.Redis, clean_redis: redis.Redis, tables: str) -> None:
    Live(clean_redis)
    async with source(redis_server, tables) as found:
        card = await found.card("live")
        assert card is not None
        assert vocabulary_names(card) == (["credit", "equity"], ["Spread", "Volatility"], ["SPX"])
        assert await found.card("nobody") is None
        clean_redis.set("esi:live:market", "[1]")
        assert await found.card("live") is None
        clean_redis.set("esi:live:market", "{")
        assert await found.card("live") is None
    assert vocabulary_names({}) == ([], [], [])
    assert vocabulary_names(CARD)[0] == ["credit", "equity"]
