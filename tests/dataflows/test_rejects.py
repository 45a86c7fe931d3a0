"""The dead-letter topic on a real Kafka."""

from __future__ import annotations

import pytest
from confluent_kafka import KafkaError

from dataflows import metrics, rejects
from dataflows.rejects import DeadLetters
from schemas.rejects import Reason, Reject
from tests import servers
from tests.dataflows.flows import rejected


def test_rejects_keep_their_bytes_their_place_and_their_reason(kafka: servers.Kafka, unique_name: str) -> None:
    letters = DeadLetters(kafka.bootstrap, 4)
    raws = [b"", b"\x00\xff not text", b"{" * 10_000]
    for offset, raw in enumerate(raws):
        letters.send(Reject(unique_name, 2, offset, Reason.MALFORMED, raw, note="\ud800 odd"))
    letters.send(Reject(unique_name, 1, 9, Reason.LATE, b"rows", (0, 1, 2, 7)))
    letters.flush()
    assert rejected(kafka.bootstrap, unique_name) == {
        *((2, offset, "malformed", "", raw) for offset, raw in enumerate(raws)),
        (1, 9, "late", "0-2,7", b"rows"),
    }
    assert metrics.REJECTS.labels(unique_name, "malformed")._value.get() == 3
    assert metrics.REJECTS.labels(unique_name, "late")._value.get() == 4


def test_a_flood_beyond_the_local_queue_is_waited_through(
    mock_broker: servers.MockBroker, unique_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = rejects.producer(mock_broker.bootstrap, queue_buffering_max_messages=10)
    monkeypatch.setattr(rejects, "producer", lambda _bootstrap: full)
    letters = DeadLetters(mock_broker.bootstrap, 4)
    for offset in range(100):
        letters.send(Reject(unique_name, 0, offset, Reason.MALFORMED, b"x"))
    letters.flush()
    assert {offset for _, offset, *_ in rejected(mock_broker.bootstrap, unique_name)} == set(range(100))


def test_a_refused_reject_is_no_silence(mock_broker: servers.MockBroker) -> None:
    letters = DeadLetters(mock_broker.bootstrap, 4)
    letters._delivered(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED), None)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="refuses records"):
        letters.flush()


def test_a_stop_without_a_broker_saves_nothing_as_done(
    own_mock_broker: servers.MockBroker, unique_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What no broker has taken must be read again at the next start, so no state may follow."""

    def leave(code: int) -> None:
        raise SystemExit(code)

    letters = DeadLetters(own_mock_broker.bootstrap, 4)
    own_mock_broker.pause()
    letters.send(Reject(unique_name, 0, 0, Reason.MALFORMED, b"x"))
    monkeypatch.setattr(rejects.stopping, "asked", lambda: True)
    monkeypatch.setattr(rejects.os, "_exit", leave)
    with pytest.raises(SystemExit) as left:
        letters.flush()
    assert left.value.code == 0
    own_mock_broker.resume()


def test_a_full_queue_does_not_keep_a_flow_from_stopping(
    own_mock_broker: servers.MockBroker, unique_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leave(code: int) -> None:
        raise SystemExit(code)

    full = rejects.producer(own_mock_broker.bootstrap, queue_buffering_max_messages=1)
    monkeypatch.setattr(rejects, "producer", lambda _bootstrap: full)
    letters = DeadLetters(own_mock_broker.bootstrap, 4)
    own_mock_broker.pause()
    letters.send(Reject(unique_name, 0, 0, Reason.MALFORMED, b"x"))
    monkeypatch.setattr(rejects.stopping, "asked", lambda: True)
    monkeypatch.setattr(rejects.os, "_exit", leave)
    with pytest.raises(SystemExit):
        letters.send(Reject(unique_name, 0, 1, Reason.MALFORMED, b"x"))
    own_mock_broker.resume()
