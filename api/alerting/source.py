"""Readings of every market in order, none left out: from Redis, and from the archive where Redis no longer has them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, LiteralString

import msgspec
import structlog
from psycopg import AsyncConnection
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from api.archive.ids import Id, format_id, parse_id
from api.archive.plan import Head, has_gap
from schemas import names
from schemas.reading import Details, Reading, decode_reading, parse_rfc3339

log = structlog.get_logger("esi.alerts")

BATCH: Final = 500
BLOCK_MS: Final = 250
DETAILS_WITHIN_S: Final = 3.0
"""How long a final waits for its details, which are published behind it."""

_MARKET: Final = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._:^=/~-]{0,199}")
_ARCHIVED: Final[LiteralString] = (
    "SELECT id_ms, id_seq, reading, sent_ns FROM readings WHERE market = %s AND (id_ms, id_seq) > (%s, %s) "
    "AND (id_ms, id_seq) < (%s, %s) ORDER BY id_ms, id_seq LIMIT %s"
)


@dataclass(frozen=True, slots=True)
class Seen:
    """One entry of a readings stream; `reading` is None where its bytes are no reading."""

    id: Id
    reading: Reading | None
    sent_ns: int
    raw: bytes


class Source:
    """The streams of all markets.

    Args:
        redis: client of Redis.
        archive: connection to PostgreSQL for what Redis no longer has.
    """

    def __init__(self, redis: Redis, archive: AsyncConnection[tuple[Any, ...]]) -> None:
        self._redis, self._archive = redis, archive

    async def markets(self) -> dict[str, str]:
        """Markets that some flow publishes, and the epoch of each one's streams."""
        members: set[Any] = await self._redis.smembers(names.MARKETS_KEY)
        found = sorted(member.decode() for member in members if _MARKET.fullmatch(member))
        epochs: Any = await self._redis.mget([names.epoch_key(market) for market in found]) if found else []
        return {market: (epoch or b"").decode() for market, epoch in zip(found, epochs, strict=True)}

    async def card(self, market: str) -> dict[str, Any] | None:
        """The definition of a market as its flow published it; None where there is none, or nothing sensible."""
        raw = await self._redis.get(names.market_key(market))
        try:
            found = msgspec.json.decode(raw) if raw else None
        except msgspec.DecodeError:
            return None
        return found if isinstance(found, dict) else None

    async def missed(self, market: str, position: Id) -> tuple[list[Seen], bool]:
        """Archived readings behind a position that Redis no longer has, and whether Redis has lost any.

        An empty list with True means that some are nowhere: they were cut before they were archived.
        """
        stream = names.stream(market, "readings")
        try:
            info = await self._redis.xinfo_stream(stream)
        except Exception as error:
            if "no such key" not in str(error):
                raise
            return [], False
        first = info["first-entry"]
        head = Head(parse_id(first[0]) if first else None, info["length"], info.get("entries-added"))
        if not has_gap(position, head):
            return [], False
        limit = head.first or (2**62, 0)
        cursor = await self._archive.execute(_ARCHIVED, (market, *position, *limit, BATCH), binary=True)
        return [_seen((ms, seq), bytes(raw), sent) for ms, seq, raw, sent in await cursor.fetchall()], True

    async def following(self, positions: Mapping[str, Id]) -> dict[str, list[Seen]]:
        """New readings of each market behind its position; waits a moment for the first."""
        behind: dict[Any, Any] = {names.stream(m, "readings"): format_id(p) for m, p in positions.items()}
        answer: Any = await self._redis.xread(behind, count=BATCH, block=BLOCK_MS)
        pairs = answer.items() if isinstance(answer, Mapping) else answer or ()
        found = {}
        for name, entries in pairs:
            flat = entries[0] if entries and isinstance(entries[0], list) else entries
            market = name.decode().removeprefix("esi:").removesuffix(":readings")
            found[market] = [_entry(position, fields) for position, fields in flat]
        return found

    async def details(self, market: str, position: Id) -> Details | None:
        """The details of a final; None if it has none: those of a later final are there, or nothing came in time."""
        deadline = asyncio.get_running_loop().time() + DETAILS_WITHIN_S
        while True:
            passed = await self._passed(market, position)  # first: both may come between two looks
            if (raw := await self._details(market, position)) is not None:
                return readable_details(raw)
            if passed:
                return None  # finals that a reference artifact brought have none
            if asyncio.get_running_loop().time() > deadline:
                log.warning("no_details", market=market, id=format_id(position))
                return None
            await asyncio.sleep(0.02)

    async def _passed(self, market: str, position: Id) -> bool:
        """Whether details behind a position were published: they come in order."""
        newest: Any = await self._redis.xrevrange(names.stream(market, "details"), count=1)
        return bool(newest) and parse_id(newest[0][0]) > position

    async def _details(self, market: str, position: Id) -> bytes | None:
        one = format_id(position)
        held: Any = await self._redis.xrange(names.stream(market, "details"), one, one)
        if held:
            body: bytes | None = held[0][1].get(b"details")
            return body
        cursor = await self._archive.execute(
            "SELECT details FROM details WHERE market = %s AND id_ms = %s AND id_seq = %s",
            (market, *position),
            binary=True,
        )
        row = await cursor.fetchone()
        return bytes(row[0]) if row else None


def _entry(position: bytes, fields: Mapping[bytes, bytes]) -> Seen:
    sent = fields.get(b"sent_ns", b"0")
    return _seen(parse_id(position), fields.get(b"reading", b""), int(sent) if sent.isdigit() else 0)


def _seen(position: Id, raw: bytes, sent_ns: int) -> Seen:
    return Seen(position, readable(raw), sent_ns, raw)


def readable(raw: bytes) -> Reading | None:
    """The reading that bytes are, or None where they are none, or say no time."""
    try:
        reading = decode_reading(raw)
        parse_rfc3339(reading.at)
    except (msgspec.DecodeError, ValueError, OverflowError):
        return None
    return reading


def readable_details(raw: bytes) -> Details | None:
    """The details that bytes are, or None where they are none."""
    try:
        return msgspec.json.decode(raw, type=Details)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


@asynccontextmanager
async def open_redis(url: str) -> AsyncIterator[Redis]:
    """Connects to Redis.

    Raises:
        redis.ConnectionError: it is away, or refuses the login.
    """
    client = Redis.from_url(url, retry=Retry(NoBackoff(), 0), socket_timeout=5, socket_connect_timeout=5)
    try:
        await client.ping()
        yield client
    finally:
        await client.aclose()


def vocabulary_names(card: Mapping[str, Any]) -> tuple[Sequence[str], Sequence[str], Sequence[str]]:
    """Names of segments, indicators and instruments in a market's card."""
    segments = card.get("segments", [])
    indicators = [str(i["name"]) for segment in segments for i in segment.get("indicators", [])]
    instruments = [str(i["name"]) for i in card.get("instruments", [])]
    return [str(segment["name"]) for segment in segments], indicators, instruments
