"""Signing keys: made when needed, rotated, sealed; attacks on tokens are in rest/test_keys.py."""

from __future__ import annotations

import time

import pytest

from api.alerting.vault import Vault, VaultError, new_key
from api.identity import signing
from api.identity.database import Connection
from api.identity.scopes import Identity

WHO = Identity("key:x", "a service", "service", frozenset({"index:read", "alerts:read"}))


async def test_tokens_outlive_a_rotation_and_keys_do_not_stay(connection: Connection) -> None:
    vault, now = Vault([new_key()]), time.time()
    issuer = await signing.deployment(connection)
    old = signing.issue(await signing.signer(connection, vault), issuer, WHO, ["index:read"], now)
    kid = await signing.rotate(connection, vault)
    fresh = await signing.signer(connection, vault)
    assert fresh.kid == kid
    ring = await signing.public_keys(connection)
    for token in (old, signing.issue(fresh, issuer, WHO, ["index:read"], now)):
        found = signing.verify(token, ring, issuer, now)
        assert (found.id, found.scopes, found.expires) == ("key:x", {"index:read"}, int(now) + signing.LASTS)
    await connection.execute("UPDATE signing_keys SET retired_at = now() - interval '2 hours' WHERE kid <> %s", (kid,))
    ring = await signing.public_keys(connection)
    assert [key["kid"] for key in ring] == [kid]
    with pytest.raises(signing.TokenError):
        signing.verify(old, ring, issuer, now)
    await signing.rotate(connection, vault)
    rows = await connection.execute("SELECT count(*) FROM signing_keys")
    assert await rows.fetchone() == (2,)


async def test_keys_are_sealed(connection: Connection) -> None:
    vault = Vault([new_key()])
    key = await signing.signer(connection, vault)
    rows = await connection.execute("SELECT public, sealed FROM signing_keys")
    ((public, sealed),) = await rows.fetchall()
    secret = key.as_dict(private=True)["d"]
    assert "d" not in public
    assert str(secret).encode() not in bytes(sealed)
    for other in (Vault([]), Vault([new_key()])):
        with pytest.raises(VaultError):
            await signing.signer(connection, other)


def test_a_token_ends_on_time() -> None:
    from joserfc.jwk import ECKey

    key, now = ECKey.generate_key("P-256", {"kid": "k"}), time.time()
    token = signing.issue(key, "esi:x", WHO, ["index:read"], now)
    ring = [key.as_dict(private=False)]
    assert signing.verify(token, ring, "esi:x", now + signing.LASTS)
    with pytest.raises(signing.TokenError, match="xpired"):
        signing.verify(token, ring, "esi:x", now + signing.LASTS + signing.LEEWAY + 2)
    with pytest.raises(signing.TokenError):
        signing.verify(token, ring, "esi:x", now - 60)
    with pytest.raises(signing.TokenError):
        signing.verify(token, ring, "esi:another", now)
    with pytest.raises(signing.TokenError):
        signing.verify(token, [], "esi:x", now)
