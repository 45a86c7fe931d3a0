"""Records where librdkafka holds them: what each of them is, and the JSON ticks among them as columns."""

# compiled by numba, which needs no types
# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc,call-arg,attr-defined"
from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit

from dataflows.drain.memory import call_for_headers, call_for_last_header, half_word, octets, word
from dataflows.drain.plain import FAILED, FULL, LONGEST, OTHER, TICK, read
from schemas.names import CONTENT_TYPE, TICKS_JSON

# places in librdkafka's rd_kafka_message_t (rdkafka.h, part of its interface)
ERROR, PAYLOAD, LENGTH, OFFSET = 0, 24, 32, 56

_AHEAD: Final = 32
_LINE_BYTES: Final = 64


def packed(key: str, value: bytes) -> bytes:
    """One header of less than 64 bytes each, as a Kafka record carries it: numbers are zigzag varints."""
    return bytes([2, 2 * len(key.encode())]) + key.encode() + bytes([2 * len(value)]) + value


_NAME: Final = np.frombuffer(CONTENT_TYPE.encode() + b"\0", np.uint8)
_KIND: Final = np.frombuffer(TICKS_JSON.encode(), np.uint8)
_PACKED: Final = np.frombuffer(packed(CONTENT_TYPE, TICKS_JSON.encode()), np.uint8)


@njit(cache=True)
def _equal(b, other):
    same = True
    for k in range(other.shape[0]):
        same = same and b[k] == other[k]
    return same


@njit(cache=True)
def is_json_tick(message, functions, headers_at, out):
    """Whether a message's content-type is that of JSON ticks, or not given.

    Where it is known where librdkafka keeps the headers unread, that is read first: to parse them takes as long as to
    read the tick.
    """
    if headers_at:
        length = half_word(message + headers_at)
        if length == 0:
            return True
        if length == _PACKED.shape[0] and _equal(octets(word(message + headers_at + np.uint64(8)), length), _PACKED):
            return True
    if call_for_headers(functions[0], message, out.ctypes.data) != 0:
        return True
    if call_for_last_header(functions[1], out[0], _NAME.ctypes.data, out[1:].ctypes.data, out[2:].ctypes.data) != 0:
        return True
    length = np.int64(out[2])
    return length == _KIND.shape[0] and _equal(octets(out[1], length), _KIND)


@njit(cache=True)
def _fetch(messages, first):
    """Touches the payloads of the next messages, so that memory brings them all at once and not one by one."""
    touched = np.uint64(0)
    for row in range(first, min(first + _AHEAD, messages.shape[0])):
        length = np.int64(word(messages[row] + np.uint64(LENGTH)))
        if length > 0:
            b = octets(word(messages[row] + np.uint64(PAYLOAD)), length)
            touched += b[0] + b[min(_LINE_BYTES, length - 1)]
    return touched


@njit(cache=True)
def scan(messages, functions, headers_at, names, code, ts_us, numbers, seq, record, starts, offset, status):
    """Reads all plain JSON ticks among messages into columns, as far as these have room.

    Args:
        messages: addresses of messages, uint64[n].
        functions: addresses of `rd_kafka_message_headers` and `rd_kafka_header_get_last`.
        headers_at: where in a message its unread headers are, 0 if that is not known.
        names: a `Names` table.
        code, ts_us, numbers, seq: columns, [rows]; `numbers` are price, size, bid and ask, float64[4, rows].
        record: which message each row is of, int64[rows].
        starts: first row of each message, and behind the last, int64[n + 1].
        offset: of every message, int64[n].
        status: `TICK`, `OTHER` or `FAILED`, int8[n].

    Returns:
        How many messages were read, the fields that any tick had as bits, and a number without meaning.
    """
    row, fields, out, touched = 0, 0, np.zeros(3, np.uint64), np.uint64(0)
    for k in range(messages.shape[0]):
        if k % _AHEAD == 0:
            touched += _fetch(messages, k)
        message = messages[k]
        starts[k], status[k] = row, OTHER
        offset[k] = np.int64(word(message + np.uint64(OFFSET)))
        if half_word(message + np.uint64(ERROR)) != 0:
            status[k] = FAILED
            continue
        length = np.int64(word(message + np.uint64(LENGTH)))
        if not 0 < length <= LONGEST or not is_json_tick(message, functions, headers_at, out):
            continue
        b = octets(word(message + np.uint64(PAYLOAD)), length)
        rows, got = read(b, length, row, names, code, ts_us, numbers, seq)
        if rows == FULL and row > 0:
            return k, fields, touched
        if rows > 0:
            status[k], fields = TICK, fields | got
            record[row : row + rows] = k
            row += rows
    starts[messages.shape[0]] = row
    return messages.shape[0], fields, touched
