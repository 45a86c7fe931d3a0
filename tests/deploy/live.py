"""Finals of the simulated market in Redis as a flow publishes them, for the trainer's tests."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import redis

from schemas.names import stream
from schemas.reading import Details
from schemas.scores import Drift
from tests.api.publisher import details, id_of, reading
from tests.evaluation.test_duel import history


def publish(client: redis.Redis, market: str, number: int, retrain: str | None = None) -> str:
    """One final, whose drift asks for retraining or does not."""
    found = msgspec.structs.replace(details(market, number), drift=Drift([], {}, 0, retrain))
    return _put(client, market, number, msgspec.json.encode(found), {})


def publish_duel(client: redis.Redis, market: str, finals: int, bias: float) -> None:
    """Finals in which a challenger is nearer by so much."""
    for number, one in enumerate(history(finals, bias)):
        said = msgspec.structs.replace(msgspec.json.decode(one.details, type=Details), market=market)
        _put(client, market, number, msgspec.json.encode(said), {"index": one.index})


def _put(client: redis.Redis, market: str, number: int, body: bytes, changes: dict[str, Any]) -> str:
    entry, said = id_of(number, True), msgspec.structs.replace(reading(market, number, True), **changes)
    for channel, field, raw in (("readings", "reading", msgspec.json.encode(said)), ("details", "details", body)):
        client.xadd(stream(market, channel), {field: raw, "sent_ns": time.time_ns()}, id=entry)
    return entry
