"""Users in PostgreSQL."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, LiteralString
from uuid import UUID

from psycopg.errors import UniqueViolation
from psycopg.rows import class_row

from api.identity import authorship
from api.identity.database import Connection
from api.identity.scopes import Role
from api.identity.secrets import digest, new_secret

LINK_LASTS: Final = timedelta(hours=24)
NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$"
_COLUMNS: Final = "id, name, role, password_hash, issuer, subject, created_at, disabled_at, last_login_at"


class UserError(ValueError):
    """What cannot be done with a user; the message says why."""


@dataclass(frozen=True, slots=True)
class User:
    """A user as stored; times with their zone."""

    id: UUID
    name: str
    role: Role
    password_hash: str | None
    issuer: str | None
    subject: str | None
    created_at: datetime
    disabled_at: datetime | None
    last_login_at: datetime | None


_BY: Final[dict[str, LiteralString]] = {
    "name": "lower(name) = lower(%s)",
    "id": "id = %s",
    "link": "link_hash = %s AND link_until > now() AND disabled_at IS NULL",
    "provider": "issuer = %s AND subject = %s",
}


async def _one(connection: Connection, by: str, values: tuple[object, ...]) -> User | None:
    async with connection.cursor(row_factory=class_row(User)) as rows:
        await rows.execute(f"SELECT {_COLUMNS} FROM users WHERE {_BY[by]}", values)
        return await rows.fetchone()


async def listed(connection: Connection) -> list[User]:
    """All users by name."""
    async with connection.cursor(row_factory=class_row(User)) as rows:
        await rows.execute(f"SELECT {_COLUMNS} FROM users ORDER BY lower(name)")
        return await rows.fetchall()


async def by_name(connection: Connection, name: str) -> User | None:
    """The user of that name, in whatever case it is written."""
    return await _one(connection, "name", (name,))


async def by_id(connection: Connection, user_id: UUID) -> User | None:
    """The user of that id."""
    return await _one(connection, "id", (user_id,))


async def by_link(connection: Connection, token: str) -> User | None:
    """The user whose one-time link this is, if it still holds."""
    return await _one(connection, "link", (digest(token),))


async def by_subject(connection: Connection, issuer: str, subject: str) -> User | None:
    """The user whom an OIDC provider knows by this subject."""
    return await _one(connection, "provider", (issuer, subject))


async def add(
    connection: Connection, name: str, role: Role, issuer: str | None = None, subject: str | None = None
) -> User:
    """A new user without a password.

    Raises:
        UserError: the name is taken, or none that may be used.
    """
    if not re.fullmatch(NAME, name):
        raise UserError("a name has 1 to 64 letters, digits or ._@+- and begins with a letter or digit")
    try:
        rows = await connection.execute(
            "INSERT INTO users (name, role, issuer, subject) VALUES (%s, %s, %s, %s) RETURNING id",
            (name, role, issuer, subject),
        )
    except UniqueViolation as error:
        msg = f"there is a user {name!r} already"
        raise UserError(msg) from error
    (user_id,) = await _row(rows)
    found = await by_id(connection, user_id)
    assert found is not None  # it was written just now
    return found


async def _row(rows: Any) -> tuple[Any, ...]:
    found: tuple[Any, ...] | None = await rows.fetchone()
    assert found is not None  # an insert gives its row
    return found


async def new_link(connection: Connection, user_id: UUID) -> str:
    """A token that sets a password once; an older one holds no longer."""
    token = new_secret()
    await connection.execute(
        "UPDATE users SET link_hash = %s, link_until = now() + %s WHERE id = %s", (digest(token), LINK_LASTS, user_id)
    )
    return token


async def set_password(connection: Connection, user_id: UUID, hashed: str) -> None:
    """A new password; links and sessions from before hold no longer."""
    await connection.execute(
        "UPDATE users SET password_hash = %s, link_hash = NULL, link_until = NULL WHERE id = %s", (hashed, user_id)
    )
    await connection.execute("DELETE FROM user_sessions WHERE user_id = %s", (user_id,))


async def set_role(connection: Connection, user: User, role: Role) -> None:
    """Another role.

    Raises:
        UserError: it is the last admin's.
    """
    if role != "admin":
        await _spare_last_admin(connection, user)
    await connection.execute("UPDATE users SET role = %s WHERE id = %s", (role, user.id))


async def set_disabled(connection: Connection, user: User, *, disabled: bool) -> None:
    """Shuts somebody out, sessions included, or lets them in again.

    Raises:
        UserError: it is the last admin.
    """
    if disabled:
        await _spare_last_admin(connection, user)
        await connection.execute("DELETE FROM user_sessions WHERE user_id = %s", (user.id,))
    await connection.execute(
        "UPDATE users SET disabled_at = CASE WHEN %s THEN coalesce(disabled_at, now()) END WHERE id = %s",
        (disabled, user.id),
    )


async def delete(connection: Connection, user: User) -> None:
    """Forgets somebody, sessions and authorship included; the audit log keeps the bare id of what they did.

    Raises:
        UserError: it is the last admin.
    """
    await _spare_last_admin(connection, user)
    await authorship.forget(connection, user.name)
    await connection.execute("DELETE FROM users WHERE id = %s", (user.id,))


async def _spare_last_admin(connection: Connection, user: User) -> None:
    """Under a lock, so that two admins cannot remove each other at once; call it in a transaction."""
    await connection.execute("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE")
    rows = await connection.execute(
        "SELECT count(*) FROM users WHERE role = 'admin' AND disabled_at IS NULL AND id <> %s", (user.id,)
    )
    (others,) = await _row(rows)
    if user.role == "admin" and user.disabled_at is None and not others:
        raise UserError("this is the last admin: make somebody else admin first")


async def has_admin(connection: Connection) -> bool:
    """Whether some admin can log in."""
    rows = await connection.execute(
        "SELECT EXISTS (SELECT FROM users WHERE role = 'admin' AND disabled_at IS NULL "
        "AND (password_hash IS NOT NULL OR subject IS NOT NULL))"
    )
    return bool((await _row(rows))[0])
