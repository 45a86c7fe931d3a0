"""A market of daily finals, each sealed over the one before it and split against it, as a flow publishes them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import psycopg
import redis

from schemas.names import latest_key, stream
from schemas.reading import (
    Change,
    Details,
    IndicatorRow,
    Matrix,
    Reading,
    Staleness,
    canonical,
    entry_id,
    parse_rfc3339,
    rfc3339,
    seal,
)
from tests.api.publisher import Publisher

START_US = 1_199_309_200_000_000  # 2008-01-02T21:26:40Z
DAY_US = 86_400_000_000
SENT_NS = 1_500_000_000_000_000_000
SEGMENTS = ("equity", "credit", "funding")


def finals(market: str, count: int, version: str = "1-2-00000000", seed: int = 0) -> list[Reading]:
    """A chain of finals, one a day; their indices wander, and each change is split at random, exactly."""
    chance, made = random.Random(seed), list[Reading]()
    for number in range(count):
        parts = {name: chance.uniform(0, 30) for name in SEGMENTS}
        before = made[-1] if made else None
        at = rfc3339(START_US + number * DAY_US)
        index = sum(parts.values())
        plain = Reading(
            market, at, True, index, 50.0, "normal", "ciss", parts, {"ciss": index},
            None if before is None else _split(before, index, chance), 1.0, Staleness(0.0, 0), [], version,
        )  # fmt: skip
        made.append(seal(plain, before.hash if before else ""))
    return made


def _split(before: Reading, index: float, chance: random.Random) -> Change:
    assert before.index is not None
    total = index - before.index
    level = {name: chance.uniform(-9, 9) for name in SEGMENTS}
    composition = chance.choice([0.0, 1.5])
    return Change(before.at, total, level, total - sum(level.values()) - composition, composition)


def id_of(reading: Reading) -> str:
    """Stream id of a reading."""
    return entry_id(at_us(reading), reading.final)


def at_us(reading: Reading) -> int:
    """Its time, microseconds since 1970."""
    return parse_rfc3339(reading.at)


def details(reading: Reading) -> Details:
    """Two indicators in each segment, which share its contribution."""
    rows = [
        IndicatorRow(f"{name} {part}", name, "level", 1.0, 0.5, points * share, 0.5, 0.0)
        for name, points in reading.contributions.items()
        for part, share in (("volatility", 0.25), ("spread", 0.75))
    ]
    return Details(reading.market, reading.at, rows, Matrix([], []), Matrix([], []), {}, [], reading.version)


def publish(client: redis.Redis, market: str, readings: Sequence[Reading], sent_ns: int = SENT_NS) -> None:
    """Publishes readings and what lies behind the finals; the n-th is sent n seconds after `sent_ns`."""
    Publisher(client, market)
    pipe = client.pipeline(transaction=False)
    for number, reading in enumerate(readings):
        sent, name = sent_ns + number * 1_000_000_000, id_of(reading)
        pipe.xadd(stream(market, "readings"), {"reading": canonical(reading), "sent_ns": sent}, id=name)
        newest: dict[str, Any] = {"id": name, "reading": canonical(reading), "sent_ns": sent}
        if reading.final:
            newest |= {"final_id": name, "final": canonical(reading)}
            pipe.xadd(stream(market, "details"), {"details": canonical(details(reading)), "sent_ns": sent}, id=name)
        pipe.hset(latest_key(market), mapping=newest)
    pipe.execute()


def overwrite(url: str, market: str, id_: str, body: bytes) -> None:
    """What a hand in the archive does: other bytes under an id."""
    with psycopg.connect(url) as connection:
        connection.execute(
            "UPDATE readings SET reading = %s WHERE market = %s AND id_ms = %s", (body, market, _ms(id_))
        )


def delete(url: str, market: str, id_: str) -> None:
    """Another one: an entry is gone."""
    with psycopg.connect(url) as connection:
        connection.execute("DELETE FROM readings WHERE market = %s AND id_ms = %s", (market, _ms(id_)))


def _ms(id_: str) -> int:
    return int(id_.partition("-")[0])
