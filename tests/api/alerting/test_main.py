"""The alerts process: its page, how it ends, and what `kill -9` at random points leaves."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
import redis

from api.alerting.config import AlertsConfig
from api.alerting.main import run
from api.alerting.relay import KEPT
from api.alerting.vault import VaultError
from api.archive.schema import SchemaError, migrate
from tests import servers
from tests.api.alerting.conftest import KEY, WHSEC, AlertsProcess, add_receiver, add_rule, rows
from tests.api.alerting.endpoint import Certificates, Endpoint, Got, answer
from tests.api.alerting.live import Live

KILLS = int(os.environ.get("ESI_TEST_KILLS", "20"))


def _ids(endpoint: Endpoint) -> Counter[tuple[str, str]]:
    """How often each (alert, state) was taken in by a receiver that knows a message again by its id."""
    bodies = {got.headers["webhook-id"]: got.body for got in endpoint.got if got.headers.get("x-taken") == "1"}
    told = [alert for body in bodies.values() for alert in json.loads(body)["data"]["alerts"]]
    return Counter((alert["id"], alert["state"]) for alert in told)


def _another_is_delivered(process: AlertsProcess) -> None:
    told = process.count("delivered")
    try:
        servers.wait_until(lambda: process.count("delivered") > told, 60)
    except TimeoutError:
        pytest.fail(f"nothing was delivered for a minute; the process said last: {process.text()[-3_000:]}")


@contextmanager
def giving(market: Live) -> Iterator[None]:
    """Readings that rise above 80 and fall again, until the block ends; the last one is low."""
    done = threading.Event()

    def write() -> None:
        number = 0
        while not done.wait(0.05):
            market.give(90.0 if number % 6 == 3 else 50.0 if number % 6 == 0 else 75.0)
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        done.set()
        writer.join()
        market.give(50.0)


@pytest.mark.timeout(180 + 60 * KILLS)
def test_kills_at_random_points_lose_no_alert_and_tell_each_once_by_id(
    redis_server: servers.Redis,
    clean_redis: redis.Redis,
    tables: str,
    endpoint: Endpoint,
    certificates: Certificates,
    alerts_process: Callable[..., AlertsProcess],
) -> None:
    chance = random.Random(20261126)
    market = Live(clean_redis)
    add_receiver(tables, "desk", kind="webhook", url=f"{endpoint.url}/hook", keys=[WHSEC])
    add_rule(tables, "live", name="odd", when="index > 80", until="index < 70", severity="critical")
    add_rule(tables, "live", name="window", when="index > max(index, 1h) - 1 and index > 80")

    def answered(_number: int, got: Got) -> bytes:
        if chance.random() < 0.2:
            return answer(503)
        got.headers["x-taken"] = "1"
        return answer(200, b"ok")

    endpoint.answerer = answered
    process = alerts_process(
        redis_url=redis_server.url,
        postgres_url=tables,
        ca_file=str(certificates.authority),
        retry_s=[0.05] * 60,
        breaks_after=1_000,
        old_s=86_400.0,  # many kills on a busy machine leave it far behind
    )
    with giving(market):
        for kill in range(KILLS):
            process.start()
            servers.wait_until(lambda: process.count("alerts") > kill, 120)  # noqa: B023  # asked at once
            if chance.random() < 0.7:  # in the midst of deliveries; else while it starts
                told = process.count("delivered")
                servers.wait_until(lambda: process.count("delivered") > told, 60)  # noqa: B023  # asked at once
            time.sleep(chance.random() * 0.5)
            process.kill()
    assert process.count("alerts") == KILLS
    process.start()
    last = clean_redis.xrevrange("esi:live:readings", count=1)[0][0].decode()  # type: ignore[index]

    def at_the_end() -> bool:
        ((ms, seq),) = rows(tables, "SELECT last_ms, last_seq FROM alert_streams")
        waiting = rows(tables, "SELECT count(*) FROM alert_outbox WHERE state = 'waiting'")
        return (f"{ms}-{seq}", waiting) == (last, [(0,)])

    servers.wait_until(at_the_end, 60)
    episodes = rows(tables, "SELECT id, state, unsent FROM alerts")
    given: list[tuple[bytes, dict[bytes, bytes]]] = clean_redis.xrange("esi:live:readings")  # type: ignore[assignment]
    highs = sum(json.loads(fields[b"reading"])["index"] == 90.0 for _, fields in given)
    assert highs > 0
    odd = rows(tables, "SELECT count(*) FROM alerts WHERE rule = 'odd'")
    assert odd == [(highs,)], "none is missed, none is double"
    assert {row[1:] for row in episodes} == {("resolved", None)}
    assert _ids(endpoint) == Counter({(row[0], state): 1 for row in episodes for state in ("alerting", "resolved")})
    numbers = [number for (number,) in rows(tables, "SELECT number FROM alert_events ORDER BY number")]
    assert len(numbers) == 2 * len(episodes)

    def relayed() -> list[int]:
        entries: list[tuple[bytes, dict[bytes, bytes]]] = clean_redis.xrange("esi:live:alerts")  # type: ignore[assignment]
        return [int(identity.partition(b"-")[0]) for identity, _ in entries]

    servers.wait_until(lambda: relayed()[-1] == numbers[-1])
    kept = relayed()
    assert len(kept) >= min(len(numbers), KEPT), "after many kills the stream has only the newest of them"
    assert kept == numbers[-len(kept) :]


def test_sigterm_ends_it_within_two_seconds_even_if_a_receiver_hangs(
    redis_server: servers.Redis,
    clean_redis: redis.Redis,
    tables: str,
    endpoint: Endpoint,
    certificates: Certificates,
    alerts_process: Callable[..., AlertsProcess],
) -> None:
    endpoint.pause_s = 30.0
    market = Live(clean_redis)
    add_receiver(tables, "desk", kind="webhook", url=endpoint.url, keys=[WHSEC])
    add_rule(tables, "live", when="index > 80")
    process = alerts_process(
        redis_url=redis_server.url, postgres_url=tables, ca_file=str(certificates.authority), timeout_s=60.0
    )
    process.start()
    market.give(90.0)
    servers.wait_until(lambda: len(endpoint.got) == 1)
    asked = time.monotonic()
    assert process.send(signal.SIGTERM) == 0
    assert time.monotonic() - asked < 2.5
    endpoint.pause_s = 0.0
    process.start()
    servers.wait_until(lambda: rows(tables, "SELECT state FROM alert_outbox") == [("sent",)], 30)


def test_serves_its_metrics_and_shows_no_secret(
    redis_server: servers.Redis, clean_redis: redis.Redis, tables: str, alerts_process: Callable[..., AlertsProcess]
) -> None:
    assert clean_redis.ping()
    process = alerts_process(redis_url=redis_server.url, postgres_url=tables, metrics_port=0)
    process.start()
    servers.wait_until(lambda: process.count("alerts") == 1)
    url = next(line["metrics"] for line in process.lines() if line["event"] == "alerts")

    def page() -> str:
        with urllib.request.urlopen(url, timeout=5) as found:  # our own page
            return str(found.read().decode())

    servers.wait_until(lambda: "esi_alerts_evaluating 1.0" in page())
    assert KEY not in process.text()
    assert process.send(signal.SIGINT) == 0


def test_a_database_of_a_later_version_or_a_wrong_key_ends_it(redis_server: servers.Redis, database: str) -> None:
    migrate(database)
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaError, match="later version"):
        run(AlertsConfig(redis_server.url, database, metrics_port=None))
    with pytest.raises(VaultError):
        run(AlertsConfig(redis_server.url, database, keys=("x",), metrics_port=None))
