"""Receivers as they stand in PostgreSQL: settings in the clear, secrets sealed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, LiteralString
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from api.alerting.receivers import AnyReceiver, receiver_of
from api.alerting.vault import Vault

Connection = AsyncConnection[tuple[Any, ...]]

_ROW: Final[LiteralString] = (
    "id, name, kind, settings, secrets, enabled, failures, open_until > now(), "
    "floor(extract(epoch FROM updated_at) * 1000)::bigint"
)


@dataclass(frozen=True, slots=True)
class Stored:
    """A receiver as it is stored.

    Attributes:
        settings: what may be shown.
        sealed: its secrets, encrypted.
        failures: in a row until now.
        resting: whether its circuit is open.
        changed: when it was written, milliseconds since 1970.
    """

    id: UUID
    name: str
    kind: str
    settings: dict[str, Any]
    sealed: bytes
    enabled: bool
    failures: int
    resting: bool
    changed: int

    def opened(self, vault: Vault) -> AnyReceiver:
        """The receiver with its secrets.

        Raises:
            VaultError: they cannot be read.
            pydantic.ValidationError: its settings are those of another version.
        """
        return receiver_of({**self.settings, **vault.open(self.sealed)})


async def receivers(connection: Connection) -> list[Stored]:
    """All receivers, by name."""
    cursor = await connection.execute(f"SELECT {_ROW} FROM alert_receivers ORDER BY name")
    return [_stored(row) for row in await cursor.fetchall()]


async def receiver(connection: Connection, name: str) -> Stored | None:
    """One receiver by its name."""
    cursor = await connection.execute(f"SELECT {_ROW} FROM alert_receivers WHERE name = %s", (name,))
    row = await cursor.fetchone()
    return None if row is None else _stored(row)


async def save(connection: Connection, name: str, made: AnyReceiver, sealed: bytes, enabled: bool) -> Stored:
    """Writes a receiver, new or instead of the one of that name; its failures are forgotten."""
    cursor = await connection.execute(
        "INSERT INTO alert_receivers (name, kind, settings, secrets, enabled) VALUES (%s, %s, %s, %s, %s) "
        "ON CONFLICT (name) DO UPDATE SET kind = EXCLUDED.kind, settings = EXCLUDED.settings, "
        "secrets = EXCLUDED.secrets, enabled = EXCLUDED.enabled, updated_at = now(), failures = 0, open_until = NULL, "
        f"tokens = NULL, tokens_at = NULL RETURNING {_ROW}",
        (name, made.kind, Jsonb(made.public()), sealed, enabled),
    )
    row = await cursor.fetchone()
    assert row is not None  # an upsert without a condition gives its row
    return _stored(row)


async def remove(connection: Connection, name: str) -> bool:
    """Removes a receiver and what waits for it; whether it was there."""
    cursor = await connection.execute("DELETE FROM alert_receivers WHERE name = %s", (name,))
    return cursor.rowcount > 0


def _stored(row: Sequence[Any]) -> Stored:
    identity, name, kind, settings, sealed, enabled, failures, resting, changed = row
    return Stored(identity, name, kind, settings, bytes(sealed), enabled, failures, bool(resting), changed)
