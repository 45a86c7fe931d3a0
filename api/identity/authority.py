"""Says who asks, from what they show: a cookie, an API key or a token; the database is asked every few seconds."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final

from api.alerting.vault import Vault
from api.identity import keys, sessions, signing
from api.identity.database import Pool, visit
from api.identity.guesses import Guesses
from api.identity.memory import Memory
from api.identity.passwords import Passwords
from api.identity.scopes import Identity
from api.identity.secrets import KEY_MARK, digest

REMEMBERED: Final = 10_000
TRUSTED_S: Final = 5.0
"""Seconds for which an answer of the database is believed: a logout or a revoked key holds everywhere by then."""

REGULAR_S: Final = 86_400.0
"""What was valid here within a day is looked up also where somebody else guesses behind the same address."""

KEYS_S: Final = 30.0
MAX_TOKEN: Final = 4_096


@dataclass(frozen=True, slots=True)
class Shown:
    """What a request shows of who it is: `kind` is `cookie` or `bearer`."""

    kind: str
    secret: str


def _is_looked_up(shown: Shown) -> bool:
    """Whether the database has to say who this is."""
    return shown.kind == "cookie" or shown.secret.startswith(f"{KEY_MARK}_")


class Authority:
    """Everything that one api process knows of identities.

    Args:
        pool: connections to the tables, None without PostgreSQL.
        vault: opens the signing keys.
        lifetimes: of sessions.
    """

    def __init__(self, pool: Pool | None, vault: Vault, lifetimes: sessions.Lifetimes | None = None) -> None:
        self.pool, self.vault, self.lifetimes = pool, vault, lifetimes or sessions.Lifetimes()
        self.passwords = Passwords()
        self._known: Memory[Identity | None] = Memory(REMEMBERED)
        self._guesses = Guesses()
        self._regulars: Memory[bool] = Memory(REMEMBERED)
        self._ring: list[dict[str, Any]] = []
        self._ring_at = float("-inf")
        self._issuer = ""

    def at_hand(self, shown: Shown) -> Identity | None:
        """Who this is, if it was asked lately."""
        now = time.time()
        found = self._known.get(digest(shown.secret), now)
        return None if found is None or found.ended(now) else found

    async def who(self, shown: Shown, address: str = "") -> Identity | None:
        """Who this is; None for nobody.

        Args:
            shown: what was shown.
            address: where it came from, if guesses are to be counted.

        Raises:
            Problem: the database cannot be asked, or this address has guessed too often.
        """
        if len(shown.secret) > MAX_TOKEN:
            return None
        if (found := self.at_hand(shown)) is not None:
            return found
        now, name = time.time(), digest(shown.secret)
        if not _is_looked_up(shown):
            address = ""  # a signed token costs the database nothing
        if address and self._regulars.get(name, now) is None and self._guesses.rest(address):
            if shown.kind == "cookie":
                return None  # who has an old cookie may still log in
            self._guesses.check(address)
        identity = await self._asked(shown, now)
        if identity is None or identity.ended(now):
            self._regulars.drop(name)
            if address:
                self._guesses.wrong(address)
            return None
        self._regulars.put(name, True, now + REGULAR_S)
        until = now + TRUSTED_S if identity.expires is None else min(now + TRUSTED_S, identity.expires)
        self._known.put(name, identity, until)
        return identity

    async def _asked(self, shown: Shown, now: float) -> Identity | None:
        if shown.kind == "cookie":
            async with visit(self.pool) as connection:
                return await sessions.resume(connection, shown.secret, self.lifetimes)
        if shown.secret.startswith(f"{KEY_MARK}_"):
            async with visit(self.pool) as connection:
                return await keys.check(connection, shown.secret)
        return await self._of_token(shown.secret, now)

    async def _of_token(self, token: str, now: float) -> Identity | None:
        if token.count(".") != 2:
            return None
        try:
            return signing.verify(token, await self.ring(now), self._issuer, now)
        except signing.TokenError:
            return None

    async def ring(self, now: float) -> list[dict[str, Any]]:
        """The public keys, read again every half a minute."""
        if now - self._ring_at > KEYS_S:
            async with visit(self.pool) as connection:
                self._ring = await signing.public_keys(connection)
                self._issuer = await signing.deployment(connection)
            self._ring_at = now
        return self._ring

    def forget(self, secret: str | None = None) -> None:
        """Forgets one secret, or all: what the database says next counts."""
        if secret is None:
            self._known.clear()
            self._ring_at = float("-inf")
        else:
            self._known.drop(digest(secret))
