"""Receivers in PostgreSQL."""

from __future__ import annotations

from psycopg import AsyncConnection

from api.alerting import registry
from api.alerting.receivers import receiver_of
from api.alerting.vault import Vault, new_key
from tests.api.alerting.conftest import WHSEC, rows


async def test_a_receiver_is_kept_with_sealed_secrets_and_opens_again(tables: str) -> None:
    vault = Vault([new_key()])
    made = receiver_of({"kind": "webhook", "url": "https://example.org/", "keys": [WHSEC], "markets": ["us"]})
    async with await AsyncConnection.connect(tables, autocommit=True) as connection:
        stored = await registry.save(connection, "desk", made, vault.seal(made.secrets()), True)
        assert stored.opened(vault) == made
        assert stored.settings["markets"] == ["us"]
        assert await registry.receiver(connection, "desk") == stored
        assert await registry.receivers(connection) == [stored]
        ((raw,),) = rows(tables, "SELECT alert_receivers::text FROM alert_receivers")
        assert WHSEC not in raw
        assert WHSEC.encode().hex() not in raw
        rows(tables, "UPDATE alert_receivers SET failures = 9, open_until = now() + interval '1 h' RETURNING 1")
        again = await registry.save(connection, "desk", made, vault.seal(made.secrets()), False)
        assert (again.id, again.failures, again.resting, again.enabled) == (stored.id, 0, False, False)
        assert again.changed > stored.changed
        assert await registry.remove(connection, "desk")
        assert not await registry.remove(connection, "desk")
        assert await registry.receiver(connection, "desk") is None
