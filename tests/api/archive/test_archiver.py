"""The archiver against real servers: the archive equals the stream, whatever happens in between."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psycopg
import pytest
import redis

from api.archive.metrics import Metrics
from schemas import names
from schemas.reading import canonical
from tests import servers
from tests.api.archive import market as flow
from tests.api.archive.conftest import ArchiverProcess, archived, archiving, row_count, until, value
from tests.disks import SmallDisk

KILLS = int(os.environ.get("ESI_TEST_KILLS", "20")) // 4
"""Kills in each of two ways of trimming: half of what the flow gets, in all."""


async def test_archives_markets_and_notices_new_ones(
    redis_server: servers.Redis, clean_redis: redis.Redis, database: str
) -> None:
    flow.announce(clean_redis, "a")
    flow.publish(clean_redis, "a", 0, 100)
    async with archiving(redis_server.url, database) as metrics:
        await until(lambda: archived(database, "a") == flow.expected("a", 100))
        flow.announce(clean_redis, "week~r1")
        flow.publish(clean_redis, "week~r1", 0, 20)
        await until(lambda: archived(database, "week~r1") == flow.expected("week~r1", 20))
        await until(lambda: value(metrics, "esi_archive_lag_entries", stream="esi:week~r1:readings") == 0)
    assert value(metrics, "esi_archive_rows_total", market="a", channel="readings") == 110
    assert value(metrics, "esi_archive_rows_total", market="a", channel="details") == 10
    assert value(metrics, "esi_archive_last_commit_timestamp_seconds") > 1.7e9
    groups = clean_redis.xinfo_groups("esi:a:readings")
    assert [group["pending"] for group in groups] == [0]


async def test_columns_and_position_say_what_the_reading_says(
    redis_server: servers.Redis, clean_redis: redis.Redis, database: str
) -> None:
    flow.announce(clean_redis, "a")
    flow.publish(clean_redis, "a", 0, 10)
    async with archiving(redis_server.url, database):
        await until(lambda: len(archived(database, "a")["details"]) == 1)
    with psycopg.connect(database) as connection:
        query = 'SELECT final, "index", percentile, coverage, extract(epoch FROM at) * 1000 = id_ms FROM readings'
        assert connection.execute(query + " WHERE id_seq = 1").fetchall() == [(True, 9 / 7, None, 0.9, True)]
        position = connection.execute("SELECT epoch, last_ms, last_seq FROM positions WHERE stream LIKE '%readings'")
        assert position.fetchall() == [("e1", flow.FIRST_US // 1000 + 9000, 1)]


async def test_trims_to_what_is_kept_and_never_what_is_not_committed(
    redis_server: servers.Redis, clean_redis: redis.Redis, database: str
) -> None:
    flow.announce(clean_redis, "a")
    flow.publish(clean_redis, "a", 0, 3000)
    async with archiving(redis_server.url, database, keep=50, batch=400) as metrics:
        await until(lambda: clean_redis.xlen("esi:a:readings") == 50 and clean_redis.xlen("esi:a:bars") == 50)
    assert archived(database, "a") == flow.expected("a", 3000)
    kept: Any = clean_redis.xrange("esi:a:readings")
    assert [position.decode() for position, _ in kept] == [
        position for position, _ in flow.expected("a", 3000)["readings"][-50:]
    ]
    assert value(metrics, "esi_archive_trimmed_total", stream="esi:a:readings") == 3250


async def test_a_bad_entry_is_kept_aside_and_the_others_go_on(
    redis_server: servers.Redis, clean_redis: redis.Redis, database: str
) -> None:
    flow.announce(clean_redis, "a")
    clean_redis.xadd("esi:a:readings", {"reading": b'{"at": "gestern"', "sent_ns": 1}, id="1-0")
    clean_redis.xadd("esi:a:readings", {"surprise": b"\x00"}, id="2-0")
    flow.publish(clean_redis, "a", 0, 10)
    clean_redis.sadd("esi:markets", b"\xff\x00", "nowhere")
    clean_redis.set("esi:wrong:readings", "no stream")
    clean_redis.sadd("esi:markets", "wrong")
    async with archiving(redis_server.url, database) as metrics:
        await until(lambda: archived(database, "a") == flow.expected("a", 10))
    with psycopg.connect(database) as connection:
        refused = connection.execute("SELECT id, reason FROM refusals ORDER BY id").fetchall()
    assert refused == [("1-0", "malformed"), ("2-0", "no_body")]
    assert value(metrics, "esi_archive_refusals_total", reason="malformed") == 1


async def test_a_new_epoch_is_read_from_its_start_and_other_bytes_never_overwrite(
    redis_server: servers.Redis, clean_redis: redis.Redis, database: str
) -> None:
    flow.announce(clean_redis, "a", "e1")
    flow.publish(clean_redis, "a", 0, 10)
    async with archiving(redis_server.url, database) as metrics:
        await until(lambda: archived(database, "a") == flow.expected("a", 10))
        clean_redis.flushall()
        liar = canonical(flow.reading("a", flow.FIRST_US, False, 99.0))
        fields = {"reading": liar, "sent_ns": 1}
        clean_redis.xadd("esi:a:readings", fields, id=f"{flow.FIRST_US // 1000}-0")  # type: ignore[arg-type]
        flow.publish(clean_redis, "a", 1, 19)
        flow.announce(clean_redis, "a", "e2")
        await until(lambda: len(archived(database, "a")["readings"]) == 22)
        await until(lambda: value(metrics, "esi_archive_refusals_total", reason="other_bytes") >= 1)
    assert archived(database, "a") == flow.expected("a", 20)
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT reason, body FROM refusals").fetchall() == [("other_bytes", liar)]
        assert connection.execute(
            "SELECT DISTINCT epoch FROM positions WHERE stream = 'esi:a:readings'"
        ).fetchall() == [("e2",)]


async def test_reads_again_from_redis_what_a_new_database_lacks(
    redis_server: servers.Redis, clean_redis: redis.Redis, database: str, postgres: servers.Postgres
) -> None:
    flow.announce(clean_redis, "a")
    flow.publish(clean_redis, "a", 0, 30)
    async with archiving(redis_server.url, database):
        await until(lambda: archived(database, "a") == flow.expected("a", 30))
    with postgres.database(servers.unique("other")) as other:
        async with archiving(redis_server.url, other):
            await until(lambda: archived(other, "a") == flow.expected("a", 30))


async def test_what_the_cap_cut_unread_is_told(
    redis_server: servers.Redis, clean_redis: redis.Redis, database: str
) -> None:
    flow.announce(clean_redis, "a")
    flow.publish(clean_redis, "a", 0, 50)
    clean_redis.xtrim("esi:a:readings", maxlen=10, approximate=False)
    clean_redis.set(names.cut_key("a", "readings"), 45)
    async with archiving(redis_server.url, database) as metrics:
        await until(lambda: row_count(database, "readings") == 10)
        await until(lambda: value(metrics, "esi_archive_cut_entries", stream="esi:a:readings") == 45)
    assert value(metrics, "esi_archive_gaps_total", stream="esi:a:readings") == 1
    assert value(metrics, "esi_archive_gaps_total", stream="esi:a:bars") == 0


async def test_what_somebody_else_took_from_the_group_is_archived_all_the_same(
    redis_server: servers.Redis, clean_redis: redis.Redis, database: str
) -> None:
    flow.announce(clean_redis, "a")
    flow.publish(clean_redis, "a", 0, 5)
    async with archiving(redis_server.url, database) as metrics:
        await until(lambda: archived(database, "a") == flow.expected("a", 5))
        # in one transaction, so that the archiver cannot be quicker than the thief
        with clean_redis.pipeline() as pipe:
            body = flow.expected("a", 6)["readings"][-1]
            pipe.xadd("esi:a:readings", {"reading": body[1], "sent_ns": 1}, id=body[0])
            pipe.xreadgroup(names.ARCHIVE_GROUP, "thief", {"esi:a:readings": ">"})
            pipe.execute()
        rest = [entry for entry in flow.steps("a", 6, 4) if entry[0] == "readings"]
        for _, position, reading in rest:
            clean_redis.xadd("esi:a:readings", {"reading": reading, "sent_ns": 1}, id=position)
        await until(lambda: archived(database, "a")["readings"] == flow.expected("a", 10)["readings"])
    assert value(metrics, "esi_archive_errors_total", reason="contested") >= 1


async def test_a_second_archiver_stands_by_and_takes_over(
    redis_server: servers.Redis, clean_redis: redis.Redis, database: str
) -> None:
    flow.announce(clean_redis, "a")
    flow.publish(clean_redis, "a", 0, 10)
    async with archiving(redis_server.url, database) as first:
        await until(lambda: archived(database, "a") == flow.expected("a", 10))
        second_context = archiving(redis_server.url, database)
        second = await second_context.__aenter__()
        await asyncio.sleep(0.5)  # long enough to have worked if it wrongly did
        assert value(second, "esi_archive_working") == 0
        assert value(first, "esi_archive_working") == 1
    try:
        flow.publish(clean_redis, "a", 10, 10)
        await until(lambda: archived(database, "a") == flow.expected("a", 20))
        assert value(second, "esi_archive_working") == 1
    finally:
        await second_context.__aexit__(None, None, None)


async def test_postgres_away_and_back(
    redis_server: servers.Redis, clean_redis: redis.Redis, own_postgres: servers.Postgres
) -> None:
    flow.announce(clean_redis, "a")
    flow.publish(clean_redis, "a", 0, 10)
    async with archiving(redis_server.url, own_postgres.url, keep=5) as metrics:
        await until(lambda: archived(own_postgres.url, "a") == flow.expected("a", 10))
        await asyncio.to_thread(own_postgres.kill)
        flow.publish(clean_redis, "a", 10, 200)
        await until(lambda: value(metrics, "esi_archive_errors_total", reason="postgres_away") >= 2)
        assert clean_redis.xlen("esi:a:readings") >= 220  # nothing that is not archived was trimmed
        await asyncio.to_thread(own_postgres.start)
        await until(lambda: archived(own_postgres.url, "a") == flow.expected("a", 210))
        await until(lambda: clean_redis.xlen("esi:a:readings") == 5)


async def test_postgres_on_a_full_disk_is_named_and_waited_for(
    redis_server: servers.Redis,
    clean_redis: redis.Redis,
    own_postgres: servers.Postgres,
    small_disk: Callable[[int], SmallDisk],
) -> None:
    """The tables' disk is full, the log's is not: PostgreSQL says so (53100). Where its log has no room, it ends."""
    disk, url = small_disk(40), own_postgres.database_url("archive")
    (disk.folder / "tables").mkdir()
    shutil.chown(disk.folder / "tables", "nobody", "nogroup")
    with psycopg.connect(own_postgres.url, autocommit=True) as connection:
        connection.execute(f"CREATE TABLESPACE small LOCATION '{disk.folder}/tables'".encode())
        connection.execute("CREATE DATABASE archive TABLESPACE small")
    flow.announce(clean_redis, "a")
    flow.publish(clean_redis, "a", 0, 10)
    async with archiving(redis_server.url, url) as metrics:
        await until(lambda: archived(url, "a") == flow.expected("a", 10))
        disk.fill()
        flow.publish(clean_redis, "a", 10, 1990)
        await until(lambda: value(metrics, "esi_archive_errors_total", reason="postgres_full") >= 2, 60)
        disk.clear()
        await until(lambda: archived(url, "a") == flow.expected("a", 2000), 60)
    own_postgres.close()  # before its disk goes


async def test_redis_on_a_full_disk_is_named_and_waited_for(
    database: str, small_disk: Callable[[int], SmallDisk]
) -> None:
    disk = small_disk(8)
    with servers.Redis(folder=disk.folder / "redis") as full, full.client() as client:
        flow.announce(client, "a")
        flow.publish(client, "a", 0, 50)
        async with archiving(full.url, database, keep=10) as metrics:
            await until(lambda: archived(database, "a") == flow.expected("a", 50))
            disk.fill()
            with suppress(redis.RedisError):  # what filled the last page is answered, what comes then is refused
                while True:
                    client.set("ballast", b"x" * 10_000)
            await until(lambda: value(metrics, "esi_archive_errors_total", reason="redis_disk") >= 2)
            disk.clear()
            servers.wait_until(lambda: client.set("ballast", b""), 20, "room for what is written")
            flow.publish(client, "a", 50, 50)
            await until(lambda: archived(database, "a") == flow.expected("a", 100))


async def test_redis_away_and_back(own_redis: servers.Redis, database: str) -> None:
    with own_redis.client() as client:
        flow.announce(client, "a")
        flow.publish(client, "a", 0, 10)
    async with archiving(own_redis.url, database) as metrics:
        await until(lambda: archived(database, "a") == flow.expected("a", 10))
        await asyncio.to_thread(own_redis.kill)
        await until(lambda: value(metrics, "esi_archive_errors_total", reason="redis_away") >= 2)
        await asyncio.to_thread(own_redis.start)
        with own_redis.client() as client:
            flow.publish(client, "a", 10, 10)
        await until(lambda: archived(database, "a") == flow.expected("a", 20))


async def test_waits_for_servers_that_are_not_there_yet(
    own_redis: servers.Redis, own_postgres: servers.Postgres
) -> None:
    with own_redis.client() as client:
        flow.announce(client, "a")
        flow.publish(client, "a", 0, 10)
    await asyncio.to_thread(own_redis.kill)
    await asyncio.to_thread(own_postgres.kill)
    async with archiving(own_redis.url, own_postgres.url) as metrics:
        await until(lambda: value(metrics, "esi_archive_errors_total", reason="postgres_away") >= 1)
        await asyncio.to_thread(own_postgres.start)
        await until(lambda: value(metrics, "esi_archive_errors_total", reason="redis_away") >= 1)
        await asyncio.to_thread(own_redis.start)
        await until(lambda: archived(own_postgres.url, "a") == flow.expected("a", 10))


async def test_a_full_disk_is_named_and_waited_for(
    redis_server: servers.Redis, clean_redis: redis.Redis, database: str
) -> None:
    flow.announce(clean_redis, "a")
    flow.publish(clean_redis, "a", 0, 10)
    async with archiving(redis_server.url, database, keep=1) as metrics:
        await until(lambda: archived(database, "a") == flow.expected("a", 10))
        with psycopg.connect(database) as connection:
            # what the server says when it cannot extend a file
            connection.execute(
                "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION "
                "'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$"
            )
            connection.execute("CREATE TRIGGER full_disk BEFORE INSERT ON readings EXECUTE FUNCTION full_disk()")
        flow.publish(clean_redis, "a", 10, 40)
        await until(lambda: value(metrics, "esi_archive_errors_total", reason="postgres_full") >= 2)
        assert len(archived(database, "a")["readings"]) == 11
        with psycopg.connect(database) as connection:
            connection.execute("DROP TRIGGER full_disk ON readings")
        await until(lambda: archived(database, "a") == flow.expected("a", 50))


@pytest.mark.timeout(120 + 10 * KILLS)
@pytest.mark.parametrize("keep", [20, 100_000])
def test_killed_again_and_again_while_a_flow_writes_it_loses_and_repeats_nothing(
    keep: int,
    redis_server: servers.Redis,
    clean_redis: redis.Redis,
    database: str,
    archiver_process: Callable[..., ArchiverProcess],
) -> None:
    steps, chance, kills = 6_000, random.Random(keep), 0
    process = archiver_process(redis_url=redis_server.url, postgres_url=database, keep=keep, batch=300)

    def write() -> None:
        with redis_server.client() as client:
            flow.announce(client, "a")
            for first in range(0, steps, 20):
                # never far ahead of the kills, however slow the machine starts processes
                servers.wait_until(lambda: first * KILLS <= kills * steps, 120)  # noqa: B023  # asked at once
                flow.publish(client, "a", first, 20)
                time.sleep(0.03)

    writer = threading.Thread(target=write)
    writer.start()
    attached = 0
    while writer.is_alive():
        process.start()
        servers.wait_until(lambda: process.count("attached") > attached)  # noqa: B023  # asked at once
        time.sleep(chance.random() * 0.7)
        process.kill()
        attached, kills = process.count("attached"), kills + 1
    writer.join()
    process.start()
    servers.wait_until(lambda: archived(database, "a")["readings"] == flow.expected("a", steps)["readings"], 30)
    servers.wait_until(lambda: archived(database, "a") == flow.expected("a", steps), 30)
    servers.wait_until(lambda: clean_redis.xlen("esi:a:readings") == min(keep, steps * 11 // 10), 30)
    assert kills >= KILLS
    assert row_count(database, "refusals") == 0


def test_sigterm_ends_it_within_two_seconds_even_if_postgres_hangs(
    redis_server: servers.Redis,
    clean_redis: redis.Redis,
    own_postgres: servers.Postgres,
    archiver_process: Callable[..., ArchiverProcess],
) -> None:
    flow.announce(clean_redis, "a")
    flow.publish(clean_redis, "a", 0, 10)
    process = archiver_process(redis_url=redis_server.url, postgres_url=own_postgres.url)
    process.start()
    servers.wait_until(lambda: archived(own_postgres.url, "a") == flow.expected("a", 10))
    asked = time.monotonic()
    assert process.send(signal.SIGTERM) == 0
    assert time.monotonic() - asked < 2
    assert process.said(event="stopped")
    process.start()
    servers.wait_until(lambda: process.count("attached") == 6)
    own_postgres.pause()
    flow.publish(clean_redis, "a", 10, 10)
    time.sleep(0.5)  # it is in its commit now
    asked = time.monotonic()
    assert process.send(signal.SIGTERM) == 0
    assert time.monotonic() - asked < 2
    own_postgres.resume()
    process.start()
    servers.wait_until(lambda: archived(own_postgres.url, "a") == flow.expected("a", 20))


async def test_a_postgres_that_hangs_is_named_and_left_for_a_new_connection(
    redis_server: servers.Redis, clean_redis: redis.Redis, own_postgres: servers.Postgres
) -> None:
    flow.announce(clean_redis, "a")
    flow.publish(clean_redis, "a", 0, 10)
    async with archiving(redis_server.url, own_postgres.url, timeout_s=0.5) as metrics:
        await until(lambda: archived(own_postgres.url, "a") == flow.expected("a", 10))
        own_postgres.pause()
        flow.publish(clean_redis, "a", 10, 10)
        await until(lambda: value(metrics, "esi_archive_errors_total", reason="postgres_slow") >= 1, 30)
        own_postgres.resume()
        await until(lambda: archived(own_postgres.url, "a") == flow.expected("a", 20))


async def test_lets_go_of_a_market_that_is_gone_and_archives_the_others(
    redis_server: servers.Redis, clean_redis: redis.Redis, database: str
) -> None:
    for name in ("a", "week~r1"):
        flow.announce(clean_redis, name)
        flow.publish(clean_redis, name, 0, 10)
    async with archiving(redis_server.url, database) as metrics:
        await until(lambda: archived(database, "week~r1") == flow.expected("week~r1", 10))
        await until(lambda: _has_lag(metrics, "esi:week~r1:readings"))
        clean_redis.srem(names.MARKETS_KEY, "week~r1")
        await until(lambda: not _has_lag(metrics, "esi:week~r1:readings"))
        clean_redis.delete(*(names.stream("week~r1", channel) for channel in names.CHANNELS))
        flow.publish(clean_redis, "a", 10, 10)
        await until(lambda: archived(database, "a") == flow.expected("a", 20))
    assert not clean_redis.exists("esi:week~r1:readings")  # reading does not bring a stream back
    assert archived(database, "week~r1") == flow.expected("week~r1", 10)


def _has_lag(metrics: Metrics, stream: str) -> bool:
    return metrics.registry.get_sample_value("esi_archive_lag_entries", {"stream": stream}) is not None
