"""Reading what the flows publish in Redis; the answers of redis-py in one shape, whatever its version makes of them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from schemas.names import MARKETS_KEY, epoch_key, in_order, latest_key, market_key, stream

AWAY = (RedisError, OSError, TimeoutError)
"""What redis-py raises when the server is away, slow or full."""

PAGE = 1_000
CONNECTIONS = 16


class Id(NamedTuple):
    """A stream id: milliseconds of event time, then 0 for provisional or 1 for final."""

    ms: int
    seq: int

    def __str__(self) -> str:
        return f"{self.ms}-{self.seq}"

    @classmethod
    def parse(cls, text: str | bytes) -> Id:
        """From `1700000000000-1`; the part behind `-` may be left out.

        Raises:
            ValueError: no id.
        """
        raw = text.decode() if isinstance(text, bytes) else text
        ms, _, seq = raw.partition("-")
        if not (ms.isascii() and ms.isdigit() and (not seq or (seq.isascii() and seq.isdigit()))):
            msg = f"{raw[:60]!r} is no id: write <milliseconds>-<0 or 1>, such as 1700000000000-1"
            raise ValueError(msg)
        if max(len(ms), len(seq)) > 18:
            msg = f"{raw[:60]!r} is no id: its numbers are too long"
            raise ValueError(msg)
        return cls(int(ms), int(seq or 0))


ZERO = Id(0, 0)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a stream: its id, the canonical bytes, and when it was published (wall clock, ns)."""

    id: Id
    data: bytes
    sent_ns: int


@dataclass(frozen=True, slots=True)
class Extent:
    """What a stream holds: first and newest id, and whether anything was ever trimmed from it."""

    first: Id | None
    last: Id
    trimmed: bool

    def complete_after(self, position: Id) -> bool:
        """Whether every entry behind `position` is still there."""
        return not self.trimmed or self.last <= position or (self.first is not None and self.first <= position)


EMPTY = Extent(None, ZERO, trimmed=False)


def connect(url: str, answer_within: float = 5.0) -> Redis:
    """A client of its own that never repeats a command by itself and gives up after `answer_within` seconds.

    A blocking read must block for less than that: redis-py counts it as silence of the server. Of thousands of sockets
    that ask at once each waits for one of a few connections; redis-py's ordinary pool would fail beyond a hundred.
    """
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=CONNECTIONS,
        timeout=answer_within,
        socket_timeout=answer_within,
        socket_connect_timeout=answer_within,
        retry=Retry(NoBackoff(), 0),
    )
    client: Redis = Redis.from_pool(pool)
    return client


def _entry(raw: tuple[bytes, Mapping[bytes, bytes] | None], field: bytes) -> Entry | None:
    fields = raw[1] or {}
    if field not in fields:
        return None
    return Entry(Id.parse(raw[0]), fields[field], int(fields.get(b"sent_ns", b"0")))


def _entries(raws: list[Any], channel: str) -> list[Entry]:
    field = channel.removesuffix("s").encode() if channel == "readings" else channel.encode()
    return [entry for raw in raws if (entry := _entry(raw, field)) is not None]


async def read_new(
    client: Redis, after: Mapping[str, Id], count: int, block_ms: int, markets: Sequence[str]
) -> tuple[dict[str, tuple[list[Entry], Id]], dict[str, str]]:
    """New entries, and the id to read on from, by stream key; and the markets' epochs as they are after that.

    Waits up to `block_ms` for the first entry. Both questions travel together: Redis answers the second as soon as the
    first is answered, without another way there and back.
    """
    async with client.pipeline(transaction=False) as both:
        both.xread({key: str(position) for key, position in after.items()}, count, block_ms)
        both.mget([epoch_key(market) for market in markets])
        answer, raws = await both.execute()
    return _by_key(answer), {market: (raw or b"").decode() for market, raw in zip(markets, raws, strict=True)}


