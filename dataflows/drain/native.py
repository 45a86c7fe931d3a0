"""librdkafka by its C interface: the library that the Kafka client's wheel carries, called without the client."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import cache
from importlib.metadata import files
from typing import Any, Final

import confluent_kafka

from dataflows.drain.scan import packed

_P, _I, _S = ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p
_SIGNATURES: Final[dict[str, tuple[Any, list[Any]]]] = {
    "rd_kafka_version": (_I, []),
    "rd_kafka_conf_new": (_P, []),
    "rd_kafka_conf_set": (_I, [_P, _S, _S, _S, ctypes.c_size_t]),
    "rd_kafka_conf_destroy": (None, [_P]),
    "rd_kafka_conf_set_error_cb": (None, [_P, _P]),
    "rd_kafka_new": (_P, [_I, _P, _S, ctypes.c_size_t]),
    "rd_kafka_destroy": (None, [_P]),
    "rd_kafka_poll_set_consumer": (_I, [_P]),
    "rd_kafka_topic_partition_list_new": (_P, [_I]),
    "rd_kafka_topic_partition_list_add": (_P, [_P, _S, ctypes.c_int32]),
    "rd_kafka_topic_partition_list_set_offset": (_I, [_P, _S, ctypes.c_int32, ctypes.c_int64]),
    "rd_kafka_topic_partition_list_destroy": (None, [_P]),
    "rd_kafka_assign": (_I, [_P, _P]),
    "rd_kafka_queue_get_consumer": (_P, [_P]),
    "rd_kafka_queue_io_event_enable": (None, [_P, _I, _P, ctypes.c_size_t]),
    "rd_kafka_queue_destroy": (None, [_P]),
    "rd_kafka_consume_batch_queue": (ctypes.c_ssize_t, [_P, _I, _P, ctypes.c_size_t]),
    "rd_kafka_message_destroy": (None, [_P]),
    "rd_kafka_message_timestamp": (ctypes.c_int64, [_P, _P]),
    "rd_kafka_message_headers": (_I, [_P, _P]),
    "rd_kafka_header_get_last": (_I, [_P, _S, _P, _P]),
    "rd_kafka_header_get_all": (_I, [_P, ctypes.c_size_t, _P, _P, _P]),
    "rd_kafka_message_errstr": (_S, [_P]),
    "rd_kafka_err2str": (_S, [_I]),
    "rd_kafka_get_watermark_offsets": (_I, [_P, _S, ctypes.c_int32, _P, _P]),
}
OLDEST: Final = 0x02000000
NEWEST: Final = 0x03000000
"""Versions of librdkafka whose interface is known: 2.x."""

HEADERS_AT: Final = {0x021000FF: 120}
"""Where a consumed message holds length and address of its unread headers, by version: no part of the interface."""

_ONE_BYTE: Final = 63
"""Longest text whose length is one byte of a Kafka record."""

CONSUMER: Final = 1
_ErrorCallback = ctypes.CFUNCTYPE(None, _P, _I, _S, _P)


_ONE: Final = (1).to_bytes(8, sys.byteorder)
"""What an event file is written to be counted up."""


class MissingError(Exception):
    """There is no such library here; the message says what is missing."""


@cache
def library() -> Any:
    """The library with its signatures.

    Raises:
        MissingError: it cannot be found or loaded, is of another version, or lacks a function.
    """
    found = [file for file in files("confluent-kafka") or [] if file.name.startswith("librdkafka")]
    if not found:
        msg = "the Kafka client's package carries no librdkafka"
        raise MissingError(msg)
    try:
        loaded = ctypes.CDLL(str(found[0].locate()))
        for name, (result, arguments) in _SIGNATURES.items():
            function = getattr(loaded, name)
            function.restype, function.argtypes = result, arguments
    except (OSError, AttributeError) as error:
        raise MissingError(str(error)) from error
    version = loaded.rd_kafka_version()
    if not OLDEST <= version < NEWEST or version != confluent_kafka.libversion()[1]:
        msg = f"librdkafka has version {version:#x}; the client uses {confluent_kafka.libversion()[1]:#x}"
        raise MissingError(msg)
    return loaded


def address(function: Any) -> int:
    """Where a function of the library stands."""
    return ctypes.cast(function, _P).value or 0


class Client:
    """A consumer of one partition.

    Args:
        settings: of librdkafka, by name.
        topic: its name.
        partition: its number.
        offset: first record to read.
        on_error: called with (code, text) when the client has trouble that it mends itself.

    Raises:
        MissingError: the library cannot be used, or refuses the settings.
    """

    def __init__(
        self, settings: dict[str, str], topic: str, partition: int, offset: int, on_error: Callable[[int, str], None]
    ) -> None:
        self._library = library()
        self._topic, self._partition = topic.encode(), partition
        self._callback = _ErrorCallback(lambda _client, code, text, _data: on_error(code, text.decode()))
        self._client = self._open(settings)
        self._queue = self._library.rd_kafka_queue_get_consumer(self._client)
        self._assign(offset)

    def _open(self, settings: dict[str, str]) -> int:
        text = ctypes.create_string_buffer(512)
        conf = self._library.rd_kafka_conf_new()
        for name, value in settings.items():
            if self._library.rd_kafka_conf_set(conf, name.encode(), value.encode(), text, len(text)):
                self._library.rd_kafka_conf_destroy(conf)
                raise MissingError(text.value.decode())
        self._library.rd_kafka_conf_set_error_cb(conf, ctypes.cast(self._callback, _P))
        client: int | None = self._library.rd_kafka_new(CONSUMER, conf, text, len(text))
        if client is None:
            self._library.rd_kafka_conf_destroy(conf)
            raise MissingError(text.value.decode())
        self._library.rd_kafka_poll_set_consumer(client)
        return client

    def _assign(self, offset: int) -> None:
        wanted = self._library.rd_kafka_topic_partition_list_new(1)
        self._library.rd_kafka_topic_partition_list_add(wanted, self._topic, self._partition)
        self._library.rd_kafka_topic_partition_list_set_offset(wanted, self._topic, self._partition, offset)
        code = self._library.rd_kafka_assign(self._client, wanted)
        self._library.rd_kafka_topic_partition_list_destroy(wanted)
        if code:
            raise MissingError(self._library.rd_kafka_err2str(code).decode())

    def ring(self, bell: int) -> None:
        """From now on an event file is counted up when messages come; what is here already rings nothing."""
        self._library.rd_kafka_queue_io_event_enable(self._queue, bell, _ONE, len(_ONE))

    def take(self, messages: int, most: int) -> int:
        """Puts the addresses of up to `most` messages that are here at address `messages`; returns how many."""
        return int(self._library.rd_kafka_consume_batch_queue(self._queue, 0, messages, most))

    def newest(self) -> int:
        """Offset behind the newest record that the client has heard of, -1 if of none."""
        low, high = ctypes.c_int64(-1), ctypes.c_int64(-1)
        self._library.rd_kafka_get_watermark_offsets(
            self._client, self._topic, self._partition, ctypes.byref(low), ctypes.byref(high)
        )
        return high.value

    def close(self) -> None:
        """Leaves the broker; nothing of it may be used any more."""
        self._library.rd_kafka_queue_destroy(self._queue)
        self._library.rd_kafka_destroy(self._client)


def error_of(message: int) -> tuple[int, str]:
    """Code and text of a message that is none."""
    code = ctypes.c_int.from_address(message).value
    return code, (library().rd_kafka_message_errstr(message) or b"").decode()


def appended_ms(message: int) -> int:
    """The broker's time of a message (its producer's, where the topic keeps that), milliseconds; -1 if it has none."""
    return int(library().rd_kafka_message_timestamp(message, None))


def payload_of(message: int) -> bytes:
    """A copy of a message's bytes."""
    start, length = ctypes.c_void_p.from_address(message + 24).value, ctypes.c_size_t.from_address(message + 32).value
    return ctypes.string_at(start, length) if start else b""


