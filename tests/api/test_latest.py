"""`latest` from memory: the same bytes as long as nothing has changed, and never older than the feed."""

from __future__ import annotations

import asyncio
import json

import redis
from websockets.asyncio.client import connect

from api.latest import ROUTE, Answer
from tests.api.conftest import Served
from tests.api.publisher import Publisher, id_of
from tests.api.test_compression import plain, raw
from tests.servers import wait_until

PATH = "/v1/markets/test/latest"


def test_the_second_answer_asks_redis_nothing(served: Served, publisher: Publisher, clean_redis: redis.Redis) -> None:
    publisher.readings([1, 2], finals=[1])
    first = served.get(PATH)
    before = commands(clean_redis)
    for _ in range(50):
        assert served.get(PATH).content == first.content
    assert commands(clean_redis) - before <= 2, "the reader's own rounds do not use these commands"
    assert served.metric("esi_api_http_requests_total", route=ROUTE, status="200") == 51


def commands(client: redis.Redis) -> int:
    """How often the markets' set and the newest readings were asked for."""
    stats: dict[str, dict[str, int]] = client.info("commandstats")  # type: ignore[assignment]  # no pipeline
    return sum(stats.get(f"cmdstat_{name}", {"calls": 0})["calls"] for name in ("sismember", "hgetall", "hmget"))


def test_whoever_has_it_gets_304_in_any_coding(served: Served, publisher: Publisher) -> None:
    publisher.readings([1])
    first = served.get(PATH)
    assert first.headers["cache-control"] == "no-cache"
    tags = set()
    for coding in ("identity", "gzip", "zstd"):
        body, headers = raw(served, PATH, coding)
        tags.add(headers["etag"])
        assert plain(body, headers.get("content-encoding", "")) == first.content
        for tag in (headers["etag"], f'W/{headers["etag"]}, "other"', "*"):
            known = served.get(PATH, headers={"if-none-match": tag})
            assert (known.status_code, known.content) == (304, b"")
            assert known.headers["x-request-id"]
    assert len(tags) == 3
    publisher.readings([2])
    wait_until(lambda: served.get(PATH, headers={"if-none-match": first.headers["etag"]}).status_code == 200)
    assert served.get(PATH).json()["id"] == id_of(2)


async def test_it_is_never_older_than_what_the_feed_has_told(served: Served, publisher: Publisher) -> None:
    async with connect(f"{served.feed}?market=test") as client:
        await client.recv()
        for number in range(1, 30):
            publisher.readings([number])
            told = json.loads(await asyncio.wait_for(client.recv(), 5))["id"]
            found = (await asyncio.to_thread(served.get, PATH)).json()["id"]
            assert found == told


def test_a_stream_that_began_anew_is_another_state(served: Served, publisher: Publisher) -> None:
    publisher.readings([5], finals=[5])
    assert served.get(PATH).json()["final_id"] == id_of(5, True)
    publisher.begin_anew("e2")
    publisher.readings([1])
    wait_until(lambda: served.get(PATH).json()["epoch"] == "e2")
    wait_until(lambda: served.get(PATH).json()["id"] == id_of(1))
    assert served.get(PATH).json()["final_id"] is None


def test_tags() -> None:
    answer = Answer(1, "e.1-0.None", {"": b"{}"})
    assert answer.etag("") == '"e.1-0.None"'
    assert answer.etag("gzip") != answer.etag("zstd")
    assert answer.is_known('"x", W/"e.1-0.None-zstd"')
    assert not answer.is_known('"e.2-0.None"')
    assert not answer.is_known("")
    assert answer.body("gzip") is answer.body("gzip")
