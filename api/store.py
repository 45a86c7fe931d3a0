"""Reading what the archiver has committed to PostgreSQL. Nothing here writes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.errors import UndefinedTable
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from api.streams import ZERO, Entry, Id
from schemas.names import stream

GONE = (psycopg.OperationalError, PoolTimeout, psycopg.InterfaceError)
"""What psycopg raises when the server is away."""

CONNECT_WITHIN = 2.0
TRY_AGAIN = 2.0
LAST_SEQ = 2**31 - 1
_END = Id(2**62, 0)

_SCOPE = """market = %(market)s AND (id_ms, id_seq) < (%(until_ms)s, %(until_seq)s)"""
_BODY = {"readings": "reading", "details": "details"}
_KIND = {None: "", True: " AND final", False: " AND NOT final"}
_ROWS = """SELECT id_ms, id_seq, {body}, sent_ns FROM {table}
    WHERE {scope} AND (id_ms, id_seq) > (%(after_ms)s, %(after_seq)s) ORDER BY id_ms, id_seq LIMIT %(limit)s"""

_KNOWN = " AND sent_ns <= %(known_ns)s"
# By the index over `sent_ns`: without a bound the one over ids would be walked through what came later.
_LAST_KNOWN = """SELECT id_ms, id_seq, {body}, sent_ns FROM {table} WHERE {scope}
    ORDER BY sent_ns DESC, id_ms DESC, id_seq DESC LIMIT 1"""
_LAST = """SELECT id_ms, id_seq, {body}, sent_ns FROM {table}
    WHERE {scope} AND (id_ms, id_seq) > (%(after_ms)s, %(after_seq)s) ORDER BY id_ms DESC, id_seq DESC LIMIT 1"""

# Two index look-ups for each interval, however many readings lie in it: the first reading behind the one before, and
# the last reading of the interval where that one lies.
_STEP = """CROSS JOIN LATERAL (
        SELECT id_ms, id_seq, {body}, sent_ns FROM {table} WHERE {scope} AND id_ms >= first.id_ms
            AND id_ms <= (first.id_ms + %(every)s - 1) / %(every)s * %(every)s
        ORDER BY id_ms DESC, id_seq DESC LIMIT 1) AS last"""
_LAST_OF_EACH = (
    """WITH RECURSIVE picked AS (
    (SELECT last.* FROM (
        SELECT id_ms FROM {table} WHERE {scope} AND (id_ms, id_seq) > (%(after_ms)s, %(after_seq)s)
        ORDER BY id_ms, id_seq LIMIT 1) AS first """
    + _STEP
    + """)
    UNION ALL
    SELECT last.* FROM picked CROSS JOIN LATERAL (
        SELECT id_ms FROM {table} WHERE {scope} AND (id_ms, id_seq) > (picked.id_ms, picked.id_seq)
        ORDER BY id_ms, id_seq LIMIT 1) AS first """
    + _STEP
    + """)
    SELECT * FROM picked LIMIT %(limit)s"""
)


@dataclass(frozen=True)
class Wanted:
    """Which readings of a market are wanted: `after < id < until`, in order.

    Attributes:
        final: True for finals, False for provisional ones, None for both.
        every: milliseconds; the last reading of each interval `(start, end]` only.
        limit: how many at most.
        known_ns: wall clock, nanoseconds since 1970; what was published by then only.
        channel: `readings`, or `details` (of finals, whatever `final` says).
    """

    market: str
    after: Id = ZERO
    until: Id | None = None
    final: bool | None = None
    every: int | None = None
    limit: int = 1_000
    known_ns: int | None = None
    channel: str = "readings"

    def includes(self, entry: Entry) -> bool:
        """Whether an entry between its bounds is of the wanted kind, and was published in time."""
        of_its_kind = self.final is None or self.final == bool(entry.id.seq)
        return of_its_kind and (self.known_ns is None or entry.sent_ns <= self.known_ns)

    def interval(self, entry_id: Id) -> int:
        """Number of the interval of length `every` in which an id lies."""
        return -(-entry_id.ms // (self.every or 1))


class Store:
    """The archive, through a small pool that connects again by itself.

    Args:
        url: as psycopg takes it.
    """

    def __init__(self, url: str) -> None:
        self._away_until = 0.0
        self._pool = AsyncConnectionPool(
            url,
            min_size=1,
            max_size=4,
            timeout=CONNECT_WITHIN,
            open=False,
            check=AsyncConnectionPool.check_connection,
            kwargs={
                "autocommit": True,
                "connect_timeout": int(CONNECT_WITHIN),
                "application_name": "esi-api",
                "options": "-c default_transaction_read_only=on -c statement_timeout=15s",
            },
        )

    async def open(self) -> None:
        """Begins to connect; does not wait for it."""
        await self._pool.open(wait=False)

    async def close(self) -> None:
        """Closes every connection."""
        await self._pool.close(timeout=0.5)

    async def _fetch(self, query: str, values: dict[str, object]) -> list[tuple[Any, ...]]:
        if time.monotonic() < self._away_until:
            msg = "away a moment ago"  # so that not every request waits for it in vain
            raise PoolTimeout(msg)
        try:
            return await self._ask(query, values)
        except GONE:
            self._away_until = time.monotonic() + TRY_AGAIN
            raise

    async def _ask(self, query: str, values: dict[str, object]) -> list[tuple[Any, ...]]:
        async with self._pool.connection() as connection:
            try:
                cursor = await connection.execute(query.encode(), values, binary=True)
            except UndefinedTable:  # the archiver has not begun: nothing is committed, so nothing was trimmed
                return []
            return await cursor.fetchall()

    async def ping(self) -> None:
        """Asks whether PostgreSQL answers.

        Raises:
            psycopg.OperationalError, PoolTimeout: it does not.
        """
        async with self._pool.connection() as connection:
            await connection.execute("SELECT 1")
        self._away_until = 0.0

    async def position(self, market: str, channel: str = "readings") -> tuple[str, Id]:
        """Epoch and id up to which a market's channel is committed; `("", 0-0)` before the first."""
        query = "SELECT epoch, last_ms, last_seq FROM positions WHERE stream = %(stream)s"
        rows = await self._fetch(query, {"stream": stream(market, channel)})
        return (rows[0][0], Id(rows[0][1], rows[0][2])) if rows else ("", ZERO)

    async def readings(self, wanted: Wanted) -> list[Entry]:
        """Committed readings, or what else the channel is of."""
        return await self._entries(_LAST_OF_EACH if wanted.every else _ROWS, wanted)

    async def last(self, wanted: Wanted) -> Entry | None:
        """The newest committed reading that is wanted, or None."""
        is_unbounded = wanted.known_ns is not None and wanted.until is None
        found = await self._entries(_LAST_KNOWN if is_unbounded else _LAST, wanted)
        return found[0] if found else None

    async def _entries(self, template: str, wanted: Wanted) -> list[Entry]:
        kind = _KIND[wanted.final] if wanted.channel == "readings" else ""
        scope = _SCOPE + kind + ("" if wanted.known_ns is None else _KNOWN)
        query = template.format(scope=scope, table=wanted.channel, body=_BODY[wanted.channel])
        until = wanted.until or _END
        values: dict[str, object] = {
            "market": wanted.market,
            "after_ms": wanted.after.ms,
            "after_seq": min(wanted.after.seq, LAST_SEQ),
            "until_ms": until.ms,
            "until_seq": min(until.seq, LAST_SEQ),
            "every": wanted.every,
            "limit": wanted.limit,
            "known_ns": wanted.known_ns,
        }
        return [Entry(Id(ms, seq), bytes(body), sent) for ms, seq, body, sent in await self._fetch(query, values)]

    async def details(self, market: str, until: Id | None = None) -> Entry | None:
        """Details of the last final with `id < until`, or None."""
        bound = until or _END
        values: dict[str, object] = {
            "market": market,
            "until_ms": bound.ms,
            "until_seq": min(bound.seq, LAST_SEQ),
        }
        query = f"SELECT id_ms, id_seq, details, sent_ns FROM details WHERE {_SCOPE} ORDER BY id_ms DESC, id_seq DESC"
        found = await self._fetch(f"{query} LIMIT 1", values)
        return Entry(Id(found[0][0], found[0][1]), bytes(found[0][2]), found[0][3]) if found else None
