"""The outbox in PostgreSQL: what is to be told, who tells it now, and what came of it.

A row is claimed by `FOR UPDATE SKIP LOCKED` and marked with the process's number and a lease. The process holds an
advisory lock under that number, so that what a killed process had claimed is free again at once. Within a lane (a
receiver and a group) rows go in order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString
from uuid import UUID

import msgspec
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from api.alerting.messages import Body, Message, lane

Connection = AsyncConnection[tuple[Any, ...]]

WORKERS: Final = 0x0E51
"""First key of the advisory locks that delivering processes hold; the second one is their number."""

_CLAIM: Final[LiteralString] = """
    WITH picked AS (
        SELECT o.id FROM alert_outbox o JOIN alert_receivers r ON r.id = o.receiver_id
        WHERE o.state = 'waiting' AND o.due_at <= now() AND r.enabled
          AND (r.open_until IS NULL OR r.open_until <= now())
          AND (o.claimed_until IS NULL OR o.claimed_until <= now() OR NOT EXISTS (
              SELECT 1 FROM pg_locks l WHERE l.locktype = 'advisory' AND l.granted
              AND l.classid = %(workers)s::integer::oid AND l.objid = o.claimed_by::oid AND l.objsubid = 2
              AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())))
          AND NOT EXISTS (
              SELECT 1 FROM alert_outbox e WHERE e.state = 'waiting' AND e.receiver_id = o.receiver_id
              AND e.lane = o.lane AND e.number < o.number)
        ORDER BY o.due_at, o.number LIMIT %(limit)s FOR UPDATE OF o SKIP LOCKED)
    UPDATE alert_outbox o SET claimed_by = %(worker)s, claimed_until = now() + make_interval(secs => %(lease)s),
        attempts = attempts + 1
    FROM picked, alert_receivers r WHERE o.id = picked.id AND r.id = o.receiver_id
    RETURNING o.number, o.id, o.receiver_id, o.body, o.attempts, r.failures
"""
_HASTEN: Final[LiteralString] = """
    UPDATE alert_outbox SET due_at = LEAST(due_at, now() + interval '5 s')
    WHERE state = 'waiting' AND receiver_id = %s AND lane = %s AND attempts > 0 AND claimed_until IS NULL
"""
_RELEASE: Final[LiteralString] = """
    UPDATE alert_outbox SET claimed_by = NULL, claimed_until = NULL, attempts = attempts - 1,
        due_at = now() + make_interval(secs => %s) WHERE id = %s
"""
_TOKENS: Final[LiteralString] = """
    SELECT tokens, extract(epoch FROM now() - tokens_at)::float8, (settings->>'per_minute')::float8
    FROM alert_receivers WHERE id = %s FOR NO KEY UPDATE
"""
_FINISH: Final[LiteralString] = """
    UPDATE alert_outbox SET state = %s, fault = %s, claimed_by = NULL, claimed_until = NULL,
        due_at = now() + make_interval(secs => %s), finished_at = CASE WHEN %s THEN now() END
    WHERE id = %s AND claimed_by = %s AND state = 'waiting'
"""
_LOG: Final[LiteralString] = """
    INSERT INTO alert_deliveries (outbox_id, receiver_id, attempt, at, outcome, status, latency_ms, request, response,
        fault) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_WELL: Final[LiteralString] = """
    UPDATE alert_receivers SET failures = 0, open_until = NULL
    WHERE id = %s AND (failures > 0 OR open_until IS NOT NULL)
"""
_ILL: Final[LiteralString] = """
    UPDATE alert_receivers SET failures = failures + 1, open_until =
        CASE WHEN failures + 1 >= %s THEN now() + make_interval(secs => %s) END WHERE id = %s
"""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that this process tells now, and how often it was tried, this time included."""

    message: Message
    receiver_id: UUID
    attempt: int
    failures: int


@dataclass(frozen=True, slots=True)
class Finished:
    """What came of a claimed message.

    Attributes:
        state: `sent`, `dead`, or `waiting` for another attempt after `pause_s`.
        outcome: the sender's word, for the log.
        ill: whether it counts against the receiver.
        gone: whether the receiver has said that it is gone for good.
    """

    claimed: Claimed
    state: str
    outcome: str
    at: datetime
    latency_ms: float
    pause_s: float = 0.0
    status: int | None = None
    request: str = ""
    response: str = ""
    fault: str = ""
    ill: bool = False
    gone: bool = False


async def enqueue(connection: Connection, receiver_id: UUID, message: Message, due_at: datetime) -> None:
    """Puts a message into the outbox, once; what its lane still tries in vain is tried again soon."""
    await connection.execute(_HASTEN, (receiver_id, lane(message.body)))
    await connection.execute(
        "INSERT INTO alert_outbox (id, receiver_id, lane, body, due_at) VALUES (%s, %s, %s, %s, %s) "
        "ON CONFLICT (id) DO NOTHING",
        (message.id, receiver_id, lane(message.body), Jsonb(msgspec.to_builtins(message.body)), due_at),
    )


async def become_worker(connection: Connection, worker: int) -> bool:
    """Takes the lock that says that this process lives; False if another one has the number."""
    cursor = await connection.execute("SELECT pg_try_advisory_lock(%s, %s)", (WORKERS, worker))
    row = await cursor.fetchone()
    return bool(row and row[0])


async def claim(connection: Connection, worker: int, limit: int, lease_s: float, breaks_after: int) -> list[Claimed]:
    """Messages that are due, now this process's; a receiver's rate and its open circuit hold the others back."""
    async with connection.transaction():
        cursor = await connection.execute(
            _CLAIM, {"workers": WORKERS, "limit": limit, "worker": worker, "lease": lease_s}
        )
        rows = sorted(await cursor.fetchall())
        found = [Claimed(Message(i, msgspec.convert(body, Body)), r, tries, ill) for _, i, r, body, tries, ill in rows]
        kept: list[Claimed] = []
        for receiver_id in dict.fromkeys(one.receiver_id for one in found):
            kept += await _rationed(connection, [one for one in found if one.receiver_id == receiver_id], breaks_after)
    return kept


async def _rationed(connection: Connection, mine: list[Claimed], breaks_after: int) -> list[Claimed]:
    """The first of one receiver's messages that its rate allows; a circuit that was open lets a single one try."""
    cursor = await connection.execute(_TOKENS, (mine[0].receiver_id,))
    row = await cursor.fetchone()
    if row is None:
        return []
    tokens, passed, a_minute = row
    allowed, left, wait_s = ration(tokens, passed, a_minute, 1 if mine[0].failures >= breaks_after else len(mine))
    for late in mine[allowed:]:
        await connection.execute(_RELEASE, (wait_s, late.message.id))
    await connection.execute(
        "UPDATE alert_receivers SET tokens = %s, tokens_at = now() WHERE id = %s", (left, mine[0].receiver_id)
    )
    return mine[:allowed]