def _by_key(answer: Any) -> dict[str, tuple[list[Entry], Id]]:
    pairs = answer.items() if isinstance(answer, dict) else answer or []
    found = {}
    for key, raws in pairs:
        name = key.decode() if isinstance(key, bytes) else str(key)
        if raws and raws[0] and isinstance(raws[0], list):  # RESP3 wraps them once more
            raws = raws[0]  # noqa: PLW2901  (the same thing, unwrapped)
        if raws:
            found[name] = _entries(raws, name.rpartition(":")[2]), Id.parse(raws[-1][0])
    return found


async def newest(client: Redis, market: str, channel: str, count: int) -> list[Entry]:
    """The newest entries of a stream, oldest of them first."""
    raws: Any = await client.xrevrange(stream(market, channel), count=count)
    return _entries(raws[::-1], channel)


async def following(
    client: Redis, market: str, channel: str, after: Id, *, count: int = PAGE, until: Id | None = None
) -> tuple[list[Entry], Id | None]:
    """At most `count` entries with `after < id < until`, in order, and the id to read on from (None at the end)."""
    end = f"({until}" if until is not None else "+"
    raws: Any = await client.xrange(stream(market, channel), min=f"({after}", max=end, count=count)
    return _entries(raws, channel), Id.parse(raws[-1][0]) if len(raws) == count else None


async def preceding(
    client: Redis, market: str, channel: str, before: Id | None, *, after: Id = ZERO, count: int = PAGE
) -> tuple[list[Entry], Id | None]:
    """At most `count` entries with `after < id < before`, newest first, and the id to read on from, as `following`."""
    begin = f"({before}" if before is not None else "+"
    raws: Any = await client.xrevrange(stream(market, channel), max=begin, min=f"({after}", count=count)
    return _entries(raws, channel), Id.parse(raws[-1][0]) if len(raws) == count else None


async def extent(client: Redis, market: str, channel: str) -> Extent:
    """What a stream holds now; `EMPTY` if there is no such stream."""
    try:
        info: Any = await client.xinfo_stream(stream(market, channel))
    except ResponseError as error:
        if "no such key" not in str(error):
            raise
        return EMPTY
    first = Id.parse(info["first-entry"][0]) if info["first-entry"] else None
    return Extent(first, Id.parse(info["last-generated-id"]), info.get("entries-added", -1) != info["length"])


async def epochs(client: Redis, markets: list[str]) -> dict[str, str]:
    """The epoch of each market's streams, empty while its flow has not begun."""
    raws: Any = await client.mget([epoch_key(market) for market in markets]) if markets else []
    return {market: (raw or b"").decode() for market, raw in zip(markets, raws, strict=True)}


async def market_names(client: Redis) -> list[str]:
    """Every market that some flow publishes, runs included; editions in turn."""
    raws: Any = await cast("Any", client.smembers(MARKETS_KEY))
    return sorted((raw.decode() for raw in raws), key=in_order)


async def is_market(client: Redis, market: str) -> bool:
    """Whether some flow publishes this market."""
    return bool(await cast("Any", client.sismember(MARKETS_KEY, market)))


async def definitions(client: Redis, markets: list[str]) -> list[bytes | None]:
    """The markets' definitions as JSON bytes, None where a flow has not written one."""
    return cast("list[bytes | None]", await client.mget([market_key(m) for m in markets])) if markets else []


async def latest(client: Redis, market: str) -> dict[bytes, bytes]:
    """The hash of a market's newest reading; empty before the first."""
    return cast("dict[bytes, bytes]", await cast("Any", client.hgetall(latest_key(market))))


async def newest_final(client: Redis, market: str) -> Entry | None:
    """The newest final of a market as its flow noted it; None before the first. When it was sent is not noted."""
    key = latest_key(market)
    name, body = cast("list[bytes | None]", await cast("Any", client.hmget(key, ["final_id", "final"])))
    return Entry(Id.parse(name), body, 0) if name and body else None


async def round_trip(client: Redis) -> float:
    """Seconds that a PING takes."""
    begin = time.perf_counter()
    await cast("Any", client.ping())
    return time.perf_counter() - begin
