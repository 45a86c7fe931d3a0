"""Users in the database."""

from __future__ import annotations

import asyncio

import psycopg
import pytest

from api.identity import users
from api.identity.database import Connection
from api.identity.users import UserError


async def test_names_are_one_whatever_their_case(connection: Connection) -> None:
    ann = await users.add(connection, "Ann", "viewer")
    assert await users.by_name(connection, "aNN") == ann
    with pytest.raises(UserError, match="already"):
        await users.add(connection, "ANN", "admin")
    for name in ("", "-ann", "a b", "ann\n", "x" * 65):
        with pytest.raises(UserError, match="letters"):
            await users.add(connection, name, "viewer")


async def test_a_link_holds_a_day_for_whoever_may_come_in(connection: Connection) -> None:
    ann = await users.add(connection, "ann", "viewer")
    token = await users.new_link(connection, ann.id)
    assert await users.by_link(connection, token) == ann
    assert await users.by_link(connection, token + "x") is None
    async with connection.transaction():
        await users.set_disabled(connection, ann, disabled=True)
    assert await users.by_link(connection, token) is None
    async with connection.transaction():
        await users.set_disabled(connection, ann, disabled=False)
    await connection.execute("UPDATE users SET link_until = now()")
    assert await users.by_link(connection, token) is None


async def test_a_provider_knows_its_users_by_subject(connection: Connection) -> None:
    ann = await users.add(connection, "ann", "viewer", "https://id.example", "7")
    assert await users.by_subject(connection, "https://id.example", "7") == ann
    assert await users.by_subject(connection, "https://other.example", "7") is None


async def test_two_admins_cannot_remove_each_other_at_once(connection: Connection, database: str) -> None:
    both = [await users.add(connection, name, "admin") for name in ("a", "b")]

    async def remove(user: users.User) -> bool:
        async with await psycopg.AsyncConnection.connect(database) as own:
            try:
                await users.delete(own, user)
            except UserError:
                return False
        return True

    assert sorted(await asyncio.gather(*map(remove, both))) == [False, True]
    assert len(await users.listed(connection)) == 1


async def test_a_new_password_ends_links_and_sessions(connection: Connection) -> None:
    ann = await users.add(connection, "ann", "admin")
    token = await users.new_link(connection, ann.id)
    await connection.execute(
        "INSERT INTO user_sessions (token_hash, user_id, csrf, address) VALUES ('x', %s, 'c', 'a')", (ann.id,)
    )
    assert not await users.has_admin(connection)
    await users.set_password(connection, ann.id, "hash")
    assert await users.has_admin(connection)
    assert await users.by_link(connection, token) is None
    rows = await connection.execute("SELECT count(*) FROM user_sessions")
    assert await rows.fetchone() == (0,)
