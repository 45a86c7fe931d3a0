"""Single JSON ticks to columns, read where librdkafka holds them.

Only the plain compact object is taken, `{"instrument":"A","ts_us":1,"price":1.5}` with keys in any order: no spaces,
escapes, exponents, nulls, unknown or repeated keys, and numbers that a double holds exactly before their decimal point
is set (Clinger 1990: then one division rounds correctly). All else is left to the ordinary decoder, so that both
lanes say the same.
"""

# compiled by numba, which needs no types
# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc,call-arg,attr-defined"
from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit

from dataflows.drain.memory import call_for_headers, call_for_last_header, half_word, octets, word
from schemas.names import CONTENT_TYPE, TICKS_JSON
from schemas.ticks import NO_SEQ, UNKNOWN

# places in librdkafka's rd_kafka_message_t (rdkafka.h, part of its interface)
ERROR, PAYLOAD, LENGTH, OFFSET = 0, 24, 32, 56

TICK, OTHER, FAILED = 0, 1, 2
"""What a message is: a tick that was read, a record for the ordinary decoder, an event of the client."""

INSTRUMENT, TS_US, PRICE, SIZE, BID, ASK, SEQ = 1, 2, 4, 8, 16, 32, 64
"""Fields, as bits."""

_LONGEST: Final = 512
"""A compact tick is never longer."""

_EXACT: Final = 1 << 53
_POWERS: Final = 10.0 ** np.arange(23)
_DEEPEST: Final = 18
"""Digits of an integer that cannot overflow."""

_QUOTE, _BACKSLASH, _COMMA, _COLON, _OPEN, _CLOSE, _MINUS, _POINT, _ZERO, _NINE = map(ord, '"\\,:{}-.09')


def _spelled(key: str) -> tuple[int, int]:
    """A key as two words of eight characters."""
    padded = key.encode().ljust(16, b"\0")
    return int.from_bytes(padded[:8], "big"), int.from_bytes(padded[8:], "big")


_KEYS: Final = np.array(
    [_spelled(key) for key in ("instrument", "ts_us", "price", "size", "bid", "ask", "seq")], np.uint64
)
_NAME: Final = np.frombuffer(CONTENT_TYPE.encode() + b"\0", np.uint8)
_KIND: Final = np.frombuffer(TICKS_JSON.encode(), np.uint8)


@njit(cache=True)
def _field(b, i, end):
    """The field that the key from `i` on names, as a bit, and the place behind its closing quote; 0 if unknown."""
    first = second = np.uint64(0)
    start = i
    while i < end and b[i] != _QUOTE:
        if b[i] < 32:  # no text in JSON; and zero is how the words are filled up
            return 0, i
        if i - start < 8:
            first |= np.uint64(b[i]) << np.uint64(8 * (7 - (i - start)))
        elif i - start < 16:
            second |= np.uint64(b[i]) << np.uint64(8 * (15 - (i - start)))
        else:
            return 0, i
        i += 1
    for k in range(_KEYS.shape[0]):
        if _KEYS[k, 0] == first and _KEYS[k, 1] == second:
            return 1 << k, i + 1
    return 0, i


@njit(cache=True)
def _number(b, i, end):
    """A plain number from `i` on: (mantissa, decimals, place behind it); decimals -1 if it is not plain."""
    negative = i < end and b[i] == _MINUS
    i += negative
    start, point = i, -1
    value = np.int64(0)
    while i < end:
        if _ZERO <= b[i] <= _NINE:
            value = value * 10 + (b[i] - _ZERO)
        elif b[i] == _POINT and point < 0 and i > start:
            point = i
        else:
            break
        i += 1
    whole = (i if point < 0 else point) - start
    decimals = 0 if point < 0 else i - point - 1
    odd = (
        whole == 0
        or (point >= 0 and decimals == 0)
        or (whole > 1 and b[start] == _ZERO)
        or whole + decimals > _DEEPEST
        or (negative and value == 0)
    )
    return (-value if negative else value), (-1 if odd else decimals), i


