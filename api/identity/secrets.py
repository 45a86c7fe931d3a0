"""Random secrets and what is kept of them: a hash, for a secret of 256 bits needs no slow one."""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

KEY_MARK: Final = "esi"
"""How every API key begins, so that scanners of leaked secrets know it."""


def new_secret() -> str:
    """256 random bits as text that fits a URL."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> bytes:
    """What is kept of a secret (SHA-256)."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def new_key() -> tuple[str, str]:
    """A prefix that names an API key, and the whole key, `esi_PREFIX_SECRET`."""
    prefix = secrets.token_hex(6)
    return prefix, f"{KEY_MARK}_{prefix}_{new_secret()}"


def prefix_of(key: str) -> str | None:
    """The prefix of something that looks like an API key."""
    mark, _, rest = key.partition("_")
    prefix, found, secret = rest.partition("_")
    return prefix if mark == KEY_MARK and found and secret and len(prefix) == 12 else None