def headers_of(message: int) -> list[tuple[str, bytes | None]]:
    """Copies of a message's headers, in their order."""
    headers, name, value, size = _P(), _S(), _P(), ctypes.c_size_t()
    if library().rd_kafka_message_headers(message, ctypes.byref(headers)):
        return []
    found: list[tuple[str, bytes | None]] = []
    places = (ctypes.byref(name), ctypes.byref(value), ctypes.byref(size))
    while not library().rd_kafka_header_get_all(headers, len(found), *places):
        raw = ctypes.string_at(value.value, size.value) if value.value is not None else None
        found.append(((name.value or b"").decode(errors="replace"), raw))
    return found


def headers_at(messages: list[int]) -> int:
    """Where messages hold their unread headers, 0 if it is not known, or not so for these."""
    place = HEADERS_AT.get(library().rd_kafka_version(), 0)
    return place if place and all(_fits(message, place) for message in messages) else 0


def _fits(message: int, place: int) -> bool:
    """Whether a message's unread headers are those that the library reads from them; the long ones are not compared."""
    known = [] if ctypes.c_int.from_address(message).value else headers_of(message)
    if len(known) != 1 or known[0][1] is None or max(map(len, known[0])) > _ONE_BYTE:  # type: ignore[arg-type] # not None
        return True
    raw = packed(known[0][0], known[0][1])
    length, start = ctypes.c_int32.from_address(message + place), ctypes.c_void_p.from_address(message + place + 8)
    return length.value == len(raw) and start.value is not None and ctypes.string_at(start.value, len(raw)) == raw
