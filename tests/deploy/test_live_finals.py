"""Finals as the trainer reads them: requests since a final, and the newest in order."""

from __future__ import annotations

import msgspec
import pytest
import redis

from deploy import live_finals
from deploy.live_finals import LiveFinals
from schemas.names import stream
from tests import servers
from tests.api.publisher import details, id_of
from tests.deploy.live import publish, publish_duel


def test_requests_since_a_final(clean_redis: redis.Redis, redis_server: servers.Redis) -> None:
    live = LiveFinals(redis_server.url)
    assert live.newest("sim") == "0-0"
    for number in range(1, 8):
        last = publish(clean_redis, "sim", number, {3: "schedule", 5: "drift"}.get(number))
    assert live.newest("sim") == last
    assert live.requests("sim", "0-0") == ("drift", last)
    assert live.requests("sim", id_of(5, True)) == (None, last)
    assert live.requests("sim", id_of(2, True))[0] == "drift"
    assert live.requests("nowhere", "0-0") == (None, "0-0")
    live.close()


def test_long_streams_are_read_in_pages(
    clean_redis: redis.Redis, redis_server: servers.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, 8):
        last = publish(clean_redis, "sim", number, "drift" if number == 2 else None)
    monkeypatch.setattr(live_finals, "PAGE", 3)
    assert LiveFinals(redis_server.url).requests("sim", "0-0") == ("drift", last)


def test_the_newest_finals_come_in_order_with_their_index(
    clean_redis: redis.Redis, redis_server: servers.Redis
) -> None:
    publish_duel(clean_redis, "sim", 20, 0.5)
    found = LiveFinals(redis_server.url).last("sim", 10)
    assert len(found) == 10
    assert all(one.index is not None for one in found)
    assert found[0].details != found[-1].details
    body = msgspec.json.encode(details("sim", 500))
    clean_redis.xadd(stream("sim", "details"), {"details": body, "sent_ns": 1}, id=id_of(500, True))
    assert LiveFinals(redis_server.url).last("sim", 5)[-1].index is None
