"""From alerts to messages: who is told what, grouped by market, segment and severity."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from api.alerting import ledger, outbox, registry
from api.alerting.ledger import Row, digest
from api.alerting.messages import Body, Message, Subject, lane, spelled
from api.alerting.people import Labels, covers, repeats, takes
from api.alerting.registry import Stored

Connection = AsyncConnection[tuple[Any, ...]]
Group = tuple[str, str, str]

MOST: Final = 20
"""Alerts in one message at most: the specification of webhooks asks for less than 20 kB."""


def bodies(rows: Iterable[Row], subject: Subject, now: datetime, url: str) -> list[Body]:
    """One body for each group of alerts, several for a large one."""
    groups: dict[Group, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.labels.market, row.labels.segment, row.labels.severity].append(row)
    parts = [(group, members[n : n + MOST]) for group, members in groups.items() for n in range(0, len(members), MOST)]
    return [
        Body(
            subject, spelled(now), market, severity, segment, [row.alert for row in members],
            max(row.repeat_s for row in members), url,
        )
        for (market, segment, severity), members in parts
    ]  # fmt: skip


def takers(stored: Sequence[Stored], labels: Labels, named: Sequence[str]) -> list[Stored]:
    """The receivers that take an alert; where none is there that its rule names, all that would take it else."""
    named = tuple({*named} & {one.name for one in stored})
    return [
        one
        for one in stored
        if one.enabled
        and takes(one.settings.get("markets", ()), one.settings.get("severity", "info"), one.name, labels, named)
    ]


async def tell(
    connection: Connection, rows: Sequence[Row], subject: Subject, now: datetime, url: str, *, only: str | None = None
) -> int:
    """Puts messages about alerts into the outbox, for every receiver (or every one of kind `only`); gives how many."""
    if not rows:
        return 0
    stored, count = await registry.receivers(connection), 0
    taken = [(row, takers(stored, row.labels, row.receivers)) for row in rows]
    for receiver in (one for one in stored if only in {None, one.kind}):
        mine = [row for row, found in taken if receiver in found]
        for body in bodies(mine, subject, now, url):
            await _put(connection, receiver, body, now)
            count += 1
    return count


async def _put(connection: Connection, receiver: Stored, body: Body, now: datetime) -> None:
    """A message of its own, or part of one that its group is gathered in; what no longer fits goes at the same time."""
    due = now
    if gather := timedelta(seconds=float(receiver.settings.get("gather_s", 0))):
        due = max(now, await _last(connection, receiver, body, now) + gather)
        if (waiting := await _waiting(connection, receiver, body)) is not None:
            identity, gathered, due = waiting
            if await _joined(connection, identity, gathered, body):
                return
    said = "|".join(f"{alert.id} {alert.state}" for alert in body.alerts)
    identity = f"msg_{digest(str(receiver.id), body.subject, said, body.at)}"
    await outbox.enqueue(connection, receiver.id, Message(identity, body), due)


async def _waiting(connection: Connection, receiver: Stored, body: Body) -> tuple[str, Body, datetime] | None:
    """The newest message of a group that still waits for more: its id, what it says, and until when."""
    cursor = await connection.execute(
        "SELECT id, body, due_at FROM alert_outbox WHERE receiver_id = %s AND lane = %s AND state = 'waiting' "
        "AND attempts = 0 AND claimed_until IS NULL AND due_at > now() ORDER BY number DESC LIMIT 1 FOR UPDATE",
        (receiver.id, lane(body)),
    )
    row = await cursor.fetchone()
    return None if row is None else (row[0], msgspec.convert(row[1], Body), row[2])


async def _joined(connection: Connection, identity: str, gathered: Body, body: Body) -> bool:
    """Adds alerts to a message; whether they fit."""
    latest = {alert.id: alert for alert in (*gathered.alerts, *body.alerts)}
    if len(latest) > MOST:
        return False
    merged = msgspec.structs.replace(gathered, alerts=list(latest.values()))
    await connection.execute(
        "UPDATE alert_outbox SET body = %s WHERE id = %s", (Jsonb(msgspec.to_builtins(merged)), identity)
    )
    return True


async def _last(connection: Connection, receiver: Stored, body: Body, now: datetime) -> datetime:
    """When the last message of this group became due."""
    cursor = await connection.execute(
        "SELECT max(due_at) FROM alert_outbox WHERE receiver_id = %s AND lane = %s AND created_at > %s",
        (receiver.id, lane(body), now - timedelta(days=1)),
    )
    row = await cursor.fetchone()
    found: datetime | None = row[0] if row else None
    return found or datetime.min.replace(tzinfo=now.tzinfo)


async def announce(connection: Connection, rows: Sequence[Row], now: datetime, url: str) -> int:
    """Tells alerts that just began or ended, unless they are kept back; an end is told where the beginning was."""
    return await tell(connection, [row for row in rows if row.unsent is None], "alerts", now, url)


async def remind(connection: Connection, now: datetime, url: str) -> int:
    """Tells again what stands for long, and for the first time what was silenced and is no longer; gives how many."""
    async with connection.transaction():
        silences = await ledger.active_silences(connection, now)
        due = [
            row
            for row in await ledger.standing(connection)
            if repeats(row.sent_at, row.acknowledged_by is not None, timedelta(seconds=row.repeat_s), now)
            and not any(covers(silence, row.labels, now) for silence in silences)
        ]
        if not due:
            return 0
        await ledger.told(connection, [row.alert.id for row in due], now)
        first = [row for row in due if row.sent_at is None]
        again = [row for row in due if row.sent_at is not None]
        count = await tell(connection, first, "alerts", now, url)
        return count + await tell(connection, again, "reminder", now, url)
