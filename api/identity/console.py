"""What `esi users`, `esi keys` and `esi audit-log` do: short visits to the database, each noted in the audit log."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from anyio.to_thread import run_sync
from psycopg import AsyncConnection

from api.alerting.vault import Vault
from api.archive.schema import migrate
from api.identity import audit_log, authorship, keys, signing, users
from api.identity.audit_log import Event, Verdict
from api.identity.database import Connection
from api.identity.rest.answers import key_answer, spelled
from api.identity.scopes import Role
from api.identity.users import User

FIRST: Final = "admin"
"""Name of the first user."""

WHO: Final = "console"


class ConsoleError(ValueError):
    """What cannot be done; the message says what to do."""


@asynccontextmanager
async def _visit(url: str) -> AsyncIterator[Connection]:
    await run_sync(migrate, url)
    connection: Connection = await AsyncConnection.connect(
        url, connect_timeout=5, autocommit=True, client_encoding="utf8", application_name="esi-users"
    )
    try:
        async with connection.transaction():
            yield connection
    finally:
        await connection.close()


async def _found(connection: Connection, name: str) -> User:
    user = await users.by_name(connection, name)
    if user is None:
        msg = f"there is no user {name!r}: `esi users list` names all"
        raise ConsoleError(msg)
    return user


async def _note(connection: Connection, action: str, target: str, before: Any = None, after: Any = None) -> None:
    await audit_log.write(connection, Event(WHO, action, target, "console", before, after))


def _said(user: User) -> dict[str, Any]:
    return {
        "id": str(user.id), "name": user.name, "role": user.role, "disabled": user.disabled_at is not None,
        "password": user.password_hash is not None, "provider": user.issuer, "subject": user.subject,
        "created_at": spelled(user.created_at), "last_login_at": spelled(user.last_login_at),
    }  # fmt: skip


async def listed(url: str) -> list[dict[str, Any]]:
    """All users by name."""
    async with _visit(url) as connection:
        return [_said(user) for user in await users.listed(connection)]


async def first_link(url: str) -> str | None:
    """A one-time link for the first admin, made with it; None once an admin can log in."""
    async with _visit(url) as connection:
        await connection.execute("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE")  # several processes begin at once
        if await users.has_admin(connection):
            return None
        user = await users.by_name(connection, FIRST) or await users.add(connection, FIRST, "admin")
        await users.set_role(connection, user, "admin")
        await users.set_disabled(connection, user, disabled=False)
        await _note(connection, "users.first", f"user:{user.id}")
        return await users.new_link(connection, user.id)


async def add(url: str, name: str, role: Role) -> str:
    """A new user; gives the token of their one-time link."""
    async with _visit(url) as connection:
        user = await users.add(connection, name, role)
        await _note(connection, "users.add", f"user:{user.id}", None, {"role": role})
        return await users.new_link(connection, user.id)


async def link(url: str, name: str) -> str:
    """Another one-time link for a user."""
    async with _visit(url) as connection:
        user = await _found(connection, name)
        await _note(connection, "users.link", f"user:{user.id}")
        return await users.new_link(connection, user.id)


async def set_role(url: str, name: str, role: Role) -> None:
    """Another role."""
    async with _visit(url) as connection:
        user = await _found(connection, name)
        await users.set_role(connection, user, role)
        await _note(connection, "users.role", f"user:{user.id}", {"role": user.role}, {"role": role})


async def set_disabled(url: str, name: str, *, disabled: bool) -> None:
    """Shuts a user out, or lets them in again."""
    async with _visit(url) as connection:
        user = await _found(connection, name)
        await users.set_disabled(connection, user, disabled=disabled)
        await _note(connection, "users.disabled", f"user:{user.id}", None, {"disabled": disabled})


async def delete(url: str, name: str) -> None:
    """Forgets a user."""
    async with _visit(url) as connection:
        user = await _found(connection, name)
        await users.delete(connection, user)
        await _note(connection, "users.delete", f"user:{user.id}", {"role": user.role}, None)


async def export(url: str, name: str) -> dict[str, Any]:
    """Everything that is kept of a person (GDPR, article 15), secrets by their presence only."""
    async with _visit(url) as connection:
        user = await _found(connection, name)
        rows = await connection.execute(
            "SELECT created_at, seen_at, address FROM user_sessions WHERE user_id = %s ORDER BY created_at", (user.id,)
        )
        sessions = [
            dict(zip(("began", "seen", "address"), map(_text, row), strict=True)) for row in await rows.fetchall()
        ]
        deeds = [
            entry.said()
            async for entry in audit_log.every(connection)
            if f"user:{user.id}" in {entry.who, entry.target}
        ]
        written = await authorship.kept(connection, user.name)
        return {"user": _said(user), "sessions": sessions, "written": written, "audit_log": deeds}


def _text(value: object) -> str | None:
    return spelled(value) if isinstance(value, datetime) else str(value)


async def add_key(url: str, name: str, scopes: Sequence[str], days: int | None) -> str:
    """A new API key; gives its text, which is not to be had again."""
    ends = None if days is None else datetime.now(UTC) + timedelta(days=days)
    async with _visit(url) as connection:
        made, text = await keys.make(connection, name, scopes, ends, None)
        await _note(connection, "keys.add", f"key:{made.prefix}", None, {"scopes": made.scopes})
        return text


async def list_keys(url: str) -> list[dict[str, Any]]:
    """Keys that hold."""
    async with _visit(url) as connection:
        found = [key_answer(key) for key in await keys.listed(connection)]
    return [{name: getattr(one, name) for name in ("prefix", "name", "scopes", "expires_at")} for one in found]


async def revoke_key(url: str, prefix: str) -> None:
    """Ends a key."""
    async with _visit(url) as connection:
        for key in await keys.listed(connection):
            if key.prefix == prefix:
                await keys.revoke(connection, key.id)
                await _note(connection, "keys.revoke", f"key:{prefix}", {"scopes": key.scopes}, None)
                return
    msg = f"there is no key {prefix!r}: `esi keys list` names all"
    raise ConsoleError(msg)


async def rotate(url: str, sealing: Sequence[str]) -> str:
    """A new signing key; gives its id."""
    async with _visit(url) as connection:
        kid = await signing.rotate(connection, Vault(sealing))
        await _note(connection, "keys.rotate", f"kid:{kid}")
        return kid


async def log(url: str) -> list[dict[str, Any]]:
    """The audit log, the oldest first."""
    async with _visit(url) as connection:
        return [entry.said() async for entry in audit_log.every(connection)]


async def verify_log(url: str) -> Verdict:
    """Whether the log's chain holds."""
    async with _visit(url) as connection:
        return await audit_log.verify(connection)
