"""Passwords: argon2id (RFC 9106), as many at once as memory allows, and as slow for names that nobody has."""

from __future__ import annotations

import asyncio
from typing import Final

from anyio.to_thread import run_sync
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST: Final = 12
LONGEST: Final = 256
"""Letters of a password (NIST SP 800-63B asks for 8 at least, OWASP ASVS level 2 for 12)."""

AT_ONCE: Final = 2
"""Hashes at once: each takes 64 MiB for about 50 ms."""

_HASHER: Final = PasswordHasher(time_cost=3, memory_cost=65_536, parallelism=1)
_NOBODY: Final = _HASHER.hash("the password of nobody")


class PasswordError(ValueError):
    """A password that cannot be taken; the message says why, and never the password."""


class Passwords:
    """Makes and checks hashes in threads, a few at once."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def hash(self, password: str, name: str) -> str:
        """The hash of a new password of somebody.

        Raises:
            PasswordError: too short, too long, or the name itself.
        """
        check(password, name)
        async with self._turn:
            return await run_sync(_HASHER.hash, password)

    async def verify(self, hashed: str | None, password: str) -> bool:
        """Whether it is the password; takes as long where there is none."""
        async with self._turn:
            right = await run_sync(_verify, hashed or _NOBODY, password[:LONGEST])
        return right and hashed is not None


def check(password: str, name: str) -> None:
    """Refuses what is no good password.

    Raises:
        PasswordError: too short, too long, or the name itself.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        msg = f"a password has {SHORTEST} to {LONGEST} letters; a few words together make a good one"
        raise PasswordError(msg)
    if password.lower() in {name.lower(), name.lower() * 2} or len(set(password)) < 5:
        raise PasswordError("this password is too easily guessed; a few words together make a good one")


def _verify(hashed: str, password: str) -> bool:
    try:
        return _HASHER.verify(hashed, password)
    except (VerificationError, InvalidHashError, UnicodeEncodeError):
        return False
