"""The archive's read side: what PostgreSQL has of a market, by stream id. Used by the API; never writes.

Bounds are stream ids `(ms, seq)` and exclusive on both sides; `None` is no bound. A time range is one too: everything
from t (inclusive) is `after=(t_ms - 1, LAST)`, everything before t is `before=(t_ms, 0)`. Bodies are the canonical
bytes as they were published. Every function raises `psycopg.OperationalError` or `psycopg_pool.PoolTimeout` when
PostgreSQL is away, and treats a database that no archiver has prepared yet as empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, LiteralString, NamedTuple

from psycopg import AsyncConnection
from psycopg.errors import UndefinedTable
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from api.archive.ids import Id, format_id

LAST: Final = 2**31 - 1
"""A sequence number past every one that is used: `(ms, LAST)` is the end of a millisecond."""

_FIRST_ID: Final[Id] = (-1, 0)
_LAST_ID: Final[Id] = (2**63 - 1, LAST)

Pool = AsyncConnectionPool[AsyncConnection[TupleRow]]


class Committed(NamedTuple):
    """How far PostgreSQL has one stream: every entry of this epoch up to and including `id`."""

    epoch: str
    ms: int
    seq: int

    @property
    def id(self) -> str:
        """As Redis writes it, `<ms>-<seq>`."""
        return format_id((self.ms, self.seq))


@dataclass(frozen=True, slots=True)
class ReadingRow:
    """One archived reading.

    Attributes:
        ms: milliseconds of its id: end of its step in event time (UTC).
        seq: 0 provisional, 1 final.
        at: the time that the reading itself says, to the microsecond, in UTC.
        final: whether it closes a period.
        index: 0..100, or None while there is no information.
        percentile: 0..100, or None.
        coverage: 0..1.
        reading: canonical bytes of `schemas.reading.Reading`.
        sent_ns: when it was published, wall clock, nanoseconds since 1970.
    """

    ms: int
    seq: int
    at: datetime
    final: bool
    index: float | None
    percentile: float | None
    coverage: float
    reading: bytes
    sent_ns: int

    @property
    def id(self) -> str:
        """As Redis writes it, `<ms>-<seq>`."""
        return format_id((self.ms, self.seq))


class BodyRow(NamedTuple):
    """One archived entry of `bars` or `details`: id `(ms, seq)`, its time, its canonical bytes, when it was sent."""

    ms: int
    seq: int
    at: datetime
    body: bytes
    sent_ns: int

    @property
    def id(self) -> str:
        """As Redis writes it, `<ms>-<seq>`."""
        return format_id((self.ms, self.seq))


_READING: Final = 'id_ms, id_seq, at, final, "index", percentile, coverage, reading, sent_ns'
_BODY: Final[dict[str, LiteralString]] = {
    "bars": "id_ms, id_seq, at, bars, sent_ns FROM bars",
    "details": "id_ms, id_seq, at, details, sent_ns FROM details",
}
_BETWEEN: Final = "market = %s AND (id_ms, id_seq) > (%s, %s) AND (id_ms, id_seq) < (%s, %s)"


def open_pool(url: str, *, size: int = 4, wait_s: float = 5) -> Pool:
    """A pool of read connections, not opened yet: enter it with `async with`.

    Args:
        url: psycopg conninfo or URI.
        size: connections at most.
        wait_s: how long a query waits for a connection before `PoolTimeout`.
    """
    options = {"autocommit": True, "client_encoding": "utf8", "connect_timeout": 5, "application_name": "esi-api"}
    return AsyncConnectionPool(url, min_size=1, max_size=size, timeout=wait_s, kwargs=options, open=False)


async def committed(pool: Pool, stream: str) -> Committed | None:
    """How far PostgreSQL has `stream` (such as `esi:us-open:readings`); None if the archiver never committed any of it.

    Entries after it are in Redis: the archiver trims nothing that is not committed. Compare the epoch with the
    stream's: if they differ, Redis began anew, and what is there is not yet archived at all.
    """
    rows = await _fetch(pool, "SELECT epoch, last_ms, last_seq FROM positions WHERE stream = %s", (stream,))
    return Committed(*rows[0]) if rows else None


async def readings(
    pool: Pool,
    market: str,
    after: Id | None = None,
    before: Id | None = None,
    *,
    final_only: bool = False,
    limit: int = 1000,
    ascending: bool = True,
) -> list[ReadingRow]:
    """Readings of a market between two ids (exclusive), oldest first, or newest first if not `ascending`."""
    finals: LiteralString = " AND final" if final_only else ""
    order: LiteralString = "" if ascending else " DESC"
    query: LiteralString = (
        f"SELECT {_READING} FROM readings WHERE {_BETWEEN}{finals} ORDER BY id_ms{order}, id_seq{order} LIMIT %s"
    )
    rows = await _fetch(pool, query, (*_bounds(market, after, before), limit))
    return [ReadingRow(*row) for row in rows]


async def last_of_each(
    pool: Pool,
    market: str,
    every_ms: int,
    after: Id | None = None,
    before: Id | None = None,
    *,
    final_only: bool = False,
    limit: int = 1000,
    ascending: bool = True,
) -> list[ReadingRow]:
    """The last reading within each interval of `every_ms` milliseconds since 1970 (UTC), for intervals that have one.

    An interval holds ids with `k * every_ms < ms <= (k + 1) * every_ms`: a step that ends on a border belongs to the
    interval that it closes. The first and last interval may be cut by the bounds.

    Raises:
        ValueError: `every_ms` is not positive.
    """
    if every_ms <= 0:
        msg = f"an interval of {every_ms} ms: it must be positive"
        raise ValueError(msg)
    finals: LiteralString = " AND final" if final_only else ""
    order: LiteralString = "" if ascending else " DESC"
    query: LiteralString = (
        f"SELECT DISTINCT ON (bucket) {_READING} FROM (SELECT *, (id_ms - 1) / %s AS bucket FROM readings "
        f"WHERE {_BETWEEN}{finals}) AS chosen ORDER BY bucket{order}, id_ms DESC, id_seq DESC LIMIT %s"
    )
    rows = await _fetch(pool, query, (every_ms, *_bounds(market, after, before), limit))
    return [ReadingRow(*row) for row in rows]


async def bodies(
    pool: Pool,
    channel: Literal["bars", "details"],
    market: str,
    after: Id | None = None,
    before: Id | None = None,
    *,
    limit: int = 1000,
    ascending: bool = True,
) -> list[BodyRow]:
    """Entries of `bars` or `details` of a market between two ids (exclusive), in the order of their ids."""
    order: LiteralString = "" if ascending else " DESC"
    query: LiteralString = f"SELECT {_BODY[channel]} WHERE {_BETWEEN} ORDER BY id_ms{order}, id_seq{order} LIMIT %s"
    rows = await _fetch(pool, query, (*_bounds(market, after, before), limit))
    return [BodyRow(*row) for row in rows]


async def newest(pool: Pool, market: str, *, final_only: bool = False) -> ReadingRow | None:
    """The newest archived reading (or final) of a market; None if there is none."""
    rows = await readings(pool, market, final_only=final_only, limit=1, ascending=False)
    return rows[0] if rows else None


async def markets(pool: Pool) -> list[str]:
    """Markets (runs included) that have archived readings, sorted."""
    # a loose index scan: one step of the index per market, however many readings it has
    query: LiteralString = """
        WITH RECURSIVE found AS (
            (SELECT market FROM readings ORDER BY market LIMIT 1)
            UNION ALL
            SELECT (SELECT r.market FROM readings r WHERE r.market > found.market ORDER BY r.market LIMIT 1)
            FROM found WHERE found.market IS NOT NULL
        ) SELECT market FROM found WHERE market IS NOT NULL ORDER BY market COLLATE "C"
    """
    return [row[0] for row in await _fetch(pool, query, ())]


def _bounds(market: str, after: Id | None, before: Id | None) -> tuple[str, int, int, int, int]:
    return (market, *(_FIRST_ID if after is None else after), *(_LAST_ID if before is None else before))


async def _fetch(pool: Pool, query: LiteralString, values: Sequence[object]) -> list[tuple[Any, ...]]:
    try:
        async with pool.connection() as connection:
            # binary results: bodies come as they are instead of as hexadecimal text
            cursor = await connection.cursor(binary=True).execute(query, values)
            return await cursor.fetchall()
    except UndefinedTable:
        return []
