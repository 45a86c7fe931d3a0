"""The chain: what is changed, removed, exchanged or inserted is seen."""

from __future__ import annotations

import asyncio

import psycopg
import pytest

from api.alerting.evaluator import EVALUATOR_LOCK
from api.alerting.ledger import EVENTS
from api.archive.schema import MIGRATION_LOCK
from api.archive.store import ARCHIVER_LOCK
from api.identity.audit_log import LOCK, Event, entries, every, verify, write
from api.identity.database import Connection

CHANGES = {
    "who": "UPDATE audit_log SET who = 'x' WHERE number = 3",
    "after": "UPDATE audit_log SET after = '{\"n\": 9}' WHERE number = 3",
    "when": "UPDATE audit_log SET at = at + interval '1 microsecond' WHERE number = 3",
    "removed": "DELETE FROM audit_log WHERE number = 3",
    "exchanged": "UPDATE audit_log SET (who, hash) = "
    "(SELECT who, hash FROM audit_log WHERE number = 4) WHERE number = 3",
    "first removed": "DELETE FROM audit_log WHERE number = 1",
}


async def fill(connection: Connection, count: int = 6) -> None:
    for number in range(count):
        await write(
            connection, Event(f"user:{number}", "a.deed", "a thing", "192.0.2.7", None, {"n": number, "ü": [1.5]})
        )


async def test_a_chain_holds(connection: Connection) -> None:
    assert (await verify(connection)).entries == 0
    await fill(connection)
    verdict = await verify(connection)
    assert (verdict.entries, verdict.broken_at) == (6, None)
    found = [entry async for entry in every(connection)]
    assert [entry.number for entry in found] == [1, 2, 3, 4, 5, 6]
    assert found[0].said()["at"].endswith("Z")
    assert [entry.number for entry in await entries(connection, 4, 1)] == [5]


@pytest.mark.parametrize("name", CHANGES)
async def test_what_is_done_to_it_is_seen(connection: Connection, name: str) -> None:
    await fill(connection)
    await connection.execute(CHANGES[name].encode())
    broken = (await verify(connection)).broken_at
    assert broken == (1 if name == "first removed" else 3)


async def test_an_end_that_is_cut_off_needs_the_last_hash_noted_elsewhere(connection: Connection) -> None:
    await fill(connection)
    noted = (await verify(connection)).last
    await connection.execute("DELETE FROM audit_log WHERE number > 4")
    verdict = await verify(connection)
    assert verdict.broken_at is None
    assert verdict.last != noted


async def test_many_writers_make_one_chain(connection: Connection, database: str) -> None:
    async def writer() -> None:
        async with await psycopg.AsyncConnection.connect(database, autocommit=True) as own:
            await fill(own, 10)

    await asyncio.gather(*(writer() for _ in range(5)))
    verdict = await verify(connection)
    assert (verdict.entries, verdict.broken_at) == (50, None)


def test_every_lock_of_the_database_has_a_key_of_its_own() -> None:
    """Else a login would wait until alerts are written."""
    keys = [MIGRATION_LOCK, ARCHIVER_LOCK, EVALUATOR_LOCK, EVENTS, LOCK]
    assert len(set(keys)) == len(keys)
