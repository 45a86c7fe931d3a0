"""One flow on several hosts: the bytes of one worker, whoever falls, whatever is unplugged, however many they are."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest
import redis

from tests import servers
from tests.conftest import present
from tests.dataflows import tape as tapes
from tests.dataflows.flows import Flow, produce, published, wait_for
from tests.hosts import Hosts

Streams = dict[str, list[tuple[str, bytes]]]
Tape = list[list[tapes.Record]]


class Member(Flow):
    """One host's process of a flow, with what keeps it running."""

    def on(self, prefix: list[str]) -> Member:
        """Runs it on a host."""
        self._command[:0] = prefix
        return self

    def worker(self) -> psutil.Process:
        """The process that works; the other one keeps it running."""
        assert self.process is not None
        (found,) = psutil.Process(self.process.pid).children()
        return found

    def started(self) -> int:
        """How often its work has begun."""
        return self.log.count('"all_connected"')


@pytest.fixture(scope="module")
def hosts() -> Iterator[Hosts]:
    with ExitStack() as stack:
        try:
            made = stack.enter_context(Hosts())
        except servers.AbsentError as error:
            pytest.skip(str(error))  # no package can mend that; two loopback addresses are tried below
        yield made


@pytest.fixture(scope="module")
def away(hosts: Hosts) -> Iterator[tuple[servers.Kafka, servers.Redis]]:
    """Servers that both hosts reach."""
    with present(), servers.Kafka(hosts.server, thrifty=True) as kafka, servers.Redis(host=hosts.server) as store:
        yield kafka, store


PATIENCE_S = 120
"""Two hosts fall and rise on cores that others use as well."""


@contextmanager
def members(
    folder: Path,
    feed: str,
    kafka: servers.Kafka,
    store: servers.Redis,
    addresses: list[str],
    hosts: Hosts | None = None,
) -> Iterator[list[Member]]:
    """A running flow on so many hosts, each with a data folder of its own."""
    made = []
    for number in range(len(addresses)):
        args = ["--addresses", ",".join(addresses), "--process-id", str(number)] if len(addresses) > 1 else []
        own = folder / str(number)
        own.mkdir(exist_ok=True)
        made.append(Member(own, feed, kafka.bootstrap, store.url, *args))
        if hosts is not None:
            made[-1].on(hosts.prefix(number))
    with ExitStack() as stack:
        yield [stack.enter_context(member) for member in made]


def halves(tape: Tape) -> tuple[Tape, Tape]:
    return [part[: len(part) // 2] for part in tape], [part[len(part) // 2 :] for part in tape]


def kafka_bytes(tape: Tape) -> int:
    return sum(len(record.raw) for part in tape for record in part)


@pytest.mark.timeout(600)
def test_two_hosts_publish_the_bytes_of_one_worker_though_one_falls_and_the_cable_is_pulled(
    hosts: Hosts, away: tuple[servers.Kafka, servers.Redis], tmp_path: Path, unique_name: str
) -> None:
    kafka, store = away
    tape = tapes.records(tapes.rows(90), "mixed", seed=7)
    want, _ = tapes.expected(unique_name, tape)
    first, last = halves(tape)
    addresses = [f"{address}:7801" for address in hosts.addresses]
    with store.client() as client, members(tmp_path, unique_name, kafka, store, addresses, hosts) as both:
        client.flushall()
        produce(kafka.bootstrap, unique_name, first)
        half, _ = tapes.expected(unique_name, first)
        wait_for(client, half, both[0], PATIENCE_S)
        assert published(client) == half

        # the stranger falls: the other goes down with it, and both come back
        both[1].worker().send_signal(signal.SIGKILL)
        servers.wait_until(lambda: min(member.started() for member in both) == 2, PATIENCE_S, both[0].log[-2000:])

        with hosts.pulled():
            down = [member.worker().pid for member in both]
            servers.wait_until(
                lambda: not any(psutil.pid_exists(pid) for pid in down), PATIENCE_S, "the hosts to notice"
            )
        servers.wait_until(lambda: min(member.started() for member in both) == 3, PATIENCE_S, both[0].log[-2000:])

        produce(kafka.bootstrap, unique_name, last)
        wait_for(client, want, both[0], PATIENCE_S)
        assert published(client) == want
        assert [path.name for path in (tmp_path / "1" / "flows").rglob("*.sqlite3")] == [], (
            "all state is with the first"
        )
        assert both[0].stop()[0] == both[1].stop()[0] == 0


@pytest.mark.timeout(300)
def test_ticks_stay_where_they_are_read(
    hosts: Hosts, away: tuple[servers.Kafka, servers.Redis], tmp_path: Path, unique_name: str
) -> None:
    """What passes the cable are bars and saves: with thirty times the ticks it is about the same."""
    kafka, store = away
    addresses = [f"{address}:7802" for address in hosts.addresses]
    carried = []
    for number, per_second in enumerate((60, 1_800)):
        feed = f"{unique_name}-{number}"
        tape = tapes.records(tapes.rows(60, per_second=per_second), "arrow")
        want, _ = tapes.expected(feed, tape)
        produce(kafka.bootstrap, feed, tape)
        with store.client() as client:
            client.flushall()
            before = hosts.carried()
            folder = tmp_path / str(number)
            folder.mkdir()
            with members(folder, feed, kafka, store, addresses, hosts) as both:
                wait_for(client, want, both[0], 60)
                assert published(client) == want
            carried.append((kafka_bytes(tape), hosts.carried() - before))
    (few, light), (many, heavy) = carried
    assert many > 20 * few
    assert heavy < 3 * light, carried


def _free(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


@pytest.mark.timeout(300)
def test_one_then_three_then_two_processes_are_one_stream(
    kafka: servers.Kafka, redis_server: servers.Redis, clean_redis: redis.Redis, tmp_path: Path, unique_name: str
) -> None:
    """Rescaled by stopping, changing the number and starting; each process has a loopback address of its own."""
    tape = tapes.records(tapes.rows(90), "mixed", seed=9)
    want, _ = tapes.expected(unique_name, tape)
    done = 0
    for step, count in enumerate((1, 3, 2), 1):
        upto = [part[len(part) * done // 3 : len(part) * step // 3] for part in tape]
        produce(kafka.bootstrap, unique_name, upto)
        done = step
        sofar, _ = tapes.expected(unique_name, [part[: len(part) * step // 3] for part in tape])
        addresses = [f"127.0.0.{number + 2}:{_free(f'127.0.0.{number + 2}')}" for number in range(count)]
        with members(tmp_path, unique_name, kafka, redis_server, addresses) as several:
            wait_for(clean_redis, sofar, several[0], 60)
            assert published(clean_redis) == sofar
            for member in several:
                assert member.process is not None
                os.kill(member.process.pid, signal.SIGTERM)
            assert [member.process.wait(20) for member in several if member.process] == [0] * count
    assert published(clean_redis) == want
