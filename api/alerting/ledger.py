"""Alerts in PostgreSQL. What a reading brought is written with the position behind it, in one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, LiteralString

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import dict_row

from api.alerting.messages import Alert, Facts, State, spelled
from api.alerting.people import Labels, Silence, unsent
from api.alerting.rulebook import StoredRule
from api.archive.ids import Id
from schemas.reading import Reading

Connection = AsyncConnection[tuple[Any, ...]]

EVENTS: Final = 0x0E51_0004
"""Key of the transaction lock under which events are numbered: who has a later number has committed later."""

_MOVE: Final[LiteralString] = """
    INSERT INTO alert_streams (market, epoch, last_ms, last_seq, last_sent_ns, state) VALUES (%s, %s, %s, %s, %s, %s)
    ON CONFLICT (market) DO UPDATE SET epoch = EXCLUDED.epoch, last_ms = EXCLUDED.last_ms,
        last_seq = EXCLUDED.last_seq, last_sent_ns = EXCLUDED.last_sent_ns, state = EXCLUDED.state, committed_at = now()
"""
_BEGIN: Final[LiteralString] = """
    INSERT INTO alerts (id, fingerprint, market, rule_id, rule, version, severity, segment, condition, about, repeat_s,
        receivers, state, began_at, value, reading, noticed_at, unsent, sent_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 'alerting', %s, %s, %s, %s, %s, %s)
    ON CONFLICT (id) DO NOTHING RETURNING *
"""
_END: Final[LiteralString] = """
    UPDATE alerts SET state = 'resolved', ended_at = GREATEST(%s, began_at)
    WHERE market = %s AND rule_id = %s AND state = 'alerting' RETURNING *
"""
_RETIRE: Final[LiteralString] = """
    UPDATE alerts SET state = 'resolved', ended_at = GREATEST(%s, began_at)
    WHERE market = %s AND state = 'alerting' AND NOT (rule_id || ':' || version) = ANY(%s) RETURNING *
"""


@dataclass(frozen=True, slots=True)
class Saved:
    """How far a market was evaluated, and what its engine knew then."""

    epoch: str
    position: Id
    sent_ns: int
    state: bytes


@dataclass(frozen=True, slots=True)
class Turn:
    """An alert that begins, or ends, with a reading (None for a tock).

    Attributes:
        condition: of the rule, as it is written in the language.
        value: the number that the rule looks at.
    """

    stored: StoredRule
    began: bool
    at: datetime
    condition: str
    value: float | None
    reading: Reading | None


@dataclass(frozen=True, slots=True)
class Row:
    """An alert as it is stored, and what decides whether and to whom it is told."""

    alert: Alert
    labels: Labels
    receivers: tuple[str, ...]
    repeat_s: float
    unsent: str | None
    sent_at: datetime | None
    acknowledged_by: str | None


async def saved(connection: Connection) -> dict[str, Saved]:
    """How far every market was evaluated."""
    cursor = await connection.execute(
        "SELECT market, epoch, last_ms, last_seq, last_sent_ns, state FROM alert_streams", binary=True
    )
    return {
        m: Saved(epoch, (ms, seq), sent, bytes(state)) for m, epoch, ms, seq, sent, state in await cursor.fetchall()
    }


async def move(connection: Connection, market: str, to: Saved) -> None:
    """Writes down how far a market was evaluated."""
    await connection.execute(_MOVE, (market, to.epoch, *to.position, to.sent_ns, to.state))


async def record(
    connection: Connection, market: str, turns: Iterable[Turn], now: datetime, old: timedelta
) -> list[Row]:
    """Writes alerts that begin and end, and an event for each; gives the rows that changed, once."""
    silences = await active_silences(connection, now)
    rows = []
    for turn in turns:
        if turn.began:
            rows += await _fetch(connection, _BEGIN, _begin_values(market, turn, now, old, silences))
        else:
            rows += await _fetch(connection, _END, (turn.at, market, turn.stored.id))
    await note(connection, rows)
    return rows


async def retire(connection: Connection, market: str, keys: Sequence[str], at: datetime) -> list[Row]:
    """Ends the alerts of rules (or versions of rules) that are no longer evaluated."""
    rows = await _fetch(connection, _RETIRE, (at, market, list(keys)))
    await note(connection, rows)
    return rows


async def note(connection: Connection, rows: Sequence[Row], what: str | None = None) -> None:
    """Adds an event for each row; they become the market's stream of alerts."""
    if rows:
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", (EVENTS,))
    for row in rows:
        await connection.execute(
            "INSERT INTO alert_events (market, alert_id, what, body) VALUES (%s, %s, %s, %s)",
            (row.labels.market, row.alert.id, what or row.alert.state, msgspec.json.encode(row.alert)),
        )


