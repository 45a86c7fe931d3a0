"""API keys: shown once, kept as prefix and hash, with scopes and an end."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from api.identity.database import Connection
from api.identity.scopes import SCOPES, Identity
from api.identity.secrets import digest, new_key, prefix_of

_COLUMNS = "id, prefix, name, scopes, created_by, created_at, expires_at, revoked_at"


class KeyScopeError(ValueError):
    """Scopes that a key cannot have; the message says which there are."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as stored, without its secret."""

    id: UUID
    prefix: str
    name: str
    scopes: list[str]
    created_by: UUID | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


async def listed(connection: Connection) -> list[ApiKey]:
    """All keys that were not revoked, the newest first."""
    async with connection.cursor(row_factory=class_row(ApiKey)) as rows:
        await rows.execute(f"SELECT {_COLUMNS} FROM api_keys WHERE revoked_at IS NULL ORDER BY created_at DESC, id")
        return await rows.fetchall()


async def make(
    connection: Connection, name: str, scopes: Sequence[str], expires_at: datetime | None, created_by: UUID | None
) -> tuple[ApiKey, str]:
    """A new key, and its text, which is not to be had again.

    Raises:
        KeyScopeError: a scope that does not exist, or none.
    """
    unknown = set(scopes) - SCOPES.keys()
    if unknown or not scopes:
        msg = f"no such scopes: {', '.join(sorted(unknown)) or 'none given'}; there are {', '.join(SCOPES)}"
        raise KeyScopeError(msg)
    prefix, text = new_key()
    async with connection.cursor(row_factory=class_row(ApiKey)) as rows:
        await rows.execute(
            "INSERT INTO api_keys (prefix, secret_hash, name, scopes, created_by, expires_at) "
            f"VALUES (%s, %s, %s, %s, %s, %s) RETURNING {_COLUMNS}",
            (prefix, digest(text), name, sorted(set(scopes)), created_by, expires_at),
        )
        made = await rows.fetchone()
    assert made is not None  # an insert gives its row
    return made, text


async def check(connection: Connection, text: str) -> Identity | None:
    """Whose key this is, if it holds."""
    prefix = prefix_of(text)
    if prefix is None:
        return None
    rows = await connection.execute(
        "SELECT secret_hash, name, scopes, extract(epoch FROM expires_at)::float8 FROM api_keys "
        "WHERE prefix = %s AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())",
        (prefix,),
    )
    found: Any = await rows.fetchone()
    if found is None or not hmac.compare_digest(bytes(found[0]), digest(text)):
        return None
    return Identity(f"key:{prefix}", found[1], "service", frozenset(found[2]), found[3])


async def revoke(connection: Connection, key_id: UUID) -> ApiKey | None:
    """Ends a key; gives it, or None where there is none."""
    async with connection.cursor(row_factory=class_row(ApiKey)) as rows:
        await rows.execute(
            f"UPDATE api_keys SET revoked_at = now() WHERE id = %s AND revoked_at IS NULL RETURNING {_COLUMNS}",
            (key_id,),
        )
        return await rows.fetchone()
