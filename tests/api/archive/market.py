"""A market that publishes for tests as a flow does: canonical bytes under explicit ids, one epoch."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import redis

from schemas import names
from schemas.reading import Bars, Details, Matrix, Reading, Staleness, canonical, entry_id, rfc3339

STEP_US = 1_000_000
STEPS_A_PERIOD = 10
FIRST_US = 1_381_152_600_000_000

Fields = dict[str, bytes | int]


def reading(market: str, at_us: int, final: bool, index: float | None = 41.5) -> Reading:
    return Reading(
        market, rfc3339(at_us), final, index, None, "unknown", "ciss", {}, {}, None, 0.9, Staleness(None, 0), [], "1"
    )


def steps(market: str, first: int, count: int) -> Iterator[tuple[str, str, bytes]]:
    """(channel, id, body) of `count` steps: bars and a provisional reading each, a final and details per period."""
    nothing = Matrix([], [])
    for step in range(first, first + count):
        at_us = FIRST_US + step * STEP_US
        closes = step % STEPS_A_PERIOD == STEPS_A_PERIOD - 1
        yield "bars", entry_id(at_us, False), canonical(Bars(market, rfc3339(at_us), []))
        yield "readings", entry_id(at_us, False), canonical(reading(market, at_us, False, step / 7))
        if closes:
            yield "readings", entry_id(at_us, True), canonical(reading(market, at_us, True, step / 7))
            details = Details(market, rfc3339(at_us), [], nothing, nothing, {}, [], "1")
            yield "details", entry_id(at_us, True), canonical(details)


def announce(client: redis.Redis, market: str, epoch: str = "e1") -> None:
    client.set(names.epoch_key(market), epoch)
    client.sadd(names.MARKETS_KEY, market)


def publish(client: redis.Redis, market: str, first: int, count: int) -> None:
    """Writes steps in one pipeline; each stands in the market's streams when this returns."""
    pipe = client.pipeline(transaction=False)
    for channel, position, body in steps(market, first, count):
        fields: Any = {channel.removesuffix("s") if channel == "readings" else channel: body, "sent_ns": time.time_ns()}
        pipe.xadd(names.stream(market, channel), fields, id=position)
    pipe.execute()


def expected(market: str, count: int) -> dict[str, list[tuple[str, bytes]]]:
    """By channel, (id, body) of everything that `publish(client, market, 0, count)` writes."""
    found: dict[str, list[tuple[str, bytes]]] = {"readings": [], "bars": [], "details": []}
    for channel, position, body in steps(market, 0, count):
        found[channel].append((position, body))
    return found
