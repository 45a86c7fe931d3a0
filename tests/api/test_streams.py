"""Reading Redis: ids, extents, and the clock of redis-py."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from api import streams
from api.streams import EMPTY, ZERO, Extent, Id
from schemas.reading import canonical
from tests import servers
from tests.api.publisher import Publisher, id_of, reading


@given(st.integers(0, 10**15), st.integers(0, 10**6))
def test_ids_come_back_as_they_were(ms: int, seq: int) -> None:
    assert Id.parse(str(Id(ms, seq))) == Id.parse(str(Id(ms, seq)).encode()) == Id(ms, seq)


@pytest.mark.parametrize("text", ["", "-", "-1", "a-1", "1-b", "1-1-1", " 1", "1.0", "²-1", "+1-1", "1" * 19])
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no id"):
        Id.parse(text)


def test_what_an_extent_completes() -> None:
    assert EMPTY.complete_after(ZERO)
    assert Extent(Id(1, 0), Id(9, 0), trimmed=False).complete_after(ZERO)
    trimmed = Extent(Id(5, 0), Id(9, 0), trimmed=True)
    assert [trimmed.complete_after(Id(ms, 0)) for ms in (4, 5, 9)] == [False, True, True]
    assert not Extent(None, Id(9, 0), trimmed=True).complete_after(Id(8, 0))


@pytest.fixture
async def commands(redis_server: servers.Redis) -> AsyncIterator[Redis]:
    found = streams.connect(redis_server.url, answer_within=1.0)
    yield found
    await found.aclose()


async def test_a_blocking_read_ends_when_it_should(commands: Redis, clean_redis: redis.Redis) -> None:
    """Not after redis-py's own time-out and ten silent repetitions."""
    assert clean_redis
    begin = time.monotonic()
    assert await streams.read_new(commands, {"esi:test:readings": ZERO}, 10, 200, ["nowhere"]) == ({}, {"nowhere": ""})
    assert time.monotonic() - begin < 1


@pytest.mark.parametrize("protocol", [2, 3])
async def test_entries_come_in_one_shape(redis_server: servers.Redis, clean_redis: redis.Redis, protocol: int) -> None:
    published = Publisher(clean_redis, "test").readings([1, 2], finals=[2])
    client = Redis.from_url(redis_server.url, protocol=protocol)
    keys = {"esi:test:readings": ZERO, "esi:test:details": ZERO}
    found, epochs = await streams.read_new(client, keys, 10, 100, ["test", "nowhere"])
    assert epochs == {"test": "e1", "nowhere": ""}
    assert [str(entry.id) for entry in found["esi:test:readings"][0]] == published
    assert str(found["esi:test:details"][1]) == id_of(2, True)
    await client.aclose()


async def test_a_foreign_entry_is_passed_over(commands: Redis, clean_redis: redis.Redis) -> None:
    publisher = Publisher(clean_redis, "test")
    clean_redis.xadd("esi:test:readings", {"other": "thing"}, id="1-0")
    publisher.readings([1])
    clean_redis.xadd("esi:test:readings", {"other": "thing"}, id="9999999999999-0")
    news, _ = await streams.read_new(commands, {"esi:test:readings": ZERO}, 10, 100, ["test"])
    entries, last = news["esi:test:readings"]
    assert [str(entry.id) for entry in entries] == [id_of(1)]
    assert last == Id(9999999999999, 0)  # or it would be read again and again
    assert await streams.following(commands, "test", "readings", ZERO, count=2) == (entries, entries[-1].id)


async def test_extents(commands: Redis, clean_redis: redis.Redis) -> None:
    assert await streams.extent(commands, "test", "readings") == EMPTY
    published = [Id.parse(name) for name in Publisher(clean_redis, "test").readings(range(1, 11))]
    assert await streams.extent(commands, "test", "readings") == Extent(published[0], published[-1], trimmed=False)
    clean_redis.xtrim("esi:test:readings", minid=str(published[4]), approximate=False)
    assert await streams.extent(commands, "test", "readings") == Extent(published[4], published[-1], trimmed=True)
    clean_redis.xtrim("esi:test:readings", maxlen=0, approximate=False)
    assert await streams.extent(commands, "test", "readings") == Extent(None, published[-1], trimmed=True)


async def test_a_wrong_type_is_no_empty_stream(commands: Redis, clean_redis: redis.Redis) -> None:
    clean_redis.set("esi:test:readings", "a string")
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        await streams.extent(commands, "test", "readings")


async def test_small_questions(commands: Redis, clean_redis: redis.Redis) -> None:
    Publisher(clean_redis, "test")
    assert await streams.market_names(commands) == ["test"]
    assert await streams.is_market(commands, "test")
    assert not await streams.is_market(commands, "nowhere")
    assert await streams.epochs(commands, ["test", "nowhere"]) == {"test": "e1", "nowhere": ""}
    assert await streams.epochs(commands, []) == {}
    assert (await streams.definitions(commands, ["nowhere"]), await streams.definitions(commands, [])) == ([None], [])
    assert await streams.newest_final(commands, "test") is None
    Publisher(clean_redis, "test").readings([1, 2], finals=[1])
    final = await streams.newest_final(commands, "test")
    assert final is not None
    assert (str(final.id), final.data) == (id_of(1, True), canonical(reading("test", 1, True)))
    assert 0 < await streams.round_trip(commands) < 1
    assert await streams.newest(commands, "test", "bars", 3) == []
    assert cast("Any", commands.connection_pool).connection_kwargs["socket_timeout"] == 1.0
