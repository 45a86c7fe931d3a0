"""The read side, against what the write side wrote."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg
import pytest

from api.archive import queries
from api.archive.entries import Batch, Channel, Row, Stream, batch
from api.archive.ids import parse_id
from api.archive.queries import LAST, Committed
from api.archive.schema import migrate
from api.archive.store import open_store
from schemas import names
from tests.api.archive import market as flow

FIRST_MS = flow.FIRST_US // 1000


def _batches(market: str, count: int) -> list[Batch]:
    made = []
    for channel, field in (("readings", b"reading"), ("bars", b"bars"), ("details", b"details")):
        entries = [(parse_id(p), {field: body, b"sent_ns": b"5"}) for p, body in flow.expected(market, count)[channel]]
        stream = Stream(names.stream(market, channel), market, channel)  # type: ignore[arg-type]
        made.append(batch(stream, "e1", entries))
    return made


@pytest.fixture
async def filled(database: str) -> str:
    migrate(database)
    async with open_store(database) as store:
        await store.commit([*_batches("a", 30), *_batches("b~r1", 10)], 10)
    return database


async def test_an_unprepared_database_is_empty(database: str) -> None:
    async with queries.open_pool(database) as pool:
        assert await queries.committed(pool, "esi:a:readings") is None
        assert await queries.readings(pool, "a") == []
        assert await queries.markets(pool) == []
        assert await queries.newest(pool, "a") is None


async def test_tells_how_far_it_is_and_which_markets_it_has(filled: str) -> None:
    async with queries.open_pool(filled) as pool:
        position = await queries.committed(pool, "esi:a:readings")
        assert position == Committed("e1", FIRST_MS + 29_000, 1)
        assert position.id == f"{FIRST_MS + 29_000}-1"
        assert await queries.committed(pool, "esi:x:readings") is None
        assert await queries.markets(pool) == ["a", "b~r1"]


async def test_readings_come_as_published_in_either_order_between_exclusive_bounds(filled: str) -> None:
    expected = flow.expected("a", 30)["readings"]
    async with queries.open_pool(filled) as pool:
        rows = await queries.readings(pool, "a")
        assert [(row.id, row.reading) for row in rows] == expected
        assert (rows[0].at, rows[0].sent_ns) == (datetime(2013, 10, 7, 13, 30, tzinfo=UTC), 5)
        assert (rows[7].index, rows[7].percentile, rows[7].coverage, rows[7].final) == (1.0, None, 0.9, False)
        descending = await queries.readings(pool, "a", ascending=False, limit=3)
        assert [row.id for row in descending] == [position for position, _ in expected[:-4:-1]]
        after, before = parse_id(expected[4][0]), parse_id(expected[20][0])
        between = await queries.readings(pool, "a", after, before)
        assert [row.id for row in between] == [position for position, _ in expected[5:20]]
        second = await queries.readings(pool, "a", (FIRST_MS + 8999, LAST), (FIRST_MS + 9000, LAST))
        assert [row.seq for row in second] == [0, 1]


async def test_finals_only(filled: str) -> None:
    async with queries.open_pool(filled) as pool:
        finals = await queries.readings(pool, "a", final_only=True)
        assert [row.id for row in finals] == [f"{FIRST_MS + n * 10_000 + 9_000}-1" for n in range(3)]
        newest = await queries.newest(pool, "a", final_only=True)
        assert newest == finals[-1]


async def test_the_last_of_each_interval_belongs_to_the_interval_it_closes(filled: str) -> None:
    rows = flow.expected("a", 30)["readings"]
    last: dict[int, str] = {}
    for position, _ in rows:
        last[(parse_id(position)[0] - 1) // 4000] = position
    async with queries.open_pool(filled) as pool:
        every = await queries.last_of_each(pool, "a", 4000)
        assert [row.id for row in every] == list(last.values())
        newest_first = await queries.last_of_each(pool, "a", 4000, ascending=False, limit=2)
        assert [row.id for row in newest_first] == list(last.values())[:-3:-1]
        finals = await queries.last_of_each(pool, "a", 20_000, final_only=True)
        assert all(row.final for row in finals)
        with pytest.raises(ValueError, match="positive"):
            await queries.last_of_each(pool, "a", 0)


@pytest.mark.parametrize("channel", ["bars", "details"])
async def test_bodies_come_as_published(filled: str, channel: Channel) -> None:
    assert channel != "readings"
    expected = flow.expected("a", 30)[channel]
    async with queries.open_pool(filled) as pool:
        rows = await queries.bodies(pool, channel, "a")
        assert [(row.id, row.body) for row in rows] == expected
        last = await queries.bodies(pool, channel, "a", ascending=False, limit=1)
        assert [row.id for row in last] == [expected[-1][0]]


async def test_a_page_of_a_long_market_is_read_by_the_index(filled: str) -> None:
    async with open_store(filled) as store:
        await store.commit(_batches("a", 5000), 30)
    with psycopg.connect(filled) as connection:
        connection.execute("ANALYZE readings")
        for filter_ in ("", " AND final"):
            plan = connection.execute(
                b"EXPLAIN SELECT reading FROM readings WHERE market = 'a' AND (id_ms, id_seq) > (1, 0)"
                + filter_.encode()
                + b" ORDER BY id_ms DESC, id_seq DESC LIMIT 10"
            ).fetchall()
            text = "\n".join(row[0] for row in plan)
            assert "Index" in text
            assert "Sort" not in text


async def test_repeating_a_commit_changes_nothing(filled: str) -> None:
    async with open_store(filled) as store:
        again = await store.commit(_batches("a", 30), 10)
        assert [(outcome.added, outcome.refusals) for outcome in again] == [(0, [])] * 3
        stream = Stream("esi:a:readings", "a", "readings")
        row = Row((FIRST_MS, 0), datetime.now(UTC), b"other", 1, _batches("a", 10)[0].rows[0].columns)
        other = await store.commit([Batch(stream, "e1", (FIRST_MS, 0), [row], [])], 10)
        assert [(o.added, [r.reason for r in o.refusals]) for o in other] == [(0, ["other_bytes"])]
    async with queries.open_pool(filled) as pool:
        assert (await queries.readings(pool, "a", limit=1))[0].reading == flow.expected("a", 1)["readings"][0][1]
