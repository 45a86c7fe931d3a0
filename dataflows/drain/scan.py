"""Records where librdkafka holds them: what each of them is, and where its bytes are."""

# compiled by numba, which needs no types
# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc,call-arg,attr-defined,var-annotated"
from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit

from dataflows.drain.memory import call_for_headers, call_for_last_header, equal, half_word, word
from dataflows.drain.plain import FAILED, OTHER
from schemas.names import CONTENT_TYPE, TICKS_JSON

# places in librdkafka's rd_kafka_message_t (rdkafka.h, part of its interface)
ERROR, PAYLOAD, LENGTH, OFFSET = 0, 24, 32, 56


def packed(key: str, value: bytes) -> bytes:
    """One header of less than 64 bytes each, as a Kafka record carries it: numbers are zigzag varints."""
    return bytes([2, 2 * len(key.encode())]) + key.encode() + bytes([2 * len(value)]) + value


NAME: Final = np.frombuffer(CONTENT_TYPE.encode() + b"\0", np.uint8)
KIND: Final = np.frombuffer(TICKS_JSON.encode(), np.uint8)
PACKED: Final = np.frombuffer(packed(CONTENT_TYPE, TICKS_JSON.encode()), np.uint8)
_KIND_LENGTH, _PACKED_LENGTH = len(KIND), len(PACKED)


def texts() -> tuple[int, int, int]:
    """Addresses of `NAME`, `KIND` and `PACKED`."""
    return NAME.ctypes.data, KIND.ctypes.data, PACKED.ctypes.data


@njit(cache=True)
def _is_json_tick(message, functions, headers_at, spelled, out):
    """Whether a message's content-type is that of JSON ticks, or not given; `out` is the address of three words.

    Where it is known where librdkafka keeps the headers unread, they are looked at there first: to parse them takes
    longer than to read the tick.
    """
    headers, last = functions
    name, kind, whole = spelled
    if headers_at:
        length = half_word(message + headers_at)
        if length == 0 or (length == _PACKED_LENGTH and equal(word(message + headers_at + 8), whole, length)):
            return True
    if call_for_headers(headers, message, out) != 0:
        return True
    if call_for_last_header(last, word(out), name, out + 8, out + 16) != 0:
        return True
    return word(out + 16) == _KIND_LENGTH and equal(word(out + 8), kind, _KIND_LENGTH)


@njit(cache=True)
def scan(messages, functions, headers_at, spelled, out, address, length, offset, status):
    """Tells messages apart.

    Args:
        messages: addresses of messages, int64[n].
        functions: addresses of `rd_kafka_message_headers` and `rd_kafka_header_get_last`.
        headers_at: where in a message its unread headers are, 0 if that is not known.
        spelled: what `texts` says.
        out: address of three words of room.
        address: becomes where the bytes of each message are, int64[n].
        length: becomes how many they are if they may be JSON ticks, else 0, int64[n].
        offset: of every message, int64[n].
        status: `OTHER` or `FAILED`, int8[n].
    """
    for k in range(messages.shape[0]):
        message = messages[k]
        offset[k], address[k], length[k] = word(message + OFFSET), word(message + PAYLOAD), 0
        status[k] = OTHER if half_word(message + ERROR) == 0 else FAILED
        if status[k] == OTHER and _is_json_tick(message, functions, headers_at, spelled, out):
            length[k] = word(message + LENGTH)
