"""API keys in the database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from api.identity import keys
from api.identity.database import Connection
from api.identity.keys import KeyScopeError


async def test_a_key_is_checked_whole(connection: Connection) -> None:
    made, text = await keys.make(connection, "k", ["index:read"], None, None)
    found = await keys.check(connection, text)
    assert found is not None
    assert (found.id, found.scopes, found.expires) == (f"key:{made.prefix}", {"index:read"}, None)
    for wrong in (text + "x", text[:-1], "", f"esi_{made.prefix}_x", text.replace(made.prefix, "0" * 12)):
        assert await keys.check(connection, wrong) is None
    assert await keys.revoke(connection, made.id)
    assert await keys.revoke(connection, made.id) is None
    assert await keys.check(connection, text) is None
    assert await keys.listed(connection) == []


async def test_a_key_ends(connection: Connection) -> None:
    _, text = await keys.make(connection, "k", ["index:read"], datetime.now(UTC) + timedelta(hours=1), None)
    assert await keys.check(connection, text)
    await connection.execute("UPDATE api_keys SET expires_at = now()")
    assert await keys.check(connection, text) is None


@pytest.mark.parametrize("scopes", [[], ["all"], ["index:read", "x"], ["public"]])
async def test_scopes_that_do_not_exist(connection: Connection, scopes: list[str]) -> None:
    with pytest.raises(KeyScopeError, match="index:read"):
        await keys.make(connection, "k", scopes, None, None)
