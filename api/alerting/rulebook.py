"""Rules as they stand in PostgreSQL: those of market files, and those of people. Every change is a new version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from psycopg import AsyncConnection
from psycopg.errors import UniqueViolation
from psycopg.types.json import Jsonb

from api.alerting.defaults import rules_of_file
from schemas.alert_rule import AlertRule
from schemas.market import Market

Connection = AsyncConnection[tuple[Any, ...]]

_ROW: Final[LiteralString] = "id, market, name, version, rule, origin, author, created_at, updated_at"
_NEWER: Final[LiteralString] = "UPDATE alert_rulebook SET version = version + 1"


class TwinError(ValueError):
    """A rule of this name is there already."""


@dataclass(frozen=True, slots=True)
class StoredRule:
    """A rule as it is stored; `origin` is `file` or `person`, `author` whoever wrote this version."""

    id: UUID
    market: str
    name: str
    version: int
    rule: AlertRule
    origin: str
    author: str
    created_at: datetime
    updated_at: datetime

    @property
    def key(self) -> str:
        """What tells this version of this rule from all others."""
        return f"{self.id}:{self.version}"


async def version(connection: Connection) -> int:
    """A number that grows with every change of any rule."""
    cursor = await connection.execute("SELECT version FROM alert_rulebook")
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def rules(connection: Connection, market: str | None = None) -> list[StoredRule]:
    """The rules of a market, or all, by market and name."""
    cursor = await connection.execute(
        f"SELECT {_ROW} FROM alert_rules WHERE removed_at IS NULL "
        "AND (%(market)s::text IS NULL OR market = %(market)s) ORDER BY market, name",
        {"market": market},
    )
    return [_stored(row) for row in await cursor.fetchall()]


async def rule(connection: Connection, identity: UUID) -> StoredRule | None:
    """One rule."""
    cursor = await connection.execute(
        f"SELECT {_ROW} FROM alert_rules WHERE id = %s AND removed_at IS NULL", (identity,)
    )
    row = await cursor.fetchone()
    return None if row is None else _stored(row)


async def add(connection: Connection, market: str, made: AlertRule, author: str) -> StoredRule:
    """A new rule of a person.

    Raises:
        TwinError: the market has a rule of that name.
    """
    return await _insert(connection, uuid4(), market, made, ("person", author))


async def change(connection: Connection, identity: UUID, made: AlertRule, author: str) -> StoredRule | None:
    """The next version of a rule; None if there is no such rule. A rule of a file becomes a person's.

    Raises:
        TwinError: the market has another rule of that name.
    """
    try:
        async with connection.transaction():
            cursor = await connection.execute(
                "UPDATE alert_rules SET name = %s, rule = %s, version = version + 1, origin = 'person', author = %s, "
                f"updated_at = now() WHERE id = %s AND removed_at IS NULL RETURNING {_ROW}",
                (made.name, _json(made), author, identity),
            )
            row = await cursor.fetchone()
            await connection.execute(_NEWER)
    except UniqueViolation as error:
        raise _twin(made.name) from error
    return None if row is None else _stored(row)


async def remove(connection: Connection, identity: UUID, author: str) -> bool:
    """Takes a rule out; whether it was there."""
    async with connection.transaction():
        cursor = await connection.execute(
            "UPDATE alert_rules SET removed_at = now(), author = %s, origin = 'person' "
            "WHERE id = %s AND removed_at IS NULL",
            (author, identity),
        )
        await connection.execute(_NEWER)
    return cursor.rowcount > 0


async def adopt(connection: Connection, market: Market) -> int:
    """Brings a file's rules up to date; what people have changed or removed stays theirs. Gives how many changed."""
    wanted = {rule.name: rule for rule in rules_of_file(market)}
    changed = 0
    async with connection.transaction():
        await connection.execute("SELECT 1 FROM alert_rulebook FOR UPDATE")
        cursor = await connection.execute(
            "SELECT id, name, rule, origin, removed_at IS NOT NULL FROM alert_rules WHERE market = %s", (market.name,)
        )
        known = {identity: row for identity, *row in await cursor.fetchall()}
        for name, made in wanted.items():
            identity = uuid5(NAMESPACE_URL, f"esi:rule:{market.name}:{name}")
            changed += await _adopt_one(connection, market.name, identity, made, known)
        changed += await _drop(connection, market.name, [str(name) for name in wanted])
        if changed:
            await connection.execute(_NEWER)
    return changed


async def _adopt_one(
    connection: Connection, market: str, identity: UUID, made: AlertRule, known: dict[UUID, list[Any]]
) -> int:
    if identity not in known:
        taken = any(row[0] == made.name and not row[3] for row in known.values())
        if not taken:
            await _insert(connection, identity, market, made, ("file", f"{market}.toml"))
        return int(not taken)
    _, rule_now, origin, _ = known[identity]
    if origin != "file" or rule_now == _json(made).obj:
        return 0
    await connection.execute(
        "UPDATE alert_rules SET rule = %s, version = version + 1, updated_at = now(), removed_at = NULL WHERE id = %s",
        (_json(made), identity),
    )
    return 1


async def _drop(connection: Connection, market: str, wanted: Sequence[str]) -> int:
    """Takes out rules that the file no longer has."""
    cursor = await connection.execute(
        "DELETE FROM alert_rules WHERE market = %s AND origin = 'file' AND NOT name = ANY(%s)", (market, list(wanted))
    )
    return cursor.rowcount


async def _insert(
    connection: Connection, identity: UUID, market: str, made: AlertRule, written_by: tuple[str, str]
) -> StoredRule:
    try:
        async with connection.transaction():
            cursor = await connection.execute(
                "INSERT INTO alert_rules (id, market, name, version, rule, origin, author) "
                f"VALUES (%s, %s, %s, 1, %s, %s, %s) RETURNING {_ROW}",
                (identity, market, made.name, _json(made), *written_by),
            )
            row = await cursor.fetchone()
            await connection.execute(_NEWER)
    except UniqueViolation as error:
        raise _twin(made.name) from error
    assert row is not None  # an insert gives its row
    return _stored(row)


def _twin(name: str) -> TwinError:
    msg = f"the market has a rule {name!r} already: choose another name, or change that one"
    return TwinError(msg)


def _json(made: AlertRule) -> Jsonb:
    return Jsonb(made.model_dump(mode="json", exclude_defaults=True))


def _stored(row: Sequence[Any]) -> StoredRule:
    identity, market, name, number, said, origin, author, created, updated = row
    return StoredRule(identity, market, name, number, AlertRule.model_validate(said), origin, author, created, updated)
