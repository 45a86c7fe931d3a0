"""The write side of the archive on a real PostgreSQL: all of a commit or nothing, and never twice."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

import psycopg
import pytest

from api.archive.entries import Batch, Channel, Stream, batch
from api.archive.ids import parse_id
from api.archive.plan import Position
from api.archive.schema import migrate
from api.archive.store import Store, open_store
from schemas import names
from tests import servers
from tests.api.archive import market as flow
from tests.api.archive.conftest import archived, row_count

IDS = [position for position, _ in flow.expected("a", 10)["readings"]]


@pytest.fixture
def tables(database: str) -> str:
    """Address of a database with the archive's tables, empty."""
    migrate(database)
    return database


@pytest.fixture
async def store(tables: str) -> AsyncIterator[Store]:
    async with open_store(tables) as found:
        yield found


def of(channel: Channel, entries: Sequence[tuple[str, bytes]], market: str = "a", epoch: str = "e1") -> Batch:
    """Entries of a channel as the batch that the archiver makes of them."""
    field = {"readings": b"reading"}.get(channel, channel.encode())
    read = [(parse_id(position), {field: body, b"sent_ns": b"7"}) for position, body in entries]
    return batch(Stream(names.stream(market, channel), market, channel), epoch, read)


def everything(count: int) -> list[Batch]:
    """What the flow of market `a` writes in so many steps, one batch a channel."""
    found = flow.expected("a", count)
    return [of("readings", found["readings"]), of("bars", found["bars"]), of("details", found["details"])]


async def test_rows_and_positions_of_all_channels_come_in_one_commit(store: Store, tables: str) -> None:
    outcomes = await store.commit(everything(10), 10)
    assert [outcome.added for outcome in outcomes] == [11, 10, 1]
    assert archived(tables, "a") == flow.expected("a", 10)
    assert (await store.positions())["esi:a:readings"] == Position("e1", parse_id(IDS[-1]))
    assert set(await store.positions()) == {"esi:a:readings", "esi:a:bars", "esi:a:details"}


async def test_the_same_batch_again_adds_and_refuses_nothing(store: Store, tables: str) -> None:
    await store.commit(everything(10), 10)
    again = await store.commit(everything(10), 10)
    assert [(outcome.added, list(outcome.refusals)) for outcome in again] == [(0, []), (0, []), (0, [])]
    assert archived(tables, "a") == flow.expected("a", 10)


async def test_other_bytes_under_an_archived_id_are_kept_aside_once(store: Store, tables: str) -> None:
    await store.commit(everything(10), 10)
    forged = [(IDS[0], flow.expected("a", 10)["readings"][5][1]), (IDS[1], flow.expected("a", 10)["readings"][1][1])]
    for _ in range(2):
        (outcome,) = await store.commit([of("readings", forged)], 10)
        assert [(refusal.id, refusal.reason) for refusal in outcome.refusals] == [(parse_id(IDS[0]), "other_bytes")]
    assert archived(tables, "a") == flow.expected("a", 10)
    with psycopg.connect(tables) as connection:
        kept = connection.execute("SELECT stream, id, digest, body FROM refusals").fetchall()
    assert kept == [("esi:a:readings", IDS[0], hashlib.sha256(forged[0][1]).digest(), forged[0][1])]


async def test_a_batch_of_bad_entries_moves_the_position_past_them(store: Store, tables: str) -> None:
    (outcome,) = await store.commit([of("readings", [("5-0", b"{"), ("6-0", b"\x00")])], 10)
    assert (outcome.added, {refusal.reason for refusal in outcome.refusals}) == (0, {"malformed"})
    assert await store.positions() == {"esi:a:readings": Position("e1", (6, 0))}
    assert row_count(tables, "refusals") == 2


async def test_a_batch_that_fails_takes_the_whole_commit_with_it(store: Store, tables: str) -> None:
    with psycopg.connect(tables) as connection:
        connection.execute("ALTER TABLE details ADD CHECK (market <> 'a')")
    with pytest.raises(psycopg.errors.CheckViolation):
        await store.commit(everything(10), 10)
    assert archived(tables, "a") == {"readings": [], "bars": [], "details": []}
    assert await store.positions() == {}
    with psycopg.connect(tables) as connection:
        connection.execute("ALTER TABLE details DROP CONSTRAINT details_market_check")
    await store.commit(everything(10), 10)  # the connection is as good as before
    assert archived(tables, "a") == flow.expected("a", 10)


async def test_a_commit_that_takes_too_long_leaves_nothing(store: Store, tables: str) -> None:
    blocker: psycopg.AsyncConnection[Any] = await psycopg.AsyncConnection.connect(tables)
    async with blocker, blocker.transaction():
        await blocker.execute("LOCK TABLE bars IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(TimeoutError):
            await store.commit(everything(10), 0.3)
    assert archived(tables, "a") == {"readings": [], "bars": [], "details": []}


async def test_one_archiver_works_and_the_next_one_when_it_is_gone(tables: str) -> None:
    async with open_store(tables) as second:
        async with open_store(tables) as first:
            assert await first.try_lock()
            assert not await second.try_lock()
        for _ in range(100):  # the server notices the end of a connection a moment later
            if await second.try_lock():
                return
            await asyncio.sleep(0.05)
    raise AssertionError("the lock outlives its connection")


async def test_a_commit_is_on_disk_whatever_the_database_says(tables: str) -> None:
    with psycopg.connect(tables, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(f'ALTER DATABASE "{name}" SET synchronous_commit TO off'.encode())
    async with open_store(tables) as found:
        cursor = await found._connection.execute("SHOW synchronous_commit")
        assert await cursor.fetchone() == ("on",)


async def test_no_server_is_an_operational_error() -> None:
    with pytest.raises(psycopg.OperationalError):
        async with open_store(f"postgresql://esi@127.0.0.1:{servers.free_port()}/esi"):
            pass