@njit(cache=True)
def _instrument(b, i, end, slots, codes, starts, letters):
    """Code of the name from `i` on and the place behind its closing quote; place -1 if it is not plain ASCII."""
    start, hashed = i, np.uint64(14695981039346656037)
    while i < end and b[i] != _QUOTE:
        if b[i] < 32 or b[i] > 126 or b[i] == _BACKSLASH:
            return 0, -1
        hashed = (hashed ^ np.uint64(b[i])) * np.uint64(1099511628211)
        i += 1
    if i == start or i >= end:
        return 0, -1
    mask = np.uint64(slots.shape[0] - 1)
    place = hashed & mask
    while codes[place] >= 0:
        code = codes[place]
        if slots[place] == hashed and starts[code + 1] - starts[code] == i - start:
            same = True
            for k in range(i - start):
                same = same and letters[starts[code] + k] == b[start + k]
            if same:
                return code, i + 1
        place = (place + np.uint64(1)) & mask
    return UNKNOWN, i + 1


@njit(cache=True)
def _tick(b, end, row, names, code, ts_us, numbers, seq):
    """One payload into row `row` of the columns; the fields it had, 0 if it is no plain tick."""
    slots, codes, starts, letters = names
    if end < 2 or b[0] != _OPEN:
        return 0
    got, i = 0, 1
    while i < end and b[i] == _QUOTE:
        field, i = _field(b, i + 1, end)
        if field == 0 or got & field or i >= end or b[i] != _COLON:
            return 0
        got |= field
        i += 1
        if field == INSTRUMENT:
            if i >= end or b[i] != _QUOTE:
                return 0
            code[row], i = _instrument(b, i + 1, end, slots, codes, starts, letters)
            if i < 0:
                return 0
        else:
            value, decimals, i = _number(b, i, end)
            if decimals < 0:
                return 0
            if field in (TS_US, SEQ):
                if decimals or (i < end and b[i] == _POINT):
                    return 0
                if field == TS_US:
                    ts_us[row] = value
                else:
                    seq[row] = value
            else:
                if abs(value) > _EXACT:
                    return 0
                column = 0 if field == PRICE else 1 if field == SIZE else 2 if field == BID else 3
                numbers[column, row] = value / _POWERS[decimals]
        if i + 1 == end and b[i] == _CLOSE:
            return got if got & INSTRUMENT and got & TS_US else 0
        if i >= end or b[i] != _COMMA:
            return 0
        i += 1
    return 0


@njit(cache=True)
def _is_json_tick(message, functions, out):
    """Whether a message's content-type is that of JSON ticks, or not given."""
    if call_for_headers(functions[0], message, out.ctypes.data) != 0:
        return True
    if call_for_last_header(functions[1], out[0], _NAME.ctypes.data, out[1:].ctypes.data, out[2:].ctypes.data) != 0:
        return True
    if np.int64(out[2]) != _KIND.shape[0]:
        return False
    value, same = octets(out[1], np.int64(out[2])), True
    for k in range(_KIND.shape[0]):
        same = same and value[k] == _KIND[k]
    return same


@njit(cache=True)
def scan(messages, functions, names, code, ts_us, numbers, seq, offset, status):
    """Reads all plain JSON ticks among messages into columns, row by row.

    Args:
        messages: addresses of messages, uint64[n].
        functions: addresses of `rd_kafka_message_headers` and `rd_kafka_header_get_last`.
        names: a `Names` table.
        code, ts_us, numbers, seq: columns, [n]; `numbers` are price, size, bid and ask, float64[4, n].
        offset: of every message, int64[n].
        status: `TICK`, `OTHER` or `FAILED`, int8[n].

    Returns:
        The fields that any tick had, as bits.
    """
    fields, out = 0, np.zeros(3, np.uint64)
    for row in range(messages.shape[0]):
        message = messages[row]
        offset[row] = np.int64(word(message + np.uint64(OFFSET)))
        code[row], ts_us[row], seq[row], status[row] = 0, 0, NO_SEQ, OTHER
        numbers[0, row], numbers[1, row], numbers[2, row], numbers[3, row] = np.nan, 0.0, np.nan, np.nan
        if half_word(message + np.uint64(ERROR)) != 0:
            status[row] = FAILED
            continue
        length = np.int64(word(message + np.uint64(LENGTH)))
        if not 0 < length <= _LONGEST or not _is_json_tick(message, functions, out):
            continue
        got = _tick(octets(word(message + np.uint64(PAYLOAD)), length), length, row, names, code, ts_us, numbers, seq)
        if got:
            status[row] = TICK
            fields |= got
    return fields
