"""What is remembered, for how long, and what is forgotten at once."""

from __future__ import annotations

import time

import pytest

from api.alerting.vault import Vault, new_key
from api.identity import authority as module
from api.identity import keys, signing
from api.identity.authority import Authority, Shown
from api.identity.database import Connection, open_pool


async def test_a_key_is_remembered_for_seconds(
    connection: Connection, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = open_pool(database)
    await pool.open(wait=False)
    authority = Authority(pool, Vault([]))
    made, text = await keys.make(connection, "k", ["index:read"], None, None)
    shown = Shown("bearer", text)
    assert authority.at_hand(shown) is None
    assert await authority.who(shown)
    await keys.revoke(connection, made.id)
    assert await authority.who(shown), "still believed"
    now = time.time()
    monkeypatch.setattr(module.time, "time", lambda: now + module.TRUSTED_S + 0.1)
    assert await authority.who(shown) is None
    await pool.close()


async def test_tokens_and_nonsense(connection: Connection, database: str) -> None:
    pool = open_pool(database)
    await pool.open(wait=False)
    authority, vault = Authority(pool, Vault([])), Vault([new_key()])
    made, _ = await keys.make(connection, "k", ["index:read"], None, None)
    who = module.Identity(f"key:{made.prefix}", "k", "service", frozenset({"index:read"}))
    key, issuer = await signing.signer(connection, vault), await signing.deployment(connection)
    token = signing.issue(key, issuer, who, ["index:read"], time.time())
    found = await authority.who(Shown("bearer", token))
    assert found is not None
    assert authority.at_hand(Shown("bearer", token)) == found
    authority.forget(token)
    assert authority.at_hand(Shown("bearer", token)) is None
    for wrong in ("", "x", "a.b", "a.b.c", "esi_x_y", "x" * 5_000):
        assert await authority.who(Shown("bearer", wrong)) is None
        assert await authority.who(Shown("cookie", wrong)) is None
    await pool.close()
