"""librdkafka as the client's wheel carries it: found, of the client's version, and refused by name otherwise."""

from __future__ import annotations

import ctypes
from typing import Any

import confluent_kafka
import pytest

from dataflows import kafka
from dataflows.drain import native
from schemas import names
from tests import servers
from tests.dataflows.drain.messages import Message, Messages


def test_the_library_is_the_clients_own() -> None:
    assert native.library().rd_kafka_version() == confluent_kafka.libversion()[1]
    assert native.address(native.library().rd_kafka_message_destroy)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("files", lambda _package: None, "carries no librdkafka"),
        ("OLDEST", native.NEWEST, "has version"),
        ("_SIGNATURES", {"rd_kafka_no_such_function": (None, [])}, "rd_kafka_no_such_function"),
    ],
)
def test_another_library_is_refused_by_name(name: str, value: Any, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, name, value)
    with pytest.raises(native.MissingError, match=says):
        native.library.__wrapped__()


def test_a_message_is_copied_out_of_its_memory() -> None:
    messages = Messages([b"abc", b""], errors={1: -185})
    first, second = (int(address) for address in messages.addresses)
    assert native.payload_of(first) == b"abc"
    assert native.payload_of(second) == b""
    assert native.error_of(second)[0] == -185
    assert (Message.payload.offset, Message.len.offset, Message.offset.offset) == (24, 32, 56)
    assert ctypes.sizeof(Message) == 72


def test_settings_that_it_refuses_are_named(mock_broker: servers.MockBroker) -> None:
    wrong = {**kafka.consumer_settings(mock_broker.bootstrap, "g"), "no.such.setting": "1"}
    with pytest.raises(native.MissingError, match=r"no\.such\.setting"):
        native.Client(wrong, "t", 0, 0, lambda _code, _text: None)


def test_trouble_is_told(unique_name: str) -> None:
    port, told = servers.free_port(), list[str]()
    settings = kafka.consumer_settings(f"127.0.0.1:{port}", "g")
    client = native.Client(settings, unique_name, 0, 0, lambda _code, text: told.append(text))
    room = (ctypes.c_void_p * 8)()

    def heard() -> bool:
        client.take(ctypes.addressof(room), 8)
        return bool(told)

    servers.wait_until(heard, 20, "an error of a broker that is not there")
    client.close()
    assert str(port) in told[0]


def test_where_unread_headers_are_kept_is_known_of_the_pinned_version(
    mock_broker: servers.MockBroker, unique_name: str
) -> None:
    topic = names.ticks_topic(unique_name)
    producer = kafka.producer(mock_broker.bootstrap)
    for headers in (
        [(names.CONTENT_TYPE, names.TICKS_JSON.encode())],
        [("a", b"b"), ("c", None)],
        [("long", b"x" * 99)],
    ):
        producer.produce(topic, b"x", partition=0, headers=headers)
    producer.flush(10)
    client = native.Client(kafka.consumer_settings(mock_broker.bootstrap, "g"), topic, 0, 0, lambda *_: None)
    room, taken = (ctypes.c_int64 * 8)(), list[int]()

    def here() -> bool:
        count = max(client.take(ctypes.addressof(room), 8), 0)
        taken.extend(room[:count])
        return len(taken) == 3

    servers.wait_until(here, 20, "three messages")
    place = native.headers_at(taken)
    assert place == native.HEADERS_AT[native.library().rd_kafka_version()]
    assert not native._fits(taken[0], place + 8)
    for message in taken:
        native.library().rd_kafka_message_destroy(message)
    client.close()
