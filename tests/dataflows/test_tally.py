"""The tally of a replay: every dead letter of its feed once, and what was gone too soon is admitted."""

from __future__ import annotations

import pytest
from confluent_kafka import TopicPartition

from dataflows.kafka import producer
from dataflows.rejects import DeadLetters
from dataflows.tally import Tally, sentence
from schemas.names import REJECTS_TOPIC
from schemas.rejects import Reason, Reject
from tests import servers


@pytest.fixture
def letters(mock_broker: servers.MockBroker) -> DeadLetters:
    return DeadLetters(mock_broker.bootstrap, 4)


def test_ticks_are_counted_by_reason_from_the_beginning_of_the_replay(
    letters: DeadLetters, mock_broker: servers.MockBroker, unique_name: str
) -> None:
    letters.send(Reject(unique_name, 0, 1, Reason.LATE, b"before"))
    letters.flush()
    tally = Tally(mock_broker.bootstrap, unique_name)
    letters.send(Reject(unique_name, 0, 2, Reason.LATE, b"ticks", (0, 1, 7)))
    letters.send(Reject(unique_name, 0, 2, Reason.ABSURD_PRICE, b"ticks", (2,)))
    letters.send(Reject(unique_name, 1, 2, Reason.LATE, b"other", (5,)))
    letters.send(Reject(unique_name, 3, 9, Reason.MALFORMED, b"\x00", note="no rows to count"))
    letters.send(Reject(f"{unique_name}~other", 0, 2, Reason.LATE, b"ticks", (0, 1)))
    letters.flush()
    tally.poll()
    tally.finish()
    assert dict(tally.counts) == {"late": 4, "absurd_price": 1, "malformed": 1}
    assert tally.complete
    assert sentence(tally) == (
        "Ticks rejected: 6 (late 4, absurd_price 1, malformed 1); they are kept in the topic esi.rejects.v1."
    )


def test_what_a_fallen_flow_wrote_twice_is_counted_once(
    letters: DeadLetters, mock_broker: servers.MockBroker, unique_name: str
) -> None:
    tally = Tally(mock_broker.bootstrap, unique_name)
    for _ in range(3):
        letters.send(Reject(unique_name, 0, 2, Reason.LATE, b"ticks", (0, 1)))
    letters.flush()
    tally.finish()
    assert dict(tally.counts) == {"late": 2}


def test_where_all_was_good_that_is_said(mock_broker: servers.MockBroker, unique_name: str) -> None:
    tally = Tally(mock_broker.bootstrap, unique_name)
    tally.finish()
    assert sentence(tally) == "No tick was rejected."


def test_letters_that_the_broker_dropped_before_they_were_counted_are_admitted(
    own_mock_broker: servers.MockBroker, unique_name: str
) -> None:
    letters = DeadLetters(own_mock_broker.bootstrap, 4)
    tally = Tally(own_mock_broker.bootstrap, unique_name)
    letters.send(Reject(unique_name, 0, 0, Reason.LATE, b"x", (0, 1)))
    letters.flush()
    filler = producer(own_mock_broker.bootstrap)
    headers = {"feed": "else", "reason": "late", "count": "1"}
    for partition in range(4):
        for _ in range(150):
            filler.produce(REJECTS_TOPIC, bytes(65_536), partition=partition, headers=headers)
        assert filler.flush(10) == 0
    letters.send(Reject(unique_name, 0, 1, Reason.LATE, b"x", (4,)))
    letters.flush()
    # as if it had not been quick enough to fetch the first one
    tally._reader.assign([TopicPartition(REJECTS_TOPIC, number, 0) for number in range(4)])
    tally.finish()
    assert tally.counts["late"] == 1
    assert not tally.complete
    assert sentence(tally).startswith("Ticks rejected: at least 1 (late 1)")


def test_a_real_broker_is_read_in_the_same_way(kafka: servers.Kafka, unique_name: str) -> None:
    letters, tally = DeadLetters(kafka.bootstrap, 4), Tally(kafka.bootstrap, unique_name)
    letters.send(Reject(unique_name, 2, 0, Reason.CROSSED_QUOTE, b"x" * 100_000, (3,)))
    letters.flush()
    tally.finish()
    assert (dict(tally.counts), tally.complete) == ({"crossed_quote": 1}, True)
