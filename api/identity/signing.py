"""Short tokens for services: ES256 (RFC 7518, section 3.4) by joserfc, keys sealed at rest and rotated."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet
from joserfc.jwt import ClaimsOption
from psycopg.types.json import Jsonb

from api.alerting.vault import Vault
from api.identity.database import Connection
from api.identity.scopes import SCOPES, Identity

ALGORITHM: Final = "ES256"
LASTS: Final = 600
"""Seconds that a token lasts."""

LEEWAY: Final = 5
"""Seconds by which clocks may differ."""

KEPT: Final = "1 hour"
"""How long a retired key still verifies: longer than any token that it signed."""


class TokenError(ValueError):
    """A token that is not taken; the message says why."""


async def deployment(connection: Connection) -> str:
    """The name of this deployment, issuer and audience of its tokens."""
    rows = await connection.execute("SELECT id FROM identity_deployment")
    found: Any = await rows.fetchone()
    return f"esi:{found[0]}"


async def rotate(connection: Connection, vault: Vault) -> str:
    """A new key that signs from now on; those before verify for another hour, then they are forgotten. Gives its id.

    Raises:
        VaultError: there is no key to seal it with.
    """
    key = ECKey.generate_key("P-256", {"kid": secrets.token_hex(8), "use": "sig", "alg": ALGORITHM})
    sealed = vault.seal({"jwk": key.as_dict(private=True)})
    async with connection.transaction():
        await connection.execute("LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE")
        await connection.execute("DELETE FROM signing_keys WHERE retired_at < now() - %s::interval", (KEPT,))
        await connection.execute("UPDATE signing_keys SET retired_at = now() WHERE retired_at IS NULL")
        await connection.execute(
            "INSERT INTO signing_keys (kid, public, sealed) VALUES (%s, %s, %s)",
            (key.kid, Jsonb(key.as_dict(private=False)), sealed),
        )
    return str(key.kid)


async def signer(connection: Connection, vault: Vault) -> ECKey:
    """The key that signs; made if there is none yet.

    Raises:
        VaultError: there is no key to open it with, or another one.
    """
    for _ in range(2):
        rows = await connection.execute(
            "SELECT sealed FROM signing_keys WHERE retired_at IS NULL ORDER BY created_at DESC LIMIT 1"
        )
        found: Any = await rows.fetchone()
        if found is not None:
            jwk: Any = vault.open(bytes(found[0]))["jwk"]
            return ECKey.import_key(jwk)
        await rotate(connection, vault)
    raise AssertionError("a rotation leaves a key")


async def public_keys(connection: Connection) -> list[dict[str, Any]]:
    """Public keys (JWK) that verify tokens, the newest first."""
    rows = await connection.execute(
        "SELECT public FROM signing_keys WHERE retired_at IS NULL OR retired_at > now() - %s::interval "
        "ORDER BY created_at DESC",
        (KEPT,),
    )
    return [row[0] for row in await rows.fetchall()]


def issue(key: ECKey, issuer: str, who: Identity, scopes: Iterable[str], now: float) -> str:
    """A token for a service, for LASTS seconds."""
    moment = int(now)
    claims = {
        "iss": issuer, "aud": issuer, "sub": who.id, "name": who.name, "scope": " ".join(sorted(scopes)),
        "iat": moment, "nbf": moment, "exp": moment + LASTS, "jti": secrets.token_hex(16),
    }  # fmt: skip
    return jwt.encode({"alg": ALGORITHM, "kid": key.kid, "typ": "at+jwt"}, claims, key, algorithms=[ALGORITHM])


def verify(token: str, keys: list[dict[str, Any]], issuer: str, now: float) -> Identity:
    """Who a token speaks for.

    Raises:
        TokenError: it is not signed by us with ES256, is not for us, or does not hold now.
    """
    try:
        ring = KeySet([ECKey.import_key(key) for key in keys])
        found = jwt.decode(token, ring, algorithms=[ALGORITHM])
        if found.header.get("typ") != "at+jwt":
            raise TokenError("not an access token")
        here, needed = ClaimsOption(essential=True, value=issuer), ClaimsOption(essential=True)
        registry = jwt.JWTClaimsRegistry(
            now=int(now), leeway=LEEWAY, iss=here, aud=here, exp=needed, nbf=needed, sub=needed, scope=needed
        )
        registry.validate(found.claims)
        claims = found.claims
        scopes = frozenset(str(claims["scope"]).split()) & SCOPES.keys()
        return Identity(str(claims["sub"]), str(claims.get("name", "")), "service", scopes, float(claims["exp"]))
    except (JoseError, ValueError, TypeError, KeyError) as error:
        msg = f"{type(error).__name__}: {error}"
        raise TokenError(msg) from error
