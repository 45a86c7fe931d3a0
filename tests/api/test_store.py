"""The archive as the api reads it; the seam with Redis is proved in test_history."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import psycopg
import pytest
import redis
from psycopg.errors import ReadOnlySqlTransaction

from api.store import _KNOWN, _LAST_KNOWN, _SCOPE, Store, Wanted
from api.streams import ZERO, Id
from schemas.reading import canonical
from tests.api.publisher import START_US, Publisher, archive, details, id_of


@pytest.fixture
async def store(archive_url: str) -> AsyncIterator[Store]:
    found = Store(archive_url)
    await found.open()
    yield found
    await found.close()


async def test_position_and_details_of_the_last_final(store: Store, archive_url: str, clean_redis: redis.Redis) -> None:
    assert await store.position("test") == ("", ZERO)
    assert await store.details("test") is None
    Publisher(clean_redis, "test").readings(range(1, 21), finals=[10, 20])
    archive(archive_url, "test", clean_redis, id_of(20, True))
    assert await store.position("test") == ("e1", Id.parse(id_of(20, True)))
    found = await store.details("test")
    assert found is not None
    assert (found.id, found.data) == (Id.parse(id_of(20, True)), canonical(details("test", 20)))
    earlier = await store.details("test", found.id)
    assert earlier is not None
    assert earlier.id == Id.parse(id_of(10, True))
    assert await store.details("test", earlier.id) is None
    last = await store.last(Wanted("test", until=found.id))
    assert last is not None
    assert last.id == Id.parse(id_of(20))
    assert await store.last(Wanted("test", until=Id.parse(id_of(10)), final=True)) is None
    assert await store.readings(Wanted("other")) == []


async def test_the_last_of_each_interval_costs_two_look_ups_however_many_readings(
    store: Store, archive_url: str
) -> None:
    start = START_US // 1_000_000 * 1_000
    with psycopg.connect(archive_url) as connection:
        connection.execute(
            'INSERT INTO readings (market, at, id_ms, id_seq, final, "index", percentile, coverage, reading, sent_ns)'
            " SELECT 'big', to_timestamp(0), %s::bigint + n * 1000, 0, false, 1, 1, 1, '{}', 1"
            " FROM generate_series(1, 200000) AS n",
            (start,),
        )
        connection.execute("ANALYZE readings")
    begin = time.monotonic()
    found = await store.readings(Wanted("big", every=3_600_000, limit=1_000))
    assert time.monotonic() - begin < 1
    hours = [-(-entry.id.ms // 3_600_000) for entry in found]
    assert hours == list(range(hours[0], hours[0] + len(hours)))
    assert all(entry.id.ms % 3_600_000 == 0 for entry in found[:-1])
    assert found[-1].id.ms == start + 200_000_000


def test_what_was_known_is_found_by_an_index(archive_url: str) -> None:
    with psycopg.connect(archive_url) as connection:
        connection.execute(
            'INSERT INTO readings (market, at, id_ms, id_seq, final, "index", percentile, coverage, reading, sent_ns)'
            " SELECT 'big', to_timestamp(0), n, 0, false, 1, 1, 1, '{}', n FROM generate_series(1, 50000) AS n"
        )
        connection.execute("ANALYZE readings")
        scope = (_SCOPE + _KNOWN).replace("%(market)s", "'big'").replace("%(known_ns)s", "25000")
        scope = scope.replace("%(until_ms)s", "60000").replace("%(until_seq)s", "0")
        rows = connection.execute(
            f"EXPLAIN {_LAST_KNOWN.format(scope=scope, table='readings', body='reading')}".encode()
        ).fetchall()
        plan = "\n".join(row[0] for row in rows)
        assert "readings_sent" in plan
        assert "Sort" not in plan


async def test_it_cannot_write(store: Store) -> None:
    with pytest.raises(ReadOnlySqlTransaction):
        await store._fetch("DELETE FROM readings", {})


@pytest.mark.parametrize(("ms", "interval"), [(0, 0), (1, 1), (1_000, 1), (1_001, 2)])
def test_an_interval_holds_its_end(ms: int, interval: int) -> None:
    assert Wanted("m", every=1_000).interval(Id(ms, 0)) == interval
