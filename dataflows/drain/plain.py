"""Plain JSON ticks to columns, by a compiled scan of bytes.

Only the plain compact object is taken, `{"instrument":"A","ts_us":1,"price":1.5}` with keys in any order, one or
several of them on lines of their own: no spaces, escapes, exponents, nulls, unknown or repeated keys, and numbers that a
double holds exactly before their decimal point is set (Clinger 1990: then one division rounds correctly). All else is
left to the ordinary decoder, so that both say the same.
"""

# compiled by numba, which needs no types
# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc,call-arg,attr-defined"
from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit

from schemas.ticks import NO_SEQ, UNKNOWN

LONGEST: Final = 8_388_608
"""Bytes of the longest record that is read."""

TICK, OTHER, FAILED = 0, 1, 2
"""What a record is: ticks that were read, a record for the ordinary decoder, an event of the client."""

INSTRUMENT, TS_US, PRICE, SIZE, BID, ASK, SEQ = 1, 2, 4, 8, 16, 32, 64
"""Fields, as bits."""

FULL: Final = -1
"""Instead of a number of rows: there is no room for them."""

_EXACT: Final = 1 << 53
_POWERS: Final = 10.0 ** np.arange(23)
_LONGEST_NAME: Final = 256
_DEEPEST: Final = 18
"""Digits of an integer that cannot overflow."""

_QUOTE, _BACKSLASH, _COMMA, _COLON, _OPEN, _CLOSE, _MINUS, _POINT, _ZERO, _NINE, _LINE = map(ord, '"\\,:{}-.09\n')


def _spelled(key: str) -> tuple[int, int]:
    """A key as two words of eight characters."""
    padded = key.encode().ljust(16, b"\0")
    return int.from_bytes(padded[:8], "big"), int.from_bytes(padded[8:], "big")


_KEYS: Final = np.array(
    [_spelled(key) for key in ("instrument", "ts_us", "price", "size", "bid", "ask", "seq")], np.uint64
)


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
    if i == start or i >= end or i - start > _LONGEST_NAME:
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
def _tick(b, i, end, row, names, code, ts_us, numbers, seq):
    """The object at `i` into row `row` of the columns; the fields it had (0: no plain tick) and the place behind it."""
    slots, codes, starts, letters = names
    code[row], ts_us[row], seq[row] = 0, 0, NO_SEQ
    numbers[0, row], numbers[1, row], numbers[2, row], numbers[3, row] = np.nan, 0.0, np.nan, np.nan
    if i + 2 > end or b[i] != _OPEN:
        return 0, i
    got, i = 0, i + 1
    while i < end and b[i] == _QUOTE:
        field, i = _field(b, i + 1, end)
        if field == 0 or got & field or i >= end or b[i] != _COLON:
            return 0, i
        got |= field
        i += 1
        if field == INSTRUMENT:
            if i >= end or b[i] != _QUOTE:
                return 0, i
            code[row], i = _instrument(b, i + 1, end, slots, codes, starts, letters)
            if i < 0:
                return 0, i
        else:
            value, decimals, i = _number(b, i, end)
            if decimals < 0:
                return 0, i
            if field in (TS_US, SEQ):
                if decimals or (i < end and b[i] == _POINT):
                    return 0, i
                if field == TS_US:
                    ts_us[row] = value
                else:
                    seq[row] = value
            else:
                if abs(value) > _EXACT:
                    return 0, i
                column = 0 if field == PRICE else 1 if field == SIZE else 2 if field == BID else 3
                numbers[column, row] = value / _POWERS[decimals]
        if i < end and b[i] == _CLOSE:
            return (got if got & INSTRUMENT and got & TS_US else 0), i + 1
        if i >= end or b[i] != _COMMA:
            return 0, i
        i += 1
    return 0, i


@njit(cache=True)
def read(b, end, first, names, code, ts_us, numbers, seq):
    """All ticks of one record into the rows from `first` on.

    Returns:
        How many there are and the fields that any of them had: (0, 0) if they are not all plain, (`FULL`, 0) if the
        columns end before them.
    """
    row, fields, i = first, 0, 0
    while True:
        if row == code.shape[0]:
            return FULL, 0
        got, i = _tick(b, i, end, row, names, code, ts_us, numbers, seq)
        row, fields = row + 1, fields | got
        if got and i < end and b[i] == _LINE:
            i += 1  # the last line may end with it
        elif got == 0 or i < end:
            return 0, 0
        if i == end:
            return row - first, fields


@njit(cache=True)
def read_texts(text, bounds, names, code, ts_us, numbers, seq, record, starts, status):
    """Reads all records that are plain JSON ticks.

    Args:
        text: the records one after another, uint8.
        bounds: where each begins, and where the last ends, int64[n + 1].
        names: a `Names` table.
        code, ts_us, numbers, seq: columns with room for all lines, [rows]; `numbers` are price, size, bid and ask.
        record: which record each row is of, int64[rows].
        starts: first row of each record, and behind the last, int64[n + 1].
        status: `TICK` or `OTHER`, int8[n].

    Returns:
        The fields that any tick had, as bits.
    """
    row, fields = 0, 0
    for k in range(status.shape[0]):
        starts[k], status[k] = row, OTHER
        b = text[bounds[k] : bounds[k + 1]]
        if not 0 < b.shape[0] <= LONGEST:
            continue
        rows, got = read(b, b.shape[0], row, names, code, ts_us, numbers, seq)
        if rows > 0:
            status[k], fields = TICK, fields | got
            record[row : row + rows] = k
            row += rows
    starts[status.shape[0]] = row
    return fields
