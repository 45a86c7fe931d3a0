"""Who did what, when, from where, and what was before: a chain of hashes, so that nothing is changed unseen."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from api.identity.database import Connection

LOCK: Final = 0x0E51_0005
"""Key of the advisory lock under which the chain grows."""

FIRST: Final = bytes(32)
"""What the first entry follows."""


@dataclass(frozen=True, slots=True)
class Event:
    """One deed. `who` is the id of an identity; names stand in none of it, so that people can be forgotten."""

    who: str
    action: str
    target: str
    address: str
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A deed as stored."""

    number: int
    at: datetime
    who: str
    action: str
    target: str
    address: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    previous: bytes
    hash: bytes

    def said(self) -> dict[str, Any]:
        """For export: times in UTC, hashes in hex."""
        at = self.at.astimezone(UTC).isoformat().replace("+00:00", "Z")
        return asdict(self) | {"at": at, "previous": self.previous.hex(), "hash": self.hash.hex()}


def hash_of(number: int, at: datetime, event: Event, previous: bytes) -> bytes:
    """SHA-256 over the hash before and the entry as JSON with sorted keys."""
    body = asdict(event) | {"number": number, "at": at.astimezone(UTC).isoformat()}
    return hashlib.sha256(previous + msgspec.json.encode(body, order="deterministic")).digest()


async def write(connection: Connection, event: Event) -> None:
    """Adds an entry, in the transaction of what it tells of, or in one of its own."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        rows = await connection.execute("SELECT number, hash FROM audit_log ORDER BY number DESC LIMIT 1")
        last: Any = await rows.fetchone() or (0, FIRST)
        number, previous, at = last[0] + 1, bytes(last[1]), datetime.now(UTC)
        before, after = (None if said is None else Jsonb(said) for said in (event.before, event.after))
        await connection.execute(
            "INSERT INTO audit_log (number, at, who, action, target, address, before, after, previous, hash) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (number, at, event.who, event.action, event.target, event.address, before, after, previous,
             hash_of(number, at, event, previous)),
        )  # fmt: skip


async def entries(connection: Connection, after: int = 0, limit: int = 1_000) -> list[Entry]:
    """Entries behind a number, the oldest first."""
    async with connection.cursor(row_factory=class_row(Entry)) as rows:
        await rows.execute("SELECT * FROM audit_log WHERE number > %s ORDER BY number LIMIT %s", (after, limit))
        return await rows.fetchall()


async def every(connection: Connection) -> AsyncIterator[Entry]:
    """All entries, the oldest first, a thousand at a time."""
    after = 0
    while page := await entries(connection, after):
        for entry in page:
            yield entry
        after = page[-1].number


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the chain holds: entries that do, the first that does not, and the last hash to be noted elsewhere."""

    entries: int
    broken_at: int | None
    last: bytes


async def verify(connection: Connection) -> Verdict:
    """Computes every hash again, the oldest first."""
    count, previous = 0, FIRST
    async for entry in every(connection):
        event = Event(entry.who, entry.action, entry.target, entry.address, entry.before, entry.after)
        right = hash_of(entry.number, entry.at, event, previous)
        if entry.number != count + 1 or bytes(entry.previous) != previous or bytes(entry.hash) != right:
            return Verdict(count, count + 1, previous)
        count, previous = count + 1, right
    return Verdict(count, None, previous)
