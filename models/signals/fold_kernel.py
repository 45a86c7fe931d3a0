"""The one loop that touches every tick: judge it, fold it into its bar, move the partition's time, close bars.

Compiled by numba; pure apart from the arrays it is given. Sums fold tick by tick in offset order, so that
another batching of the same ticks gives the same bits.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit

from schemas.bars import GRID, NEVER
from schemas.rejects import Reason
from schemas.ticks import NO_SEQ, UNKNOWN

LATEST_US: Final = 7_258_118_400_000_000
"""2200-01-01: a time beyond it (or before 1970) is no time."""

# columns of the bars that are open, one row for each (ring slot, instrument)
INDEX, OPEN_US, COUNT, GRID_US = 0, 1, 2, 3
OPEN, HIGH, LOW, VOLUME, GRID_PRICE = 0, 1, 2, 3, 4
BAR_INTS: Final = GRID_US + GRID
BAR_FLOATS: Final = GRID_PRICE + GRID

# columns of what is remembered of an instrument to judge its next tick
LAST, DEVIATION, SUSPECT = 0, 1, 2
SEQ_HIGH, SEQ_SEEN, AGREED = 0, 1, 2
JUDGE_FLOATS: Final = 3
JUDGE_INTS: Final = 3

# the partition's time
TIME, CLOSED, TOCK, FIRST_OPEN, LAST_OPEN = 0, 1, 2, 3, 4
NONE_OPEN: Final = 1 << 60  # far beyond any bar, and safe to count from

# settings of a fold, as integers
BAR, PACE, LATENESS, WALL, RING, AGREE, TOCK_SLACK, FUTURE_SLACK, LEAP = 0, 1, 2, 3, 4, 5, 6, 7, 8

# settings of an instrument
ALLOW_NEGATIVE, RELATIVE = 0, 1

_MEMORY: Final = 1.0 / 64.0
"""Weight of the newest move in the robust deviation (an exponential mean of absolute moves)."""
_WINDOW: Final = 64
"""Sequence numbers this far behind the newest are remembered one by one."""

_BAD_NAME: Final = Reason.BAD_NAME.code
_UNKNOWN: Final = Reason.UNKNOWN_INSTRUMENT.code
_BAD_TIME: Final = Reason.BAD_TIME.code
_NO_PRICE: Final = Reason.NO_PRICE.code
_NOT_FINITE: Final = Reason.NOT_FINITE.code
_NEGATIVE_PRICE: Final = Reason.NEGATIVE_PRICE.code
_NEGATIVE_SIZE: Final = Reason.NEGATIVE_SIZE.code
_CROSSED: Final = Reason.CROSSED_QUOTE.code
_DUPLICATE: Final = Reason.DUPLICATE.code
_FUTURE: Final = Reason.FUTURE.code
_LATE: Final = Reason.LATE.code
_ABSURD: Final = Reason.ABSURD_PRICE.code
_BAD_BAR: Final = Reason.BAD_BAR.code


@njit(cache=True, inline="always")
def _fault_of_values(code, ts, price, size, bid, ask, allow_negative):  # type: ignore[no-untyped-def]
    """Reason code of what the tick itself shows to be wrong, 0 if nothing."""
    if code < 0:
        return _UNKNOWN if code == UNKNOWN else _BAD_NAME
    if ts < 0 or ts > LATEST_US:
        return _BAD_TIME
    if bid > ask:  # false where one of them is missing
        return _CROSSED
    if price != price:
        return _NO_PRICE
    if not (np.isfinite(price) and np.isfinite(size)):
        return _NOT_FINITE
    if price <= 0.0 and not allow_negative:
        return _NEGATIVE_PRICE
    return _NEGATIVE_SIZE if size < 0.0 else 0


@njit(cache=True, inline="always")
def _is_duplicate(memory, seq):  # type: ignore[no-untyped-def]
    """Whether this sequence number was accepted before (or is too old to tell)."""
    behind = memory[SEQ_HIGH] - seq
    return behind >= 0 and (behind >= _WINDOW or (memory[SEQ_SEEN] >> behind) & 1 == 1)


@njit(cache=True, inline="always")
def _remember_seq(memory, seq):  # type: ignore[no-untyped-def]
    ahead = seq - memory[SEQ_HIGH]
    if ahead <= 0:
        memory[SEQ_SEEN] |= np.int64(1) << -ahead
        return
    memory[SEQ_SEEN] = (memory[SEQ_SEEN] << ahead if ahead < _WINDOW else np.int64(0)) | 1
    memory[SEQ_HIGH] = seq


@njit(cache=True)
def future_from(clock, rules):  # type: ignore[no-untyped-def]
    """Event time beyond which a tick is of the future: past the last tock, or a leap ahead that only a tock may make.

    It changes with the clock's tock and closed time only, so that the loop need not ask for every tick.
    """
    if rules[WALL] == 1:
        return clock[TOCK] + rules[FUTURE_SLACK]
    return clock[CLOSED] + rules[LEAP] if clock[CLOSED] >= 0 else np.int64(LATEST_US)


@njit(cache=True, inline="always")
def _distance(price, other, relative):  # type: ignore[no-untyped-def]
    move = abs(price - other)
    return move / abs(other) if relative and other != 0.0 else move


@njit(cache=True, inline="always")
def is_absurd(values, memory, price, relative, floor, deviations, agree):  # type: ignore[no-untyped-def]
    """Judges a price by the instrument's past and learns from it; True if it must be left out.

    A price more than `max(floor, deviations * mean absolute move)` from the last good one is suspect. When `agree`
    suspects in a row stand within that limit of each other, the market has truly jumped: the last of them is good.
    """
    last = values[LAST]
    if last == last:
        move = _distance(price, last, relative)
        limit = max(floor, deviations * values[DEVIATION])
        if move > limit:
            near = memory[AGREED] > 0 and _distance(price, values[SUSPECT], relative) <= limit
            memory[AGREED] = memory[AGREED] + 1 if near else 1
            values[SUSPECT] = price
            if memory[AGREED] < agree:
                return True
        else:
            values[DEVIATION] += _MEMORY * (move - values[DEVIATION])
    memory[AGREED] = 0
    values[LAST] = price
    return False


@njit(cache=True)
def judge_bars(code, start, end, available, prices, clock, rules, deviations, flags, floors, values, memory, faults):  # type: ignore[no-untyped-def]
    """Faults of ready-made bars that became public at one time; `prices` are open, high, low, close, float64[4, n]."""
    future = future_from(clock, rules)
    for k in range(len(code)):
        faults[k], n = _shape_fault(code[k], start[k], end[k], available[k], prices[:, k], flags), code[k]
        if faults[k]:
            continue
        if available[k] > future:
            faults[k] = _FUTURE
        elif available[k] <= clock[CLOSED]:
            faults[k] = _LATE
        elif is_absurd(values[n], memory[n], prices[3, k], flags[n, RELATIVE], floors[n], deviations, rules[AGREE]):
            faults[k] = _ABSURD


@njit(cache=True, inline="always")
def _shape_fault(code, start, end, available, prices, flags):  # type: ignore[no-untyped-def]
    """What a ready-made bar itself shows to be wrong."""
    if code < 0:
        return _UNKNOWN if code == UNKNOWN else _BAD_NAME
    if not 0 <= start < end <= available <= LATEST_US:
        return _BAD_TIME
    if not np.isfinite(prices).all():
        return _NOT_FINITE
    opened, high, low, closed = prices
    if low <= 0.0 and not flags[code, ALLOW_NEGATIVE]:
        return _NEGATIVE_PRICE
    return 0 if low <= min(opened, closed) and max(opened, closed) <= high else _BAD_BAR


@njit(cache=True, inline="always")
def _fold_into(ints, floats, index, slot, ts, price, size):  # type: ignore[no-untyped-def]
    """One good tick into its bar; ties in time: the first opens, the last closes."""
    if ints[INDEX] != index:
        ints[INDEX], ints[OPEN_US], ints[COUNT] = index, ts, 1
        ints[GRID_US:] = NEVER
        floats[GRID_PRICE:] = 0.0  # nothing of the bar that lay here before
        floats[OPEN], floats[HIGH], floats[LOW], floats[VOLUME] = price, price, price, size
    else:
        if ts < ints[OPEN_US]:
            ints[OPEN_US], floats[OPEN] = ts, price
        floats[HIGH] = max(floats[HIGH], price)
        floats[LOW] = min(floats[LOW], price)
        floats[VOLUME] += size
        ints[COUNT] += 1
    if ts >= ints[GRID_US + slot]:
        ints[GRID_US + slot] = ts
        floats[GRID_PRICE + slot] = price


@njit(cache=True)
def close_bars(clock, rules, ints, floats, out_ints, out_floats, bars):  # type: ignore[no-untyped-def]
    """Moves the bars that end by `clock[CLOSED]` to the output rows from `bars` on; returns how many there are then.

    Output rows: `out_ints` is (code, *bar ints), `out_floats` the bar's floats.
    """
    ring, instruments = rules[RING], ints.shape[0] // rules[RING]
    end = min(clock[CLOSED] // rules[BAR], clock[LAST_OPEN] + 1)
    for index in range(clock[FIRST_OPEN], end):
        base = (index % ring) * instruments
        for code in range(instruments):
            row = base + code
            if ints[row, INDEX] == index:
                out_ints[bars, 0] = code
                out_ints[bars, 1:] = ints[row]
                out_floats[bars] = floats[row]
                ints[row, INDEX] = NEVER
                bars += 1
    if end > clock[LAST_OPEN]:
        clock[FIRST_OPEN] = NONE_OPEN  # or a leap over a year of empty bars would walk through each
    else:
        clock[FIRST_OPEN] = max(clock[FIRST_OPEN], end)
    return bars


@njit(cache=True, inline="always")
def advance(clock, rules, to_us):  # type: ignore[no-untyped-def]
    """Moves the partition's time; True if it passed a mark of the pace grid, so that `clock[CLOSED]` moved."""
    if to_us <= clock[TIME]:
        return False
    clock[TIME] = to_us
    closed = (to_us - rules[LATENESS]) // rules[PACE] * rules[PACE]
    if closed <= clock[CLOSED]:
        return False
    clock[CLOSED] = closed
    return True


