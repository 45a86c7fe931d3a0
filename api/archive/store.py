"""The archive's write side: batches and their positions go into PostgreSQL in one transaction."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, LiteralString

from psycopg import AsyncConnection, AsyncCursor

from api.archive.entries import Batch, Channel, Refusal, Row
from api.archive.ids import format_id
from api.archive.plan import Position

ARCHIVER_LOCK: Final = 0x0E51_0002
"""Key of the advisory lock of the one archiver that works; others stand by."""

_INSERT: Final[dict[Channel, LiteralString]] = {
    "readings": 'INSERT INTO readings (market, id_ms, id_seq, at, reading, sent_ns, final, "index", percentile, '
    "coverage) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
    "bars": "INSERT INTO bars (market, id_ms, id_seq, at, bars, sent_ns) VALUES (%s, %s, %s, %s, %s, %s) "
    "ON CONFLICT DO NOTHING",
    "details": "INSERT INTO details (market, id_ms, id_seq, at, details, sent_ns) VALUES (%s, %s, %s, %s, %s, %s) "
    "ON CONFLICT DO NOTHING",
}
_STORED: Final[dict[Channel, LiteralString]] = {
    "readings": "SELECT id_ms, id_seq, reading FROM readings",
    "bars": "SELECT id_ms, id_seq, bars FROM bars",
    "details": "SELECT id_ms, id_seq, details FROM details",
}
_REFUSE: Final = (
    "INSERT INTO refusals (stream, id, reason, digest, body) VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"
)
_MOVE: Final = (
    "INSERT INTO positions (stream, epoch, last_ms, last_seq) VALUES (%s, %s, %s, %s) ON CONFLICT (stream) "
    "DO UPDATE SET epoch = EXCLUDED.epoch, last_ms = EXCLUDED.last_ms, last_seq = EXCLUDED.last_seq"
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a batch: rows that are new, and everything refused (unreadable, or other bytes under an id)."""

    batch: Batch
    added: int
    refusals: Sequence[Refusal]


class Store:
    """One connection to the archive."""

    def __init__(self, connection: AsyncConnection[tuple[Any, ...]]) -> None:
        self._connection = connection

    async def try_lock(self) -> bool:
        """Whether this archiver is the one that works now; the lock is held until the connection ends."""
        cursor = await self._connection.execute("SELECT pg_try_advisory_lock(%s)", (ARCHIVER_LOCK,))
        row = await cursor.fetchone()
        return bool(row and row[0])

    async def positions(self) -> dict[str, Position]:
        """How far each stream is committed."""
        cursor = await self._connection.execute("SELECT stream, epoch, last_ms, last_seq FROM positions")
        return {stream: Position(epoch, (ms, seq)) async for stream, epoch, ms, seq in cursor}

    async def commit(self, batches: Sequence[Batch], timeout_s: float) -> list[Outcome]:
        """Writes rows, refusals and positions of all batches, or none of it. Repeating it changes nothing.

        Raises:
            TimeoutError: it took longer than `timeout_s`.
            psycopg.Error: PostgreSQL is away, full, or refuses.
        """
        async with asyncio.timeout(timeout_s), self._connection.transaction(), self._connection.cursor() as cursor:
            outcomes = [await _write(cursor, batch) for batch in batches]
            await cursor.executemany(_MOVE, [(b.stream.name, b.epoch, *b.last) for b in batches])
        return outcomes


async def _write(cursor: AsyncCursor[tuple[Any, ...]], batch: Batch) -> Outcome:
    added, refusals = 0, list(batch.refusals)
    if batch.rows:
        await cursor.executemany(_INSERT[batch.stream.channel], [_values(batch, row) for row in batch.rows])
        added = cursor.rowcount
    if added < len(batch.rows):
        refusals += await _other_bytes(cursor, batch)
    if refusals:
        await cursor.executemany(
            _REFUSE,
            [(batch.stream.name, format_id(r.id), r.reason, hashlib.sha256(r.body).digest(), r.body) for r in refusals],
        )
    return Outcome(batch, added, refusals)


def _values(batch: Batch, row: Row) -> tuple[object, ...]:
    values = (batch.stream.market, *row.id, row.at, row.body, row.sent_ns)
    if (columns := row.columns) is None:
        return values
    return (*values, columns.final, columns.index, columns.percentile, columns.coverage)


async def _other_bytes(cursor: AsyncCursor[tuple[Any, ...]], batch: Batch) -> list[Refusal]:
    """Rows whose id is taken by other bytes: what is archived is never overwritten."""
    between = " WHERE market = %s AND (id_ms, id_seq) >= (%s, %s) AND (id_ms, id_seq) <= (%s, %s)"
    bounds = (batch.stream.market, *batch.rows[0].id, *batch.rows[-1].id)
    await cursor.execute(_STORED[batch.stream.channel] + between, bounds)
    stored = {(ms, seq): bytes(body) async for ms, seq, body in cursor}
    return [Refusal(row.id, "other_bytes", row.body) for row in batch.rows if stored[row.id] != row.body]


@asynccontextmanager
async def open_store(url: str) -> AsyncIterator[Store]:
    """Connects to the archive at `url` (psycopg conninfo or URI).

    Raises:
        psycopg.OperationalError: PostgreSQL is away, or refuses the login.
    """
    connection: AsyncConnection[tuple[Any, ...]] = await AsyncConnection.connect(
        url, autocommit=True, connect_timeout=5, client_encoding="utf8", application_name="esi-archive"
    )
    try:
        # Redis is trimmed behind a commit, so a commit must be on disk, whatever the server's default is
        await connection.execute("SET synchronous_commit TO on")
        yield Store(connection)
    finally:
        await connection.close()
