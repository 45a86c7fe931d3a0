"""Topics, clients and committed progress, on Apache Kafka and on the embedded broker."""

from __future__ import annotations

import pytest
from confluent_kafka import KafkaError, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

from dataflows import kafka as clients
from dataflows.config import FlowError
from dataflows.kafka import Progress
from tests import servers


@pytest.fixture(params=["kafka", "mock_broker"])
def bootstrap(request: pytest.FixtureRequest) -> str:
    """Address of one kind of broker."""
    return str(request.getfixturevalue(request.param).bootstrap)


def test_a_topic_is_made_once_and_its_partitions_told(bootstrap: str, unique_name: str) -> None:
    assert clients.ensure_topic(bootstrap, unique_name, 4) == 4
    assert clients.ensure_topic(bootstrap, unique_name, 9) == 4


def test_old_event_times_do_not_age_records(kafka: servers.Kafka, unique_name: str) -> None:
    assert clients.ensure_topic(kafka.bootstrap, unique_name, 3) == 3
    resource = ConfigResource(ResourceType.TOPIC, unique_name)
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    settings = admin.describe_configs([resource])[resource].result(10)
    assert settings["message.timestamp.type"].value == "LogAppendTime"


def test_no_broker_is_said_with_what_to_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "CALL_S", 0.5)
    with pytest.raises(FlowError, match=r"no Kafka broker answers at 127\.0\.0\.1:\d+ .*ESI_KAFKA_URL"):
        clients.ensure_topic(f"127.0.0.1:{servers.free_port()}", "t", 1, retry_s=0)


def test_progress_is_committed_and_read_back(bootstrap: str, unique_name: str) -> None:
    clients.ensure_topic(bootstrap, unique_name, 4)
    reader = clients.consumer(bootstrap, unique_name)
    assert clients.progress(reader, unique_name, 4) == [Progress(-1, None, None)] * 4
    told = [Progress(7, 1_000, 900, "i"), Progress(0, None, None, "i")]
    for partition, progress in enumerate(told):
        progress.commit(reader, unique_name, partition)
    nothing = Progress(-1, None, None)
    wanted = [*told, nothing, nothing]
    servers.wait_until(lambda: clients.progress(reader, unique_name, 4) == wanted, 10, "the commits")
    assert clients.progress(reader, unique_name, 4) == wanted
    reader.close()


def test_a_lost_offset_is_an_error_and_no_jump(bootstrap: str, unique_name: str) -> None:
    clients.ensure_topic(bootstrap, unique_name, 4)
    sender = clients.producer(bootstrap)
    sender.produce(unique_name, b"x", partition=0)
    assert sender.flush(10) == 0
    reader = clients.consumer(bootstrap, unique_name)
    reader.assign([TopicPartition(unique_name, 0, 1000)])
    (message,) = reader.consume(1, 10)
    error = message.error()
    assert error is not None
    assert error.code() == KafkaError._AUTO_OFFSET_RESET
    reader.close()


def test_a_record_of_eight_megabytes_goes_through(kafka: servers.Kafka, unique_name: str) -> None:
    clients.ensure_topic(kafka.bootstrap, unique_name, 1)
    raw = bytes(8_000_000)
    sender = clients.producer(kafka.bootstrap)
    sender.produce(unique_name, raw, partition=0)
    assert sender.flush(20) == 0
    reader = clients.consumer(kafka.bootstrap, unique_name)
    reader.assign([TopicPartition(unique_name, 0, 0)])
    (message,) = reader.consume(1, 20)
    assert message.value() == raw
    reader.close()
