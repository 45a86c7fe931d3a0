"""Plain JSON ticks to columns, by a compiled scan of bytes.

Only the plain compact object is taken, `{"instrument":"A","ts_us":1,"price":1.5}` with keys in any order, one or
several of them on lines of their own: no spaces, escapes, exponents, nulls, unknown or repeated keys, and numbers that
a double holds exactly before their decimal point is set (Clinger 1990: then one division rounds correctly). All else is
left to the ordinary decoder, so that both say the same.

Memory is read by address: arrays that pass from one compiled function to another have their holders counted each time,
which took three quarters of the time.
"""

# compiled by numba, which needs no types
# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc,call-arg,attr-defined,var-annotated"
from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit

from dataflows.drain.memory import byte, equal, half_word, word
from schemas.ticks import NO_SEQ, UNKNOWN

LONGEST: Final = 8_388_608
"""Bytes of the longest record that is read."""

TICK, OTHER, FAILED = 0, 1, 2
"""What a record is: ticks that were read, a record for the ordinary decoder, an event of the client."""

INSTRUMENT, TS_US, PRICE, SIZE, BID, ASK, SEQ = 1, 2, 4, 8, 16, 32, 64
"""Fields, as bits."""

_SEED: Final = np.int64(14695981039346656037 - (1 << 64))
_FACTOR: Final = np.int64(1099511628211)
"""FNV-1a in signed words: the same bits."""

_EXACT: Final = 1 << 53
_POWERS: Final = 10.0 ** np.arange(23)
_LONGEST_NAME: Final = 256
_DEEPEST: Final = 18
"""Digits of an integer that cannot overflow."""

_QUOTE, _BACKSLASH, _COMMA, _COLON, _OPEN, _CLOSE, _MINUS, _POINT, _ZERO, _NINE, _LINE = map(ord, '"\\,:{}-.09\n')


_KEYS: Final = np.frombuffer(b'instrument"ts_us"price"size"bid"ask"seq"', np.uint8)
_KEY_STARTS: Final = np.array([0, 11, 17, 23, 28, 32, 36, 40])


@njit(cache=True)
def _field(at, end):
    """The field whose key begins at an address, as a bit, and the address behind its closing quote; 0 if unknown."""
    for k in range(_KEY_STARTS.shape[0] - 1):
        start, length = _KEY_STARTS[k], _KEY_STARTS[k + 1] - _KEY_STARTS[k]
        j = 0
        while j < length and at + j < end and byte(at + j) == _KEYS[start + j]:
            j += 1
        if j == length:
            return 1 << k, at + length
    return 0, at


@njit(cache=True)
def _number(at, end):
    """A plain number at an address: (mantissa, decimals, address behind it); decimals -1 if it is not plain."""
    negative = at < end and byte(at) == _MINUS
    if negative:
        at += 1
    start, point, value, first = at, 0, 0, 0
    if at < end:
        first = byte(at)
    while at < end:
        letter = byte(at)
        if _ZERO <= letter <= _NINE:
            value = value * 10 + (letter - _ZERO)
        elif letter == _POINT and point == 0 and at > start:
            point = at
        else:
            break
        at += 1
    whole = (point if point else at) - start
    decimals = at - point - 1 if point else 0
    odd = (
        whole == 0
        or (point != 0 and decimals == 0)
        or (whole > 1 and first == _ZERO)
        or whole + decimals > _DEEPEST
        or (negative and value == 0)
    )
    return (-value if negative else value), (-1 if odd else decimals), at


