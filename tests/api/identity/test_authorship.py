"""What people have written under their names; `tests/api/identity/test_console.py` tries it as a whole."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg

from api.archive.schema import migrate
from api.identity import authorship
from tests.api.alerting.conftest import rows

NOW = datetime.now(UTC)
ACKNOWLEDGED = """
    INSERT INTO alerts (id, fingerprint, market, rule_id, rule, version, severity, segment, condition, about, repeat_s,
        receivers, state, began_at, noticed_at, acknowledged_at, acknowledged_by, acknowledged_note)
    VALUES (%s, 'f', 'us', gen_random_uuid(), 'high', 1, 'info', '', 'index > 1', '', 0, '{}', 'alerting', %s, %s, %s,
        %s, 'on it')
"""


async def test_acknowledgements_are_told_and_forgotten_and_those_of_others_stay(database: str) -> None:
    migrate(database)
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        for name in ("ann", "bob"):
            await connection.execute(ACKNOWLEDGED, (name, NOW, NOW, NOW, name))
        (told,) = (await authorship.kept(connection, "Ann"))["acknowledgements"]
        assert (told["id"], told["note"]) == ("ann", "on it")
        await authorship.forget(connection, "Ann")
        assert (await authorship.kept(connection, "ann"))["acknowledgements"] == []
    assert rows(database, "SELECT acknowledged_by FROM alerts ORDER BY id") == [(authorship.NOBODY,), ("bob",)]
