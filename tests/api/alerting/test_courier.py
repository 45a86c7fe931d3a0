"""Deliveries to real servers, from a real outbox."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest
import redis
from psycopg import AsyncConnection
from standardwebhooks import Webhook as Reference

from api.alerting import outbox
from api.alerting.config import AlertsConfig
from api.alerting.courier import Courier
from api.alerting.metrics import Metrics
from api.alerting.sender import Sender
from api.alerting.vault import Vault, new_key
from tests import servers
from tests.api.alerting.conftest import WHSEC, add_receiver, alerting, rows, until, value
from tests.api.alerting.endpoint import Certificates, Endpoint, answer
from tests.api.alerting.receivers.made import message


async def put(url: str, count: int, name: str = "desk", first: int = 0) -> None:
    """Puts messages of different groups into the outbox of a receiver."""
    ((target,),) = rows(url, "SELECT id FROM alert_receivers WHERE name = %s", name)
    async with await AsyncConnection.connect(url) as connection:
        for n in range(first, first + count):
            one = msgspec.structs.replace(message(market=f"m{n}"), id=f"msg_{name}{n}")
            await outbox.enqueue(connection, UUID(str(target)), one, datetime.now(UTC))


def state(url: str) -> Counter[str]:
    return Counter(row[0] for row in rows(url, "SELECT state FROM alert_outbox"))


@pytest.fixture
def desk(tables: str, endpoint: Endpoint) -> str:
    add_receiver(tables, "desk", kind="webhook", url=f"{endpoint.url}/hook", keys=[WHSEC])
    return tables


async def test_what_fails_for_a_while_is_tried_again_with_the_same_id(
    redis_server: servers.Redis, clean_redis: redis.Redis, desk: str, endpoint: Endpoint, certificates: Certificates
) -> None:
    assert clean_redis.ping()
    told = [answer(500, b"<html>"), b"", answer(429, retry_after="1"), answer(200, b"ok")]
    endpoint.answerer = lambda n, _got: told[min(n, 3)]
    await put(desk, 1)
    async with alerting(redis_server.url, desk, ca_file=certificates.authority, evaluates=False) as metrics:
        await until(lambda: state(desk) == {"sent": 1})
        assert value(metrics, "esi_alerts_deliveries_total", receiver="desk", outcome="again") == 3
    assert {got.headers["webhook-id"] for got in endpoint.got} == {"msg_desk0"}
    assert endpoint.got[3].at - endpoint.got[2].at >= 1.0, "Retry-After is honoured"
    for got in endpoint.got:
        assert Reference(WHSEC).verify(got.body.decode(), dict(got.headers))
    log = rows(desk, "SELECT attempt, outcome, status, response, latency_ms > 0 FROM alert_deliveries ORDER BY number")
    assert [row[:3] for row in log] == [(1, "again", 500), (2, "again", None), (3, "again", 429), (4, "sent", 200)]
    assert log[0][3:] == ("<html>", True)
    assert "whsec" not in str(rows(desk, "SELECT * FROM alert_deliveries"))


async def test_what_cannot_succeed_is_a_dead_letter_until_somebody_sends_it_again(
    redis_server: servers.Redis, clean_redis: redis.Redis, desk: str, endpoint: Endpoint, certificates: Certificates
) -> None:
    assert clean_redis.ping()
    endpoint.answerer = lambda _n, _got: answer(400, b"no")
    await put(desk, 2)
    async with alerting(redis_server.url, desk, ca_file=certificates.authority, evaluates=False):
        await until(lambda: state(desk) == {"dead": 2})
        assert len(endpoint.got) == 2
        endpoint.answerer = lambda _n, _got: answer(200)
        async with await AsyncConnection.connect(desk) as connection:
            assert await outbox.redeliver(connection, None, "desk") == 2
        await until(lambda: state(desk) == {"sent": 2})


async def test_a_receiver_that_never_answers_is_given_up_and_holds_nobody_else_up(
    redis_server: servers.Redis, clean_redis: redis.Redis, desk: str, endpoint: Endpoint, certificates: Certificates
) -> None:
    assert clean_redis.ping()
    add_receiver(desk, "gone", kind="webhook", url=f"https://localhost:{servers.free_port()}/", keys=[WHSEC])
    await put(desk, 3, "gone")
    await put(desk, 3)
    async with alerting(redis_server.url, desk, ca_file=certificates.authority, evaluates=False, breaks_after=2):
        await until(lambda: len(endpoint.got) == 3)
        await until(lambda: state(desk) == {"sent": 3, "dead": 3}, 40)
    ((attempts,),) = rows(desk, "SELECT max(attempts) FROM alert_outbox WHERE state = 'dead'")
    assert attempts == 4, "one and three repetitions"


async def test_a_webhook_that_is_gone_is_disabled(
    redis_server: servers.Redis, clean_redis: redis.Redis, desk: str, endpoint: Endpoint, certificates: Certificates
) -> None:
    assert clean_redis.ping()
    endpoint.answerer = lambda _n, _got: answer(410)
    await put(desk, 1)
    async with alerting(redis_server.url, desk, ca_file=certificates.authority, evaluates=False):
        await until(lambda: rows(desk, "SELECT enabled FROM alert_receivers") == [(False,)])
        await put(desk, 1, first=1)
        await asyncio.sleep(0.7)
    assert state(desk) == {"dead": 1, "waiting": 1}
    assert len(endpoint.got) == 1


async def test_secrets_under_another_key_are_told_and_wait(
    redis_server: servers.Redis, clean_redis: redis.Redis, desk: str, endpoint: Endpoint, certificates: Certificates
) -> None:
    assert clean_redis.ping()
    await put(desk, 1)
    other = {"ca_file": certificates.authority, "evaluates": False, "keys": (new_key(),), "retry_s": (0.1, 600.0)}
    async with alerting(redis_server.url, desk, **other):
        await until(lambda: len(rows(desk, "SELECT 1 FROM alert_deliveries")) == 2)
    assert state(desk) == {"waiting": 1}
    ((fault,),) = rows(desk, "SELECT fault FROM alert_outbox")
    assert "written under another key" in fault
    assert endpoint.got == []


async def test_two_processes_tell_everything_once(
    redis_server: servers.Redis, clean_redis: redis.Redis, desk: str, endpoint: Endpoint, certificates: Certificates
) -> None:
    assert clean_redis.ping()
    settings: dict[str, Any] = {"ca_file": certificates.authority, "evaluates": False}
    async with alerting(redis_server.url, desk, **settings), alerting(redis_server.url, desk, **settings):
        await put(desk, 300)
        await until(lambda: state(desk) == {"sent": 300}, 40)
    heard = Counter(json.loads(got.body)["data"]["market"] for got in endpoint.got)
    assert len(heard) == 300
    assert set(heard.values()) == {1}
    assert len({got.headers["webhook-id"] for got in endpoint.got}) == 300


async def test_postgres_that_goes_away_is_waited_for(
    redis_server: servers.Redis,
    clean_redis: redis.Redis,
    own_postgres: servers.Postgres,
    endpoint: Endpoint,
    certificates: Certificates,
) -> None:
    from api.archive.schema import migrate

    assert clean_redis.ping()
    migrate(own_postgres.url)
    add_receiver(own_postgres.url, "desk", kind="webhook", url=endpoint.url, keys=[WHSEC])
    async with alerting(redis_server.url, own_postgres.url, ca_file=certificates.authority) as metrics:
        await until(lambda: value(metrics, "esi_alerts_evaluating") == 1)
        await asyncio.to_thread(own_postgres.restart)
        await put(own_postgres.url, 3)
        await until(lambda: state(own_postgres.url) == {"sent": 3}, 40)
        await until(lambda: value(metrics, "esi_alerts_evaluating") == 1)
    assert value(metrics, "esi_alerts_errors_total", reason="postgres_away") >= 1


async def test_a_stop_that_comes_with_a_delivery_is_heard(tables: str, certificates: Certificates) -> None:
    """Python 3.11's `wait_for` forgets a cancellation that comes in the moment in which what it waits for is there."""
    config = AlertsConfig("redis://nowhere", tables, keys=(new_key(),), ca_file=certificates.authority)
    wake = asyncio.Event()

    async def no_chart(_market: str) -> None:
        return None

    async with Sender(config, no_chart) as sender:
        courier = Courier(config, sender, Vault(config.keys), Metrics(), wake)
        work = asyncio.create_task(courier.run())
        await asyncio.sleep(1)
        wake.set()
        await asyncio.sleep(0)  # the waiter knows, its waiter does not
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(work, 5)