@njit(cache=True)
def _instrument(at, end, names):
    """Code of the name at an address and the address behind its closing quote; 0 if it is not plain ASCII."""
    slots, codes, starts, letters, mask = names
    start, hashed, letter = at, _SEED, 0
    while at < end:
        letter = byte(at)
        if letter < 32 or letter > 126 or letter in (_BACKSLASH, _QUOTE):
            break
        hashed = (hashed ^ letter) * _FACTOR
        at += 1
    length = at - start
    if letter != _QUOTE or not 0 < length <= _LONGEST_NAME:
        return 0, 0
    place = hashed & mask
    while True:
        code = np.int64(half_word(codes + 4 * place))
        if code < 0:
            return UNKNOWN, at + 1
        if word(slots + 8 * place) == hashed:
            named = word(starts + 8 * code)
            if word(starts + 8 * code + 8) - named == length and equal(letters + named, start, length):
                return code, at + 1
        place = (place + 1) & mask


@njit(cache=True)
def _tick(at, end, names):
    """The object at an address.

    Returns:
        The fields it had (0: no plain tick), the address behind it, and code, ts_us, price, size, bid, ask and seq.
    """
    code, ts_us, seq, price, size, bid, ask = 0, 0, NO_SEQ, np.nan, 0.0, np.nan, np.nan
    nothing = (0, at, code, ts_us, price, size, bid, ask, seq)
    if at + 2 > end or byte(at) != _OPEN:
        return nothing
    got, at = 0, at + 1
    while at < end and byte(at) == _QUOTE:
        field, at = _field(at + 1, end)
        if field == 0 or got & field or at >= end or byte(at) != _COLON:
            return nothing
        got |= field
        at += 1
        if field == INSTRUMENT:
            if at >= end or byte(at) != _QUOTE:
                return nothing
            code, at = _instrument(at + 1, end, names)
            if at == 0:
                return nothing
        else:
            value, decimals, at = _number(at, end)
            if decimals < 0:
                return nothing
            if field in (TS_US, SEQ):
                if decimals or (at < end and byte(at) == _POINT):
                    return nothing
                if field == TS_US:
                    ts_us = value
                else:
                    seq = value
            else:
                if abs(value) > _EXACT:
                    return nothing
                number = value / _POWERS[decimals]
                if field == PRICE:
                    price = number
                elif field == SIZE:
                    size = number
                elif field == BID:
                    bid = number
                else:
                    ask = number
        if at < end and byte(at) == _CLOSE:
            whole = got if got & INSTRUMENT and got & TS_US else 0
            return whole, at + 1, code, ts_us, price, size, bid, ask, seq
        if at >= end or byte(at) != _COMMA:
            return nothing
        at += 1
    return nothing


@njit(cache=True)
def read(address, length, names, code, ts_us, numbers, seq, record, starts, status):
    """Reads all records that are plain JSON ticks, as far as the columns have room.

    Args:
        address: where each record stands, int64[n].
        length: its bytes, int64[n]; what is to be left out has none.
        names: `Names.places` of the feed's instruments.
        code, ts_us, numbers, seq: columns, [rows]; `numbers` are price, size, bid and ask, float64[4, rows].
        record: which record each row is of, int64[rows].
        starts: first row of each record, and behind the last, int64[n + 1].
        status: becomes `TICK` where a record was read, int8[n].

    Returns:
        How many records were gone through, and the fields that any tick had, as bits.
    """
    row, fields = 0, 0
    for k in range(address.shape[0]):
        starts[k] = row
        first, at, got = row, address[k], 0
        end = at + (length[k] if length[k] <= LONGEST else 0)
        while at < end and row < code.shape[0]:
            (
                one,
                at,
                code[row],
                ts_us[row],
                numbers[0, row],
                numbers[1, row],
                numbers[2, row],
                numbers[3, row],
                seq[row],
            ) = _tick(at, end, names)
            if one == 0 or (at < end and byte(at) != _LINE):
                got = 0
                break
            record[row], row, got, at = k, row + 1, got | one, at + 1  # behind the line's end
        if got and at >= end:
            status[k], fields = TICK, fields | got
            continue
        row = first
        if got and first > 0:  # no room behind what was read
            starts[k] = row
            return k, fields
    starts[address.shape[0]] = row
    return address.shape[0], fields
