"""What partitions share is made once, and closed with the last of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from confluent_kafka import Consumer

from dataflows.config import FlowConfig
from dataflows.desk import Desk
from tests import servers
from tests.dataflows import tape


def desk(bootstrap: str, **more: object) -> Desk:
    return Desk(FlowConfig("f", (tape.market("f"),), bootstrap, "unused", Path("state"), **more))  # type: ignore[arg-type]


def test_each_thing_is_made_once(mock_broker: servers.MockBroker) -> None:
    made = desk(mock_broker.bootstrap, incarnation="i")
    assert made.reader is made.reader
    assert made.letters is made.letters
    assert made.incarnation == "i"
    assert "mockCluster" in desk(mock_broker.bootstrap).incarnation


@pytest.mark.parametrize(("more", "waits"), [({}, True), ({"workers": 2}, False), ({"addresses": ("a:1",)}, False)])
def test_only_a_worker_that_is_alone_waits_for_its_own(more: dict[str, object], waits: bool) -> None:
    assert (desk("unused", **more).door is not None) == waits


def test_the_last_partition_closes_the_client(mock_broker: servers.MockBroker, monkeypatch: pytest.MonkeyPatch) -> None:
    made = desk(mock_broker.bootstrap)
    closed: list[Consumer] = []
    reader = made.reader
    monkeypatch.setitem(made.__dict__, "reader", type("Reader", (), {"close": lambda _: closed.append(reader)})())
    made.enter()
    made.enter()
    made.leave()
    assert closed == []
    made.leave()
    assert closed == [reader]
    reader.close()
