"""Cards are told again, so that opening hours never run out."""

from __future__ import annotations

import json
from typing import Any

import pytest
import redis
import structlog

from dataflows import herald, sink
from dataflows.cards import card
from schemas.duration import DAY_US
from schemas.names import MARKETS_KEY, market_key
from tests import servers
from tests.dataflows.test_cards import THANKSGIVING_US, shipped
from tests.dataflows.test_sink import config


def test_a_card_is_told_again_while_redis_comes_and_goes(
    redis_server: servers.Redis, clean_redis: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = list[str]()

    def connect(url: str) -> Any:
        asked.append(url)
        if len(asked) == 1:
            raise redis.ConnectionError("nobody there")
        return sink.connect(url)

    monkeypatch.setattr(herald, "connect", connect)
    market, seen = shipped("us"), list[str]()

    def told(*_: object) -> bytes:
        seen.append("card")
        return card(market, None, now_us=THANKSGIVING_US + len(seen) * DAY_US)

    monkeypatch.setattr(herald, "card", told)
    with structlog.testing.capture_logs() as logs:
        ended = herald.keep_told(config(redis_server), {"us": market}, 0.02)
        try:
            servers.wait_until(lambda: clean_redis.sismember(MARKETS_KEY, "us"))
            first = begin(clean_redis)
            servers.wait_until(lambda: begin(clean_redis) > first, what="later hours")
        finally:
            ended.set()
    assert logs[0]["event"] == "cards_not_told"


def begin(client: redis.Redis) -> str:
    """When the first session opens that the card names."""
    raw: Any = client.get(market_key("us"))
    return str(json.loads(raw)["hours"][0][0])