@njit(cache=True)
def fold_ticks(  # type: ignore[no-untyped-def]
    start, code, ts_us, price, size, bid, ask, seq,
    clock, rules, deviations, flags, floors, ints, floats, values, memory,
    faults, out_ints, out_floats, out_reached,
):  # fmt: skip
    """Folds ticks from row `start` on, until they are done or an output is full.

    Args:
        start: first row to fold.
        code, ts_us, price, size, bid, ask, seq: columns of a TickBatch.
        clock: the partition's time, int64[5], changed.
        rules: int64 settings of the fold (`BAR`, `PACE`, ...).
        deviations: robust deviations from which a price is absurd.
        flags: bool[n, 2] settings of each instrument (`ALLOW_NEGATIVE`, `RELATIVE`).
        floors: float64[n], moves that are never absurd.
        ints, floats: open bars, [ring * n, BAR_INTS] and [ring * n, BAR_FLOATS], changed.
        values, memory: what is remembered to judge ticks, [n, JUDGE_FLOATS] and [n, JUDGE_INTS], changed.
        faults: int8 per row, set to the reason's code or 0.
        out_ints, out_floats: rows for closed bars.
        out_reached: times reached, int64.

    Returns:
        (rows done, bars written, times reached).
    """
    bar, ring, wall = rules[BAR], rules[RING], rules[WALL] == 1
    instruments = floors.shape[0]
    bars = reached = 0
    room = out_ints.shape[0] - ring * instruments
    bar_from = bar_to = slot_from = slot_to = np.int64(0)
    index = slot = np.int64(0)
    future = future_from(clock, rules)
    for i in range(start, code.shape[0]):
        if bars > room or reached == out_reached.shape[0]:
            return i, bars, reached
        c, ts, p, s = code[i], ts_us[i], price[i], size[i]
        if p != p:
            p = 0.5 * (bid[i] + ask[i])  # a quote alone is worth its middle
        fault = _fault_of_values(c, ts, p, s, bid[i], ask[i], c >= 0 and flags[c, ALLOW_NEGATIVE])
        if fault == 0 and seq[i] != NO_SEQ and _is_duplicate(memory[c], seq[i]):
            fault = _DUPLICATE
        if fault == 0 and ts > future:
            fault = _FUTURE
        if fault == 0:
            if not bar_from <= ts < bar_to:
                index = ts // bar
                bar_from, bar_to = index * bar, index * bar + bar
                slot_to = slot_from
            if bar_to <= clock[CLOSED]:
                fault = _LATE
            elif is_absurd(values[c], memory[c], p, flags[c, RELATIVE], floors[c], deviations, rules[AGREE]):
                fault = _ABSURD
        faults[i] = fault
        if fault != 0:
            continue
        if seq[i] != NO_SEQ:
            _remember_seq(memory[c], seq[i])
        if not slot_from <= ts < slot_to:
            slot = (ts - bar_from) * GRID // bar
            slot_from = bar_from + (slot * bar + GRID - 1) // GRID
            slot_to = bar_from + ((slot + 1) * bar + GRID - 1) // GRID
        # time first: what this tick passes leaves the ring before its own bar needs the place
        if advance(clock, rules, min(ts, clock[TOCK] + rules[TOCK_SLACK]) if wall else ts):
            bars = close_bars(clock, rules, ints, floats, out_ints, out_floats, bars)
            future = future_from(clock, rules)
            out_reached[reached] = clock[CLOSED]
            reached += 1
        row = (index % ring) * instruments + c
        _fold_into(ints[row], floats[row], index, slot, ts, p, s)
        clock[FIRST_OPEN] = min(clock[FIRST_OPEN], index)
        clock[LAST_OPEN] = max(clock[LAST_OPEN], index)
    return code.shape[0], bars, reached
