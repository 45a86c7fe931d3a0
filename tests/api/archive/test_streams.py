"""The archiver's side of a real Redis: what it finds, reads, acknowledges and trims."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import redis
from redis.exceptions import ResponseError

from api.archive.entries import Stream
from api.archive.ids import START, parse_id
from api.archive.streams import ContestedError, Streams, is_lost_group, open_streams
from schemas import names
from tests import servers
from tests.api.archive import market as flow

READINGS = Stream("esi:a:readings", "a", "readings")
BARS = Stream("esi:a:bars", "a", "bars")


@pytest.fixture
async def streams(redis_server: servers.Redis, clean_redis: redis.Redis) -> AsyncIterator[Streams]:
    """The archiver's connection to an emptied Redis in which market `a` has published ten steps."""
    flow.announce(clean_redis, "a")
    flow.publish(clean_redis, "a", 0, 10)
    async with open_streams(redis_server.url) as found:
        yield found


def ids(market: str, count: int) -> list[str]:
    return [position for position, _ in flow.expected(market, count)["readings"]]


async def test_only_streams_of_announced_markets_are_found(streams: Streams, clean_redis: redis.Redis) -> None:
    flow.publish(clean_redis, "unannounced", 0, 10)
    flow.announce(clean_redis, "silent", "e7")
    clean_redis.sadd(names.MARKETS_KEY, b"\xff", "a:../b c", "*")
    clean_redis.set("esi:silent:readings", "no stream")
    clean_redis.xadd("esi:silent:bars", {"bars": b"{}"})
    found = await streams.found()
    assert {stream.name: epoch for stream, epoch in found.items()} == {
        "esi:a:readings": "e1", "esi:a:bars": "e1", "esi:a:details": "e1", "esi:silent:bars": "e7",
    }  # fmt: skip
    assert READINGS in found


async def test_runs_and_editions_are_markets_too(streams: Streams, clean_redis: redis.Redis) -> None:
    for name in ("a~r1", "a@2", "a@2~r1"):
        flow.announce(clean_redis, name)
        flow.publish(clean_redis, name, 0, 1)
    found = {stream.market for stream in await streams.found()}
    assert found == {"a", "a~r1", "a@2", "a@2~r1"}


async def test_it_reads_on_behind_what_the_archive_has_and_nothing_twice(streams: Streams) -> None:
    await streams.attach(READINGS, parse_id(ids("a", 10)[3]))
    read = await streams.read([READINGS], 100)
    assert [position for position, _ in read["esi:a:readings"]] == [parse_id(one) for one in ids("a", 10)[4:]]
    assert await streams.read([READINGS], 100) == {}
    bodies = [fields[b"reading"] for _, fields in read["esi:a:readings"] if fields is not None]
    assert bodies == [body for _, body in flow.expected("a", 10)["readings"][4:]]


async def test_what_was_delivered_and_not_archived_is_delivered_again(streams: Streams) -> None:
    await streams.attach(READINGS, START)
    first = await streams.read([READINGS], 100)
    await streams.attach(READINGS, START)
    assert await streams.read([READINGS], 100) == first


async def test_attaching_where_the_group_stands_leaves_its_counters(streams: Streams, clean_redis: redis.Redis) -> None:
    await streams.attach(READINGS, START)
    read = await streams.read([READINGS], 100)
    got = [position for position, _ in read["esi:a:readings"]]
    await streams.acknowledge({"esi:a:readings": got})
    before: Any = clean_redis.xinfo_groups("esi:a:readings")
    await streams.attach(READINGS, got[-1])
    assert clean_redis.xinfo_groups("esi:a:readings") == before
    assert before[0]["consumers"] == 1  # a group made anew would have none


async def test_a_stranger_in_the_group_is_noticed(streams: Streams, clean_redis: redis.Redis) -> None:
    await streams.attach(READINGS, START)
    clean_redis.xreadgroup(names.ARCHIVE_GROUP, "thief", {"esi:a:readings": ">"}, count=1)
    with pytest.raises(ContestedError, match="thief read of esi:a:readings"):
        await streams.read([READINGS], 100)


async def test_lag_counts_what_is_not_acknowledged_and_what_is_not_delivered(streams: Streams) -> None:
    assert await streams.lags(["esi:a:readings"]) == [11]  # nobody reads it yet
    await streams.attach(READINGS, START)
    await streams.attach(BARS, START)
    read = await streams.read([READINGS], 5)
    delivered = [position for position, _ in read["esi:a:readings"]]
    assert await streams.lags(["esi:a:readings", "esi:a:bars"]) == [11, 10]
    await streams.acknowledge({"esi:a:readings": delivered})
    assert await streams.lags(["esi:a:readings"]) == [11 - len(delivered)]


async def test_trimming_keeps_the_newest_and_everything_not_committed(
    streams: Streams, clean_redis: redis.Redis
) -> None:
    flow.publish(clean_redis, "a", 10, 2_990)
    all_ids = ids("a", 3_000)
    assert await streams.trim("esi:a:readings", 50, parse_id(all_ids[9])) == 10  # no more is committed
    assert await streams.trim("esi:a:readings", 50, parse_id(all_ids[9])) == 0
    assert await streams.trim("esi:a:readings", 50, parse_id(all_ids[-1])) == len(all_ids) - 60
    left: Any = clean_redis.xrange("esi:a:readings")
    assert [position.decode() for position, _ in left] == all_ids[-50:]
    assert await streams.trim("esi:a:readings", 100, parse_id(all_ids[-1])) == 0


async def test_head_and_cuts_say_what_a_stream_has_lost(streams: Streams, clean_redis: redis.Redis) -> None:
    clean_redis.xtrim("esi:a:readings", maxlen=4, approximate=False)
    head = await streams.head(READINGS)
    assert (head.first, head.length, head.added) == (parse_id(ids("a", 10)[-4]), 4, 11)
    clean_redis.set(names.cut_key("a", "bars"), 12)
    assert await streams.cuts([READINGS, BARS]) == [0, 12]
    assert await streams.cuts([]) == []


async def test_a_stream_that_was_trimmed_away_whole_has_no_first(streams: Streams, clean_redis: redis.Redis) -> None:
    clean_redis.xtrim("esi:a:readings", maxlen=0, approximate=False)
    head = await streams.head(READINGS)
    assert (head.first, head.length, head.added) == (None, 0, 11)


async def test_a_stream_or_group_that_is_gone_is_named_and_not_brought_back(
    streams: Streams, clean_redis: redis.Redis
) -> None:
    await streams.attach(READINGS, START)
    clean_redis.xgroup_destroy("esi:a:readings", names.ARCHIVE_GROUP)
    with pytest.raises(ResponseError) as no_group:
        await streams.read([READINGS], 100)
    clean_redis.delete("esi:a:readings")
    with pytest.raises(ResponseError) as no_stream:
        await streams.attach(READINGS, START)
    assert is_lost_group(no_group.value)
    assert is_lost_group(no_stream.value)
    assert not is_lost_group(ResponseError("OOM command not allowed"))
    assert not clean_redis.exists("esi:a:readings")
