"""Sessions of people, kept on the server: the cookie is a random name for one, and means nothing elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from api.identity.database import Connection
from api.identity.scopes import Identity, scopes_of
from api.identity.secrets import digest, new_secret

COOKIE, SECURE_COOKIE = "esi_session", "__Host-esi_session"


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long a session lasts: without a request, and at most."""

    idle: timedelta = timedelta(hours=12)
    absolute: timedelta = timedelta(days=7)


async def begin(connection: Connection, user_id: UUID, address: str, lifetimes: Lifetimes) -> str:
    """A new session; gives the cookie's value. Ended ones are swept away meanwhile."""
    token = new_secret()
    await connection.execute(
        "DELETE FROM user_sessions WHERE seen_at < now() - %s::interval OR created_at < now() - %s::interval",
        (lifetimes.idle, lifetimes.absolute),
    )
    await connection.execute(
        "INSERT INTO user_sessions (token_hash, user_id, csrf, address) VALUES (%s, %s, %s, %s)",
        (digest(token), user_id, new_secret(), address),
    )
    await connection.execute("UPDATE users SET last_login_at = now() WHERE id = %s", (user_id,))
    return token


async def resume(connection: Connection, token: str, lifetimes: Lifetimes) -> Identity | None:
    """Who has this session, if it has not ended; that it was used is noted once a minute."""
    rows = await connection.execute(
        "SELECT u.id, u.name, u.role, s.csrf, s.seen_at < now() - interval '1 minute', "
        "extract(epoch FROM s.created_at + %(absolute)s::interval)::float8 "
        "FROM user_sessions s JOIN users u ON u.id = s.user_id WHERE s.token_hash = %(hash)s "
        "AND u.disabled_at IS NULL AND s.seen_at > now() - %(idle)s::interval "
        "AND s.created_at > now() - %(absolute)s::interval",
        {"hash": digest(token), "idle": lifetimes.idle, "absolute": lifetimes.absolute},
    )
    found: Any = await rows.fetchone()
    if found is None:
        return None
    user_id, name, role, csrf, is_stale, expires = found
    if is_stale:
        await connection.execute("UPDATE user_sessions SET seen_at = now() WHERE token_hash = %s", (digest(token),))
    return Identity(f"user:{user_id}", name, role, scopes_of(role), expires, csrf)


async def end(connection: Connection, token: str) -> None:
    """Ends a session."""
    await connection.execute("DELETE FROM user_sessions WHERE token_hash = %s", (digest(token),))