async def active_silences(connection: Connection, now: datetime) -> list[Silence]:
    """The silences that hold now."""
    cursor = await connection.execute(
        "SELECT begins_at, ends_at, market, rule, severity, segment FROM alert_silences "
        "WHERE begins_at <= %s AND ends_at > %s AND ended_by IS NULL",
        (now, now),
    )
    return [Silence(*row) for row in await cursor.fetchall()]


async def standing(connection: Connection) -> list[Row]:
    """Alerts that stand and may be told (again), locked until the transaction ends."""
    return await _fetch(
        connection,
        "SELECT * FROM alerts WHERE state = 'alerting' AND acknowledged_at IS NULL "
        "AND (unsent IS NULL OR unsent = 'silenced') ORDER BY began_at, id FOR UPDATE SKIP LOCKED",
        (),
    )


async def told(connection: Connection, ids: Sequence[str], now: datetime) -> None:
    """Writes down that alerts are told now."""
    await connection.execute("UPDATE alerts SET sent_at = %s, unsent = NULL WHERE id = ANY(%s)", (now, list(ids)))


async def acknowledge(connection: Connection, identity: str, author: str, said: str, now: datetime) -> Row | None:
    """Writes down that somebody takes care of an alert that stands; None if none of that id stands."""
    rows = await _fetch(
        connection,
        "UPDATE alerts SET acknowledged_at = %s, acknowledged_by = %s, acknowledged_note = %s "
        "WHERE id = %s AND state = 'alerting' RETURNING *",
        (now, author, said, identity),
    )
    await note(connection, rows, "acknowledged")
    return rows[0] if rows else None


async def _fetch(connection: Connection, query: LiteralString, values: Sequence[object]) -> list[Row]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(query, values)
        return [row_of(found) for found in await cursor.fetchall()]


def _begin_values(
    market: str, turn: Turn, now: datetime, old: timedelta, silences: Sequence[Silence]
) -> tuple[object, ...]:
    rule, stored = turn.stored.rule, turn.stored
    labels = Labels(market, stored.name, rule.severity, segment_of(stored))
    why = unsent(labels, turn.at, now, old, silences)
    identity = digest(market, stored.key, spelled_us(turn.at))
    return (
        identity, digest(market, str(stored.id)), market, stored.id, stored.name, stored.version, rule.severity,
        labels.segment, turn.condition, rule.about, rule.repeat / 1e6, list(rule.receivers), turn.at,
        turn.value, None if turn.reading is None else msgspec.json.encode(facts(turn.reading)), now, why,
        None if why else now,
    )  # fmt: skip


def segment_of(stored: StoredRule) -> str:
    """What a rule is grouped by: what it says, or the segment or indicator that it is about."""
    return stored.rule.segment or stored.rule.input or ""


def digest(*parts: str) -> str:
    """A short text that stands for its parts: the first 128 bits of their SHA-256."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def spelled_us(moment: datetime) -> str:
    """A moment to the microsecond, always in one spelling."""
    return moment.isoformat(timespec="microseconds")


def facts(reading: Reading) -> Facts:
    """What an alert keeps of the reading that it began with."""
    r = reading
    return Facts(r.at, r.index, r.percentile, r.level, r.coverage, dict(r.contributions), list(r.flags))


def row_of(found: dict[str, Any]) -> Row:
    """A row of the table of alerts."""
    f = found
    told_facts = None if f["reading"] is None else msgspec.json.decode(bytes(f["reading"]), type=Facts)
    state: State = "acknowledged" if f["state"] == "alerting" and f["acknowledged_at"] else f["state"]
    alert = Alert(
        f["id"], f["fingerprint"], state, f["rule"], f["version"], f["market"], f["severity"], f["segment"],
        spelled(f["began_at"]), None if f["ended_at"] is None else spelled(f["ended_at"]), f["condition"], f["value"],
        f["about"], told_facts,
    )  # fmt: skip
    labels = Labels(f["market"], f["rule"], f["severity"], f["segment"])
    return Row(alert, labels, tuple(f["receivers"]), f["repeat_s"], f["unsent"], f["sent_at"], f["acknowledged_by"])
