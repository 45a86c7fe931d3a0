"""GCRA: the law of it, in Redis and without; what answers say, and what happens while Redis is away."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import httpx
import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from api import streams
from api.config import ApiConfig
from api.identity.limits import WINDOW, Limiter, judged
from tests import servers
from tests.api.conftest import archive_tables, archive_url, config, serving
from tests.api.identity.people import make_key

__all__ = ["archive_tables", "archive_url", "config"]


@given(st.integers(1, 200), st.lists(st.floats(0, 30), max_size=200))
def test_never_more_than_twice_the_quota_in_a_window_and_never_less_than_it_at_first(
    quota: int, pauses: list[float]
) -> None:
    due, now, taken = 0.0, 1_000.0, []
    for pause in pauses:
        now += pause
        verdict, due = judged(due, now, quota)
        if verdict.allowed:
            taken.append(now)
        else:
            assert verdict.wait > 0
            assert judged(due, now + verdict.wait + 1e-6, quota)[0].allowed, "who waits as told is let in"
    for begin in taken:
        assert sum(begin <= moment < begin + WINDOW for moment in taken) <= 2 * quota
    assert len(taken) >= min(quota, len(pauses))


async def test_redis_counts_for_all_processes(redis_server: servers.Redis, clean_redis: redis.Redis) -> None:
    assert clean_redis.ping()
    clients = [streams.connect(redis_server.url) for _ in range(2)]
    limiters = [Limiter(client, 10) for client in clients]
    verdicts = [await limiters[number % 2].ask("user:x") for number in range(15)]
    assert [verdict.allowed for verdict in verdicts] == [True] * 10 + [False] * 5
    assert [verdict.remaining for verdict in verdicts[:10]] == list(range(9, -1, -1))
    assert 0 < verdicts[-1].wait <= WINDOW / 10
    assert (await limiters[0].ask("user:y")).allowed
    assert all(b"user" not in key for key in clean_redis.scan_iter()), "names stay out of Redis"
    for client in clients:
        await client.aclose()


async def test_without_redis_each_process_counts_alone() -> None:
    client = streams.connect(f"redis://127.0.0.1:{servers.free_port()}/0")
    limiter = Limiter(client, 10)
    verdicts = [await limiter.ask("user:x") for _ in range(15)]
    assert [verdict.allowed for verdict in verdicts] == [True] * 10 + [False] * 5
    await client.aclose()


async def test_a_redis_that_hangs_costs_little(own_redis: servers.Redis) -> None:
    client = streams.connect(own_redis.url)
    limiter = Limiter(client, 10)
    assert (await limiter.ask("user:x")).allowed
    own_redis.pause()
    try:
        async with asyncio.timeout(5):
            verdicts = [await limiter.ask("user:x") for _ in range(12)]
    finally:
        own_redis.resume()
    assert sum(verdict.allowed for verdict in verdicts) == 10
    await client.aclose()


@pytest.mark.parametrize("known", [True, False])
def test_answers_say_how_much_is_left(config: ApiConfig, archive_url: str, known: bool) -> None:
    headers = {"authorization": f"Bearer {make_key(archive_url, 'index:read')}"} if known else {}
    path = "/v1/markets" if known else "/.well-known/jwks.json"
    with serving(replace(config, quota=3, local_session=False)) as served:
        answers = [httpx.get(served.url + path, headers=headers) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert answers[0].headers["ratelimit-policy"] == '"default";q=3;w=60'
        assert answers[0].headers["ratelimit"] == '"default";r=2;t=1'
        assert answers[3].headers["content-type"] == "application/problem+json"
        assert 0 < int(answers[3].headers["retry-after"]) <= 21
