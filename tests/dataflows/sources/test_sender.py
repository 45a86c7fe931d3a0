"""Pacing and resuming, on the embedded broker that forgets and on Apache Kafka."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from confluent_kafka import KafkaError, TopicPartition

from dataflows import kafka as clients
from dataflows.sources import sender as module
from dataflows.sources.control import send as send_control
from dataflows.sources.sender import BUDGET, Sender, SenderConfig, Stopped
from schemas import names
from schemas.control import NOTE, Control
from tests import servers
from tests.dataflows.topics import PARTITIONS, Follower, contents

KIND = names.TICKS_JSON


def after(seconds: float) -> Callable[[], bool]:
    """Asks to stop after some seconds."""
    end = time.monotonic() + seconds
    return lambda: time.monotonic() > end


def body(number: int, size: int) -> bytes:
    return b"%08d" % number + b"x" * (size - 8)


def fill(sender: Sender, count: int, size: int) -> None:
    """Sends into partition 0 until there is no room and the sender is asked to stop."""

    def send() -> None:
        for number in range(count):
            sender.send(0, body(number, size), KIND, number)

    with pytest.raises(Stopped):
        send()
    assert sender._producer.flush(10) == 0


def oldest(bootstrap: str, feed: str, partition: int = 0) -> tuple[int, int]:
    """First offset that the broker still has, and the next one."""
    reader = clients.consumer(bootstrap, "test-oldest")
    low, high = reader.get_watermark_offsets(TopicPartition(names.ticks_topic(feed), partition), timeout=10)
    reader.close()
    return low, high


def test_thirty_megabytes_through_a_broker_of_twenty_lose_nothing(
    mock_broker: servers.MockBroker, unique_name: str
) -> None:
    sizes, count = 65_536, 480
    with Follower(mock_broker.bootstrap, unique_name, pause_s=0.02) as flow:
        sender = Sender(SenderConfig(mock_broker.bootstrap, unique_name, "i"))
        for number in range(count):
            sender.send(number % PARTITIONS, body(number, sizes), KIND, number)
        sender.flush()
        servers.wait_until(lambda: flow.failed or sum(map(len, flow.read)) == count, 30, "the reader")
    assert not flow.failed
    for partition, read in enumerate(flow.read):
        assert [record.raw for record in read] == [body(n, sizes) for n in range(partition, count, PARTITIONS)]
    assert count * sizes > 30e6
    assert oldest(mock_broker.bootstrap, unique_name)[0] > 0  # the broker did forget, after all was read


def test_many_small_records_are_paced_as_well(mock_broker: servers.MockBroker, unique_name: str) -> None:
    """A batch of one costs the broker far more than its value."""
    sender = Sender(SenderConfig(mock_broker.bootstrap, unique_name, "i", stop=after(1)))
    fill(sender, 100_000, 8)
    low, high = oldest(mock_broker.bootstrap, unique_name)
    assert low == 0
    assert high == module._RECORDS


def test_without_a_reader_sending_waits_at_the_budget(mock_broker: servers.MockBroker, unique_name: str) -> None:
    sender = Sender(SenderConfig(mock_broker.bootstrap, unique_name, "i", stop=after(0.5)))
    fill(sender, 100, 65_536)
    assert oldest(mock_broker.bootstrap, unique_name) == (0, BUDGET // 65_536)


def test_a_sender_that_comes_back_counts_what_its_forerunner_left(
    mock_broker: servers.MockBroker, unique_name: str
) -> None:
    """Twice the budget would be more than the broker keeps."""
    for life in range(3):
        sender = Sender(SenderConfig(mock_broker.bootstrap, unique_name, "i", stop=after(0.5 if life else 0)))
        if life:
            sender.resume()
        else:
            sender.tock(1)
        fill(sender, 100, 65_536)
    assert oldest(mock_broker.bootstrap, unique_name)[0] == 0
    with Follower(mock_broker.bootstrap, unique_name):
        again = Sender(SenderConfig(mock_broker.bootstrap, unique_name, "i", stop=after(10)))
        again.resume()
        again.send(0, b"goes on", KIND, 1)
        again.flush()


@pytest.mark.parametrize("kind", ["kafka", "mock_broker"])
def test_resuming_begins_where_each_partition_ends(kind: str, request: pytest.FixtureRequest, unique_name: str) -> None:
    config = SenderConfig(request.getfixturevalue(kind).bootstrap, unique_name)
    first = Sender(config)
    assert first.resume() == [None] * PARTITIONS
    first.send(1, b"a", KIND, 1_000)
    first.send(1, b"b", KIND, 2_000)
    first.send(2, b"c", KIND, 500)
    first.flush()
    assert Sender(config).resume() == [None, 2_000, 500, None]
    first.tock(3_000)
    first.flush()
    second = Sender(config)
    assert second.resume() == [3_000] * PARTITIONS
    for text in ("one", "another"):
        send_control(config.kafka, unique_name, Control(NOTE, "desk", text))
    assert Sender(config).resume() == [3_000] * PARTITIONS
    kinds = [[record.kind for record in part] for part in contents(config.kafka, config.topic)]
    assert kinds[1] == [KIND, KIND, names.TOCK_JSON]
    assert kinds[0] == [names.TOCK_JSON, names.CONTROL_JSON, names.CONTROL_JSON]


def test_a_crash_between_any_two_records_omits_and_repeats_nothing(
    mock_broker: servers.MockBroker, unique_name: str
) -> None:
    """A source that obeys `resume` writes each second once, wherever it was cut off."""
    config = SenderConfig(mock_broker.bootstrap, unique_name)
    for crash in (1, 3, 6, 2, 5, 4, 1000):
        sender = Sender(config)
        start = sender.resume()
        todo = [(s, p) for s in range(9) for p in range(PARTITIONS) if s >= (start[p] or 0)]
        for second, partition in todo[:crash]:
            sender.send(partition, b"%d" % second, KIND, second + 1)
        sender.flush()
    for part in contents(config.kafka, config.topic):
        assert [int(record.raw) for record in part] == list(range(9))


def test_a_broker_that_forgot_is_fed_from_where_the_flow_stands(
    own_mock_broker: servers.MockBroker, unique_name: str
) -> None:
    own_mock_broker.restart()
    config = SenderConfig(own_mock_broker.bootstrap, unique_name, "second life", stop=after(20))
    sender = Sender(config)

    def come_back() -> None:
        time.sleep(0.3)
        reader = clients.consumer(config.kafka, names.flow_group(config.feed))
        for partition in range(PARTITIONS):
            progress = clients.Progress(0, 7_500 + partition, 7_000 + partition, "second life")
            progress.commit(reader, config.topic, partition)
        time.sleep(0.5)
        reader.close()

    flow = threading.Thread(target=come_back)
    flow.start()
    assert sender.resume() == [7_000, 7_001, 7_002, 7_003]
    assert sender.closed_us() == 7_500
    sender.wait_until_durable(7_500)
    flow.join()


def test_nothing_is_durable_before_every_partition_says_so(mock_broker: servers.MockBroker, unique_name: str) -> None:
    sender = Sender(SenderConfig(mock_broker.bootstrap, unique_name, stop=after(0.3)))
    reader = clients.consumer(mock_broker.bootstrap, names.flow_group(unique_name))
    clients.Progress(1, 9_000, 9_000).commit(reader, sender.config.topic, 0)
    assert sender.closed_us() is None
    with pytest.raises(Stopped):
        sender.wait_until_durable(1)
    reader.close()


def test_a_record_that_is_refused_is_no_silence(mock_broker: servers.MockBroker, unique_name: str) -> None:
    sender = Sender(SenderConfig(mock_broker.bootstrap, unique_name))
    sender._delivered(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED), None)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="the broker refuses records of"):
        sender.flush()


def test_waiting_long_says_what_to_look_at(
    mock_broker: servers.MockBroker,
    unique_name: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(module, "_WARN_S", 0.05)
    sender = Sender(SenderConfig(mock_broker.bootstrap, unique_name, stop=after(0.4)))
    with pytest.raises(Stopped):
        sender.wait_until_durable(1)
    said = capsys.readouterr()
    assert "waiting_for_flow" in said.out + said.err
