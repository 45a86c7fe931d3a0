"""From readings in Redis to alerts in PostgreSQL and messages in receivers' hands."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import redis

from api.archive.ids import parse_id
from tests import servers
from tests.api.alerting.conftest import WHSEC, add_receiver, add_rule, alerting, rows, until, value
from tests.api.alerting.endpoint import Certificates, Endpoint
from tests.api.alerting.live import Live, now_us


def states(url: str) -> list[tuple[str, str, str | None]]:
    """(rule, state, why it was not sent) of every alert, by begin."""
    return [tuple(row) for row in rows(url, "SELECT rule, state, unsent FROM alerts ORDER BY began_at, rule")]  # type: ignore[misc]


def told(endpoint: Endpoint) -> list[tuple[str, str, str]]:
    """(type, rule, state) of every alert that a webhook was told."""
    found = []
    for got in endpoint.got:
        said = json.loads(got.body)
        found += [(said["type"], alert["rule"], alert["state"]) for alert in said["data"]["alerts"]]
    return found


async def test_an_alert_begins_is_told_and_ends(
    redis_server: servers.Redis,
    clean_redis: redis.Redis,
    tables: str,
    endpoint: Endpoint,
    certificates: Certificates,
) -> None:
    market = Live(clean_redis)
    add_receiver(tables, "desk", kind="webhook", url=f"{endpoint.url}/hook", keys=[WHSEC])
    add_rule(tables, "live", when="index > 80", until="index < 70", severity="critical", about="Look at it.")
    async with alerting(redis_server.url, tables, ca_file=certificates.authority) as metrics:
        for index in (50.0, 85.0, 75.0):
            market.give(index)
        await until(lambda: told(endpoint) == [("esi.alerts", "index > 80", "alerting")])
        market.give(60.0)
        await until(lambda: len(told(endpoint)) == 2)
        assert told(endpoint)[1] == ("esi.alerts", "index > 80", "resolved")
        await until(lambda: value(metrics, "esi_alerts_readings_total", market="live") == 4)
    assert states(tables) == [("index > 80", "resolved", None)]
    (said,) = json.loads(endpoint.got[0].body)["data"]["alerts"]
    assert (said["value"], said["about"], said["reading"]["index"]) == (85.0, "Look at it.", 85.0)
    assert said["reading"]["contributions"] == {"credit": 21.25, "equity": 63.75}
    events: Any = clean_redis.xrange("esi:live:alerts")
    assert [json.loads(fields[b"alert"])["state"] for _, fields in events] == ["alerting", "resolved"]


async def test_history_and_runs_page_nobody(
    redis_server: servers.Redis,
    clean_redis: redis.Redis,
    tables: str,
    endpoint: Endpoint,
    certificates: Certificates,
) -> None:
    old, run = Live(clean_redis), Live(clean_redis, "live~r1")
    add_receiver(tables, "desk", kind="webhook", url=endpoint.url, keys=[WHSEC])
    add_rule(tables, "live", when="index > 80")
    old.give(90.0, now_us() - 3_600_000_000)
    old.give(10.0, now_us() - 3_599_000_000)
    old.give(90.0, now_us() - 3_598_000_000)
    run.give(90.0)
    async with alerting(redis_server.url, tables, ca_file=certificates.authority):
        await until(lambda: len(states(tables)) == 3)
        old.give(10.0)
        await until(lambda: states(tables)[1][1] == "resolved")
        old.give(95.0)
        await until(lambda: len(told(endpoint)) == 1)
    assert sorted(states(tables), key=str) == [
        ("index > 80", "alerting", "run"),
        ("index > 80", "alerting", None),
        ("index > 80", "resolved", "old"),
        ("index > 80", "resolved", "old"),
    ]


async def test_a_flow_that_falls_silent_pages_and_its_return_resolves(
    redis_server: servers.Redis,
    clean_redis: redis.Redis,
    tables: str,
    endpoint: Endpoint,
    certificates: Certificates,
) -> None:
    market = Live(clean_redis)
    add_receiver(tables, "desk", kind="webhook", url=endpoint.url, keys=[WHSEC])
    add_rule(tables, "live", name="silent", kind="absence", window="1s", severity="critical")
    async with alerting(redis_server.url, tables, ca_file=certificates.authority):
        market.give(50.0)
        await until(lambda: told(endpoint) == [("esi.alerts", "silent", "alerting")])
        market.give(50.0)
        await until(lambda: len(told(endpoint)) == 2)
    assert told(endpoint)[1] == ("esi.alerts", "silent", "resolved")


async def test_an_alert_never_ends_before_it_began(
    redis_server: servers.Redis, clean_redis: redis.Redis, tables: str
) -> None:
    """A silence begins by the wall clock; what ends it may be a reading that a flow makes up for."""
    market = Live(clean_redis)
    add_rule(tables, "live", name="silent", kind="absence", window="1s")
    async with alerting(redis_server.url, tables):
        at = market.give(50.0)
        await until(lambda: states(tables) == [("silent", "alerting", None)])
        market.give(50.0, at + 1_000)
        await until(lambda: states(tables) == [("silent", "resolved", None)])
    assert rows(tables, "SELECT ended_at >= began_at FROM alerts") == [(True,)]


async def test_what_waits_is_read_before_a_market_is_called_silent(
    redis_server: servers.Redis, clean_redis: redis.Redis, tables: str
) -> None:
    """An evaluator that was away for longer than the window would else page a flow that is well."""
    market, now = Live(clean_redis), time.time_ns()
    market.give(50.0, now_us() - 60_000_000, sent_ns=now - 60_000_000_000)
    async with alerting(redis_server.url, tables):
        await until(lambda: rows(tables, "SELECT 1 FROM alert_streams"))
    add_rule(tables, "live", name="silent", kind="absence", window="1s")
    market.give(50.0, sent_ns=now + 60_000_000_000)
    async with alerting(redis_server.url, tables) as metrics:
        await until(lambda: value(metrics, "esi_alerts_readings_total", market="live") == 1)
        await asyncio.sleep(1.0)
    assert states(tables) == []


async def test_a_flow_that_never_says_anything_pages(
    redis_server: servers.Redis, clean_redis: redis.Redis, tables: str
) -> None:
    Live(clean_redis)
    add_rule(tables, "live", name="silent", kind="absence", window="1s", severity="critical")
    async with alerting(redis_server.url, tables):
        await until(lambda: states(tables) == [("silent", "alerting", None)])


async def test_a_flow_that_is_dead_pages_also_where_redis_forgot_it(
    redis_server: servers.Redis, clean_redis: redis.Redis, tables: str
) -> None:
    market = Live(clean_redis)
    add_rule(tables, "live", name="silent", kind="absence", window="2s", severity="critical")
    async with alerting(redis_server.url, tables) as metrics:
        market.give(50.0)
        await until(lambda: value(metrics, "esi_alerts_readings_total", market="live") == 1)
        clean_redis.flushdb()
        add_rule(tables, "live", name="another", when="index > 80")  # rules are read anew, and the card is not lost
        await until(lambda: states(tables) == [("silent", "alerting", None)])
        Live(clean_redis).give(90.0)
        await until(lambda: {(rule, state) for rule, state, _ in states(tables)} == BACK)


BACK = {("silent", "resolved"), ("another", "alerting")}


async def test_details_of_finals_are_seen(redis_server: servers.Redis, clean_redis: redis.Redis, tables: str) -> None:
    market = Live(clean_redis)
    add_rule(tables, "live", when='indicators["Volatility"].score > 0.9 and segment_correlation.mean > 0.9')
    async with alerting(redis_server.url, tables):
        market.give(50.0, final=True, score=0.5)
        market.give(50.0, final=True, score=0.95)
        await until(lambda: len(states(tables)) == 1)


async def test_what_redis_no_longer_has_is_read_from_the_archive(
    redis_server: servers.Redis, clean_redis: redis.Redis, tables: str
) -> None:
    market, begin = Live(clean_redis), now_us() - 600_000_000
    add_rule(tables, "live", when="index > 80")
    for n, index in enumerate([10.0, 90.0, 10.0, 20.0, 30.0]):
        market.give(index, begin + n * 1_000_000)
    entries: Any = clean_redis.xrange("esi:live:readings")
    for name, fields in entries[:4]:
        ms, seq = parse_id(name)
        rows(
            tables,
            "INSERT INTO readings VALUES ('live', now(), %s, %s, false, 1, 1, 1, %s, 1) RETURNING 1",
            ms, seq, fields[b"reading"],
        )  # fmt: skip
    clean_redis.xtrim("esi:live:readings", maxlen=2, approximate=False)
    async with alerting(redis_server.url, tables) as metrics:
        await until(lambda: value(metrics, "esi_alerts_readings_total", market="live") == 5)
    assert states(tables) == [("index > 80", "resolved", None)]


async def test_a_changed_rule_ends_the_alerts_of_its_former_version(
    redis_server: servers.Redis, clean_redis: redis.Redis, tables: str
) -> None:
    market = Live(clean_redis)
    add_rule(tables, "live", name="r", when="index > 80")
    async with alerting(redis_server.url, tables):
        market.give(90.0)
        await until(lambda: states(tables) == [("r", "alerting", None)])
        rows(tables, 'UPDATE alert_rules SET version = 2, rule = rule || \'{"when": "index > 95"}\' RETURNING 1')
        rows(tables, "UPDATE alert_rulebook SET version = version + 1 RETURNING 1")
        await until(lambda: states(tables) == [("r", "resolved", None)])
        market.give(96.0)
        await until(lambda: len(states(tables)) == 2)


async def test_only_one_evaluates(redis_server: servers.Redis, clean_redis: redis.Redis, tables: str) -> None:
    market = Live(clean_redis)
    add_rule(tables, "live", when="index > 80")
    async with alerting(redis_server.url, tables) as first:
        await until(lambda: value(first, "esi_alerts_evaluating") == 1)
        async with alerting(redis_server.url, tables) as second:
            market.give(90.0)
            await until(lambda: len(states(tables)) == 1)
            await asyncio.sleep(0.5)
            assert value(second, "esi_alerts_readings_total", market="live") == 0
