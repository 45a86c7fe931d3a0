"""The archiver's side of Redis: finds the streams, reads them as consumer group `archive`, acknowledges, trims."""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, get_args

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ResponseError

from api.archive.entries import Channel, Stream
from api.archive.ids import Id, following, format_id, parse_id
from api.archive.plan import Head, trim_before
from schemas import names

CHANNELS: Final[tuple[Channel, ...]] = get_args(Channel)
Entry = tuple[Id, Mapping[bytes, bytes] | None]

_MARKET: Final = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._:^=/~@-]{0,199}")
_TRIM_AT_ONCE: Final = 1_000
BLOCK_MS: Final = 500
"""How long one read waits for entries: well below the client's time-out of 5 s."""


class ContestedError(RuntimeError):
    """Another consumer read of our group: what it took is not archived, so reading starts again from the archive."""


class Streams:
    """One connection to Redis, and one consumer of the group, with a name of its own."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._consumer = f"archiver-{secrets.token_hex(4)}"

    async def found(self) -> dict[Stream, str]:
        """Streams that exist, of all markets that some flow publishes, with the epoch of each."""
        members: set[Any] = await self._redis.smembers(names.MARKETS_KEY)
        markets = sorted(member.decode() for member in members if _MARKET.fullmatch(member))
        streams = [Stream(names.stream(m, c), m, c) for m in markets for c in CHANNELS]
        async with self._redis.pipeline(transaction=False) as pipe:
            for stream in streams:
                pipe.get(names.epoch_key(stream.market))
                pipe.type(stream.name)
            answers = await pipe.execute()
        kinds = zip(streams, answers[::2], answers[1::2], strict=True)
        return {stream: (epoch or b"").decode() for stream, epoch, kind in kinds if kind == b"stream"}

    async def cuts(self, streams: Sequence[Stream]) -> list[int]:
        """How many entries the writer's hard cap has cut from each stream so far."""
        keys = [names.cut_key(stream.market, stream.channel) for stream in streams]
        return [int(count or 0) for count in await self._redis.mget(keys)] if keys else []

    async def attach(self, stream: Stream, position: Id) -> None:
        """Makes the group go on behind `position`, which PostgreSQL has; forgets what was delivered and not archived.

        The archive, not the group, says how far we are: the group is set to it. It keeps its counters if it stands
        there already with nothing pending.
        """
        for group in await self._redis.xinfo_groups(stream.name):
            if group["name"] == names.ARCHIVE_GROUP.encode():
                if parse_id(group["last-delivered-id"]) == position and group["pending"] == 0:
                    return
                await self._redis.xgroup_destroy(stream.name, names.ARCHIVE_GROUP)
        await self._redis.xgroup_create(stream.name, names.ARCHIVE_GROUP, format_id(position))

    async def head(self, stream: Stream) -> Head:
        """First id, length, and entries ever added."""
        info = await self._redis.xinfo_stream(stream.name)
        first = info["first-entry"]
        return Head(parse_id(first[0]) if first else None, info["length"], info.get("entries-added"))

    async def read(self, streams: Iterable[Stream], count: int) -> dict[str, list[Entry]]:
        """New entries of each stream by its name, in order; waits up to half a second for the first.

        Raises:
            ContestedError: somebody else reads in this group.
        """
        behind: dict[Any, Any] = {stream.name: ">" for stream in streams}
        answer = await self._redis.xreadgroup(
            names.ARCHIVE_GROUP, self._consumer, behind, count=max(10, count // len(behind)), block=BLOCK_MS
        )
        read = {name.decode(): _entries(entries) for name, entries in _pairs(answer)}
        await self._refuse_strangers(list(read))
        return read

    async def _refuse_strangers(self, streams: list[str]) -> None:
        async with self._redis.pipeline(transaction=False) as pipe:
            for stream in streams:
                pipe.xpending(stream, names.ARCHIVE_GROUP)
            answers = await pipe.execute()
        for stream, pending in zip(streams, answers, strict=True):
            others = {consumer["name"].decode() for consumer in pending["consumers"]} - {self._consumer}
            if others:
                msg = f"{', '.join(sorted(others))} read of {stream} in our group"
                raise ContestedError(msg)

    async def acknowledge(self, ids: Mapping[str, Sequence[Id]]) -> None:
        """Tells the group that these entries of each stream are archived."""
        async with self._redis.pipeline(transaction=False) as pipe:
            for stream, some in ids.items():
                pipe.xack(stream, names.ARCHIVE_GROUP, *(format_id(one) for one in some))
            await pipe.execute()

    async def trim(self, stream: str, keep: int, committed: Id) -> int:
        """Removes the oldest entries beyond `keep`, none that is not committed; gives how many went."""
        gone = 0
        while (excess := await self._redis.xlen(stream) - keep) > 0:
            step = min(excess, _TRIM_AT_ONCE)
            found: Any = await self._redis.xrange(stream, count=step + 1)
            oldest = [parse_id(position) for position, _ in found]
            limit = trim_before(oldest, step, committed)
            if limit is None:
                break
            gone += await self._redis.xtrim(stream, minid=format_id(limit), approximate=False)
            if limit == following(committed):
                break
        return gone

    async def lags(self, streams: Sequence[str]) -> list[int]:
        """Entries of each stream that the group has not archived yet; its whole length where Redis cannot tell."""
        async with self._redis.pipeline(transaction=False) as pipe:
            for stream in streams:
                pipe.xinfo_groups(stream)
                pipe.xlen(stream)
            answers = await pipe.execute()
        return [_lag(groups, length) for groups, length in zip(answers[::2], answers[1::2], strict=True)]


def _lag(groups: list[dict[str, Any]], length: int) -> int:
    for group in groups:
        if group["name"] == names.ARCHIVE_GROUP.encode():
            lag = group.get("lag")
            return int(group["pending"]) + (length if lag is None else int(lag))
    return length


def _pairs(answer: Any) -> Iterable[tuple[bytes, Any]]:
    """Streams and entries of an XREADGROUP answer, whose shape depends on the protocol's version."""
    if isinstance(answer, Mapping):
        return [
            (name, entries[0] if entries and isinstance(entries[0], list) else entries)
            for name, entries in answer.items()
        ]
    return answer or ()


def _entries(answer: Sequence[tuple[bytes, Mapping[bytes, bytes] | None]]) -> list[Entry]:
    return [(parse_id(position), fields or None) for position, fields in answer]


@asynccontextmanager
async def open_streams(url: str) -> AsyncIterator[Streams]:
    """Connects to the Redis at `url`; commands are not retried, a read that ran twice would hide entries.

    Raises:
        redis.ConnectionError: Redis is away, or refuses the login.
    """
    client = Redis.from_url(url, retry=Retry(NoBackoff(), 0), socket_timeout=5, socket_connect_timeout=5)
    try:
        await client.ping()
        yield Streams(client)
    finally:
        await client.aclose()


def is_lost_group(error: Exception) -> bool:
    """Whether Redis says that a stream or our group on it is gone (emptied, deleted, restored without it)."""
    return isinstance(error, ResponseError) and str(error).startswith(("NOGROUP", "UNBLOCKED", "no such key"))
