"""Control records come to stand on partition 0, or a sentence says why not."""

from __future__ import annotations

import pytest

from dataflows import kafka as clients
from dataflows.config import FlowError
from dataflows.sources.control import send
from schemas import names
from schemas.control import MODEL_PROMOTED, NOTE, Control
from schemas.control_wire import decode_control
from tests import servers
from tests.dataflows.topics import PARTITIONS, contents


@pytest.mark.parametrize("kind", ["kafka", "mock_broker"])
def test_records_stand_on_partition_0_in_their_order(
    kind: str, request: pytest.FixtureRequest, unique_name: str
) -> None:
    bootstrap = request.getfixturevalue(kind).bootstrap
    topic = names.ticks_topic(unique_name)
    assert clients.ensure_topic(bootstrap, topic, PARTITIONS) == PARTITIONS
    orders = [Control(MODEL_PROMOTED, "lstm", "1"), Control(NOTE, "desk", "early close", "us")]
    assert [send(bootstrap, unique_name, order) for order in orders] == [0, 1]
    found = contents(bootstrap, topic)
    assert [decode_control(record.raw) for record in found[0]] == orders
    assert {record.kind for record in found[0]} == {names.CONTROL_JSON}
    assert found[1:] == [[]] * (PARTITIONS - 1)


def test_a_feed_that_nobody_reads_is_named_with_those_there_are(
    mock_broker: servers.MockBroker, unique_name: str
) -> None:
    clients.ensure_topic(mock_broker.bootstrap, names.ticks_topic(unique_name), PARTITIONS)
    with pytest.raises(FlowError, match=f"feed 'nobodys' has no topic .*feeds there: .*{unique_name}"):
        send(mock_broker.bootstrap, "nobodys", Control(NOTE, "desk", "x"))


def test_no_broker_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "CALL_S", 0.5)
    with pytest.raises(FlowError, match="no Kafka broker answers at"):
        send(f"127.0.0.1:{servers.free_port()}", "f", Control(NOTE, "desk", "x"))
