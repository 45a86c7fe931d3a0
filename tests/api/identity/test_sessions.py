"""Sessions in the database."""

from __future__ import annotations

import time

import pytest

from api.identity import sessions, users
from api.identity.database import Connection
from api.identity.sessions import Lifetimes


async def test_a_session_is_found_by_its_secret_only(connection: Connection) -> None:
    ann = await users.add(connection, "ann", "analyst")
    token = await sessions.begin(connection, ann.id, "192.0.2.7", Lifetimes())
    found = await sessions.resume(connection, token, Lifetimes())
    assert found is not None
    assert (found.id, found.role, len(found.csrf) >= 43) == (f"user:{ann.id}", "analyst", True)
    assert found.expires is not None
    assert abs(found.expires - time.time() - 7 * 86_400) < 60
    assert await sessions.resume(connection, token + "x", Lifetimes()) is None
    rows = await connection.execute("SELECT token_hash FROM user_sessions")
    assert token.encode() not in bytes((await rows.fetchall())[0][0])
    await sessions.end(connection, token)
    assert await sessions.resume(connection, token, Lifetimes()) is None


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE user_sessions SET seen_at = now() - interval '13 hours'",
        "UPDATE user_sessions SET created_at = now() - interval '8 days'",
        "UPDATE users SET disabled_at = now()",
        "DELETE FROM users",
    ],
)
async def test_what_ends_a_session(connection: Connection, change: str) -> None:
    ann = await users.add(connection, "ann", "viewer")
    token = await sessions.begin(connection, ann.id, "a", Lifetimes())
    await connection.execute(change.encode())
    assert await sessions.resume(connection, token, Lifetimes()) is None


async def test_use_keeps_a_session_alive_and_old_ones_are_swept(connection: Connection) -> None:
    ann = await users.add(connection, "ann", "viewer")
    token = await sessions.begin(connection, ann.id, "a", Lifetimes())
    await connection.execute("UPDATE user_sessions SET seen_at = now() - interval '11 hours'")
    assert await sessions.resume(connection, token, Lifetimes()) is not None
    rows = await connection.execute("SELECT seen_at > now() - interval '1 minute' FROM user_sessions")
    assert await rows.fetchone() == (True,)
    await connection.execute("UPDATE user_sessions SET seen_at = now() - interval '13 hours'")
    await sessions.begin(connection, ann.id, "a", Lifetimes())
    rows = await connection.execute("SELECT count(*) FROM user_sessions")
    assert await rows.fetchone() == (1,)
