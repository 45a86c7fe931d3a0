"""What stands under people's names outside the tables of users: rules, silences, acknowledgements."""

from __future__ import annotations

from typing import Any, Final, LiteralString

from psycopg.rows import dict_row

from api.identity.database import Connection

NOBODY: Final = "a former user"
"""Stands instead of the name of somebody who was forgotten."""

_KEPT: Final[dict[str, LiteralString]] = {
    "rules": "SELECT id::text, market, name, updated_at::text FROM alert_rules WHERE lower(author) = lower(%s)",
    "silences": "SELECT id::text, reason, begins_at::text, ends_at::text FROM alert_silences "
    "WHERE lower(%s) IN (lower(author), lower(ended_by))",
    "acknowledgements": "SELECT id, market, rule, acknowledged_at::text, acknowledged_note AS note FROM alerts "
    "WHERE lower(acknowledged_by) = lower(%s)",
}
_FORGET: Final[tuple[LiteralString, ...]] = (
    "UPDATE alert_rules SET author = %s WHERE lower(author) = lower(%s)",
    "UPDATE alert_silences SET author = %s WHERE lower(author) = lower(%s)",
    "UPDATE alert_silences SET ended_by = %s WHERE lower(ended_by) = lower(%s)",
    "UPDATE alerts SET acknowledged_by = %s WHERE lower(acknowledged_by) = lower(%s)",
)


async def kept(connection: Connection, name: str) -> dict[str, list[dict[str, Any]]]:
    """What somebody has written, by what it is."""
    found = {}
    async with connection.cursor(row_factory=dict_row) as rows:
        for what, query in _KEPT.items():
            await rows.execute(query, (name,))
            found[what] = await rows.fetchall()
    return found


async def forget(connection: Connection, name: str) -> None:
    """Takes a name from what somebody has written, which stays; call it in the transaction that deletes them."""
    for query in _FORGET:
        await connection.execute(query, (NOBODY, name))
