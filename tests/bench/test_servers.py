"""One broker serves one benchmark after the other, and none of them finds what another has left."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from confluent_kafka.admin import AdminClient

from bench import servers
from bench.case import AbsentPartError
from dataflows import kafka as clients
from tests.conftest import present


@pytest.fixture
def ended() -> Iterator[None]:
    yield
    servers.end_broker()


@pytest.mark.usefixtures("ended")
def test_the_next_benchmark_gets_the_same_broker_without_topics() -> None:
    with present(), servers.broker() as first:
        clients.ensure_topic(first.bootstrap, "left", 4)
    with servers.broker() as second:
        assert second is first
        assert clients.ensure_topic(second.bootstrap, "left", 7) == 7
        clients.producer(second.bootstrap).flush(1)
    servers.end_broker()
    with pytest.raises(Exception, match="_TRANSPORT"):
        AdminClient({"bootstrap.servers": second.bootstrap, "log_level": 0}).list_topics(timeout=1)


def test_a_machine_without_kafka_skips(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(self: servers.servers.Kafka) -> None:
        raise servers.servers.AbsentError("no java")

    monkeypatch.setattr(servers.servers.Kafka, "start", missing)
    with pytest.raises(AbsentPartError, match="no java"), servers.broker():
        pass