def ration(tokens: float | None, passed_s: float | None, a_minute: float, wanted: int) -> tuple[int, float, float]:
    """A token bucket of one minute's size: how many may go, what is left, and seconds until the next one may."""
    size = max(a_minute, 1.0)
    filled = size if tokens is None else min(size, tokens + max(passed_s or 0.0, 0.0) * a_minute / 60.0)
    allowed = min(wanted, int(filled))
    left = filled - allowed
    return allowed, left, max((1.0 - left) * 60.0 / a_minute, 0.05)


async def finish(connection: Connection, worker: int, done: Sequence[Finished], breaks: tuple[int, float]) -> None:
    """Writes down what came of claimed messages; `breaks`: failures in a row that open a circuit, and its seconds."""
    async with connection.transaction(), connection.cursor() as cursor:
        await cursor.executemany(_FINISH, [_finish_values(one, worker) for one in done])
        await cursor.executemany(_LOG, [_log_values(one) for one in done])
        well = {one.claimed.receiver_id for one in done if one.state == "sent"}
        await cursor.executemany(_WELL, [(one,) for one in sorted(well)])
        gone = {one.claimed.receiver_id for one in done if one.gone}
        await cursor.executemany("UPDATE alert_receivers SET enabled = false WHERE id = %s", [(one,) for one in gone])
        ill = [one.claimed.receiver_id for one in done if one.ill]
        await cursor.executemany(_ILL, [(*breaks, one) for one in sorted(ill)])


def _finish_values(one: Finished, worker: int) -> tuple[object, ...]:
    over = one.state != "waiting"
    return one.state, one.fault or None, one.pause_s, over, one.claimed.message.id, worker


def _log_values(one: Finished) -> tuple[object, ...]:
    claimed = one.claimed
    head = (claimed.message.id, claimed.receiver_id, claimed.attempt, one.at, one.outcome, one.status)
    texts = (one.request.replace("\0", ""), one.response.replace("\0", ""), (one.fault or "").replace("\0", "") or None)
    return (*head, one.latency_ms, *texts)


async def redeliver(connection: Connection, ids: Sequence[str] | None, receiver: str | None) -> int:
    """Makes dead messages wait again: those of these ids, of one receiver, or all; gives how many."""
    cursor = await connection.execute(
        "UPDATE alert_outbox o SET state = 'waiting', attempts = 0, due_at = now(), finished_at = NULL "
        "FROM alert_receivers r WHERE r.id = o.receiver_id AND o.state = 'dead' "
        "AND (%(ids)s::text[] IS NULL OR o.id = ANY(%(ids)s)) "
        "AND (%(receiver)s::text IS NULL OR r.name = %(receiver)s)",
        {"ids": list(ids) if ids else None, "receiver": receiver},
    )
    return cursor.rowcount


async def forget(connection: Connection, days: int = 30) -> int:
    """Removes what was told long ago, and its log; gives how many messages went."""
    await connection.execute("DELETE FROM alert_deliveries WHERE at < now() - make_interval(days => %s)", (days,))
    cursor = await connection.execute(
        "DELETE FROM alert_outbox WHERE state = 'sent' AND finished_at < now() - make_interval(days => %s)", (days,)
    )
    return cursor.rowcount
