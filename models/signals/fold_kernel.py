"""The one loop that touches every tick: judge it, fold it into its bar, move the partition's time, close bars.

Compiled by numba; pure apart from the arrays it is given. Sums fold tick by tick in offset order, so that
another batching of the same ticks gives the same bits.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit

from models.signals.fold_layout import (
    ABSURD, AGREE, AGREED, ALLOW_NEGATIVE, BAD_BAR, BAD_NAME, BAD_TIME, BAR, CLOSED, COUNT, CROSSED, DEVIATION,
    DUPLICATE, FIRST_OPEN, FUTURE, FUTURE_SLACK, GRID_PRICE, GRID_US, HIGH, INDEX, JUDGE_FLOATS, KEPT, KEPT_AGREED,
    KEPT_VALUES, LAST, LAST_OPEN, LATE, LATENESS, LATEST_US, LEAP, LOW, NEGATIVE_PRICE, NEGATIVE_SIZE, NONE_OPEN,
    NOT_FINITE, NO_PRICE, OPEN, OPEN_US, PACE, RELATIVE, RING, SEQ_HIGH, SEQ_SEEN, SUSPECT, TIME, TOCK, TOCK_SLACK,
    UNKNOWN_NAME, VOLUME, WALL,
)  # fmt: skip
from schemas.bars import GRID, NEVER
from schemas.ticks import NO_SEQ, UNKNOWN

_INFINITE: Final = 0x7FF0_0000_0000_0000
"""Bits of an infinite float."""
_BLOCK: Final = 1024
"""Ticks that are looked at in one go, whether they are plain."""
_MEMORY: Final = 1.0 / 64.0
"""Weight of the newest move in the robust deviation (an exponential mean of absolute moves)."""
_WINDOW: Final = 64
"""Sequence numbers this far behind the newest are remembered one by one."""


@njit(cache=True, inline="always")
def _fault_of_values(code, ts, price, size, crossed, allow_negative):  # type: ignore[no-untyped-def]
    """Reason code of what the tick itself shows to be wrong, 0 if nothing."""
    if code < 0:
        return UNKNOWN_NAME if code == UNKNOWN else BAD_NAME
    if ts < 0 or ts > LATEST_US:
        return BAD_TIME
    if crossed:
        return CROSSED
    if price != price:
        return NO_PRICE
    if not (np.isfinite(price) and np.isfinite(size)):
        return NOT_FINITE
    if price <= 0.0 and not allow_negative:
        return NEGATIVE_PRICE
    return NEGATIVE_SIZE if size < 0.0 else 0


@njit(cache=True, inline="always")
def _is_duplicate(memory, code, seq):  # type: ignore[no-untyped-def]
    """Whether this sequence number was accepted before (or is too old to tell)."""
    behind = memory[code, SEQ_HIGH] - seq
    return behind >= 0 and (behind >= _WINDOW or (memory[code, SEQ_SEEN] >> behind) & 1 == 1)


@njit(cache=True, inline="always")
def _remember_seq(memory, code, seq):  # type: ignore[no-untyped-def]
    ahead = seq - memory[code, SEQ_HIGH]
    if ahead <= 0:
        memory[code, SEQ_SEEN] |= np.int64(1) << -ahead
        return
    memory[code, SEQ_SEEN] = (memory[code, SEQ_SEEN] << ahead if ahead < _WINDOW else np.int64(0)) | 1
    memory[code, SEQ_HIGH] = seq


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
def is_absurd(values, memory, code, price, relative, floor, deviations, agree):  # type: ignore[no-untyped-def]
    """Judges a price by the instrument's past and learns from it; True if it must be left out.

    A price more than `max(floor, deviations * mean absolute move)` from the last good one is suspect. When `agree`
    suspects in a row stand within that limit of each other, the market has truly jumped: the last of them is good.
    """
    last = values[code, LAST]
    if last == last:
        move, deviation = _distance(price, last, relative), values[code, DEVIATION]
        limit = max(floor, deviations * deviation)
        if move > limit:
            near = memory[code, AGREED] > 0 and _distance(price, values[code, SUSPECT], relative) <= limit
            memory[code, AGREED] = memory[code, AGREED] + 1 if near else 1
            values[code, SUSPECT] = price
            if memory[code, AGREED] < agree:
                return True
        else:
            values[code, DEVIATION] = deviation + _MEMORY * (move - deviation)
    memory[code, AGREED] = 0
    values[code, LAST] = price
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
            faults[k] = FUTURE
        elif available[k] <= clock[CLOSED]:
            faults[k] = LATE
        elif is_absurd(values, memory, n, prices[3, k], flags[n, RELATIVE], floors[n], deviations, rules[AGREE]):
            faults[k] = ABSURD


@njit(cache=True, inline="always")
def _shape_fault(code, start, end, available, prices, flags):  # type: ignore[no-untyped-def]
    """What a ready-made bar itself shows to be wrong."""
    if code < 0:
        return UNKNOWN_NAME if code == UNKNOWN else BAD_NAME
    if not 0 <= start < end <= available <= LATEST_US:
        return BAD_TIME
    if not np.isfinite(prices).all():
        return NOT_FINITE
    opened, high, low, closed = prices
    if low <= 0.0 and not flags[code, ALLOW_NEGATIVE]:
        return NEGATIVE_PRICE
    return 0 if low <= min(opened, closed) and max(opened, closed) <= high else BAD_BAR


@njit(cache=True)
def _keep(ints, floats, row, index, values, memory, code):  # type: ignore[no-untyped-def]
    """What is remembered of an instrument before the first tick of a bar, good or not."""
    ints[row, KEPT], ints[row, KEPT_AGREED] = index, memory[code, AGREED]
    floats[row, KEPT_VALUES : KEPT_VALUES + JUDGE_FLOATS] = values[code]


@njit(cache=True, inline="always")
def _fold_into(ints, floats, row, index, slot, ts, price, size):  # type: ignore[no-untyped-def]
    """One good tick into its bar; ties in time: the first opens, the last closes."""
    if ints[row, INDEX] != index:
        ints[row, INDEX], ints[row, OPEN_US], ints[row, COUNT] = index, ts, 1
        for place in range(GRID):  # nothing of the bar that lay here before
            ints[row, GRID_US + place], floats[row, GRID_PRICE + place] = NEVER, 0.0
        floats[row, OPEN], floats[row, HIGH], floats[row, LOW], floats[row, VOLUME] = price, price, price, size
    else:
        if ts < ints[row, OPEN_US]:
            ints[row, OPEN_US], floats[row, OPEN] = ts, price
        floats[row, HIGH] = max(floats[row, HIGH], price)
        floats[row, LOW] = min(floats[row, LOW], price)
        floats[row, VOLUME] += size
        ints[row, COUNT] += 1
    if ts >= ints[row, GRID_US + slot]:
        ints[row, GRID_US + slot], floats[row, GRID_PRICE + slot] = ts, price


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


@njit(cache=True, inline="always")
def _next_mark(clock, rules):  # type: ignore[no-untyped-def]
    """The earliest time that moves `clock[CLOSED]`: a division for each mark instead of one for each tick."""
    if clock[TIME] == NEVER:
        return np.int64(NEVER)
    return clock[CLOSED] + rules[PACE] + rules[LATENESS]


@njit(cache=True, inline="always")
def _are_plain(code, ts_us, price, size, from_us, to_us):  # type: ignore[no-untyped-def]
    """Whether all are of known instruments and times, with positive finite prices and finite sizes.

    The sign of one number tells: bits of floats that are not negative are in order as whole numbers, and what is out of
    bounds leaves something negative behind. Without a branch, so that several ticks are looked at in one instruction.
    """
    prices, sizes, odd = price.view(np.int64), size.view(np.int64), np.int64(0)
    for i in range(len(code)):
        t, p, s = ts_us[i], prices[i], sizes[i]
        odd |= code[i] | t | (t - from_us) | (to_us - 1 - t) | (p - 1) | (_INFINITE - 1 - p) | s | (_INFINITE - 1 - s)
    return odd >= 0


@njit(cache=True)
def _fold_plain(  # type: ignore[no-untyped-def]
    code, ts_us, price, size, seq, base, index, slot,
    deviations, agree, flags, floors, ints, floats, values, memory, faults,
):  # fmt: skip
    """Folds ticks of one slot of one bar that is open, which need no more than the judgement of their prices.

    Returns:
        The latest time of a good one, `NEVER` if none is.
    """
    latest, numbered = np.int64(NEVER), seq.shape[0] > 0
    for i in range(len(code)):
        c, ts, p = np.uintp(code[i]), ts_us[i], price[i]
        row = base + c
        if numbered and seq[i] != NO_SEQ and _is_duplicate(memory, c, seq[i]):
            faults[i] = DUPLICATE
            continue
        if ints[row, KEPT] != index:
            _keep(ints, floats, row, index, values, memory, c)
        if is_absurd(values, memory, c, p, flags[c, RELATIVE], floors[c], deviations, agree):
            faults[i] = ABSURD
            continue
        faults[i] = 0
        if numbered and seq[i] != NO_SEQ:
            _remember_seq(memory, c, seq[i])
        latest = max(latest, ts)
        _fold_into(ints, floats, row, index, slot, ts, p, size[i])
    return latest


@njit(cache=True)
def fold_ticks(  # type: ignore[no-untyped-def]  # noqa: PLR0915 - the one loop over all ticks
    start, code, ts_us, price, size, bid, ask, seq,
    clock, rules, deviations, flags, floors, ints, floats, values, memory,
    faults, out_ints, out_floats, out_reached,
):  # fmt: skip
    """Folds ticks from row `start` on, until they are done or an output is full.

    Args:
        start: first row to fold.
        code, ts_us, price, size, bid, ask, seq: columns of a TickBatch; the last three empty where no row has any.
        clock: the partition's time, int64[5], changed.
        rules: int64 settings of the fold (`BAR`, `PACE`, ...).
        deviations: robust deviations from which a price is absurd.
        flags, floors: of each instrument, bool[n, 2] (`ALLOW_NEGATIVE`, `RELATIVE`) and moves that are never absurd.
        ints, floats: open bars, [ring * n, BAR_INTS] and [ring * n, BAR_FLOATS], changed.
        values, memory: what is remembered to judge ticks, [n, JUDGE_FLOATS] and [n, JUDGE_INTS], changed.
        faults: int8 per row, set to the reason's code or 0.
        out_ints, out_floats, out_reached: rows for closed bars, and for the times reached, int64.

    Returns:
        (rows done, bars written, times reached).
    """
    bar, ring, wall, agree = rules[BAR], rules[RING], rules[WALL] == 1, rules[AGREE]
    instruments, newest = floors.shape[0], clock[TOCK] + rules[TOCK_SLACK]
    quoted, numbered = bid.shape[0] > 0, seq.shape[0] > 0
    bars = reached = 0
    room = out_ints.shape[0] - ring * instruments
    bar_from = bar_to = slot_from = slot_to = base = index = slot = np.int64(0)
    # what moves with every tick lives in registers; the clock is told before anybody else reads it
    time, first, last = clock[TIME], clock[FIRST_OPEN], clock[LAST_OPEN]
    future, mark = future_from(clock, rules), _next_mark(clock, rules)
    i, block = start, start
    while i < code.shape[0]:
        if i >= block and not quoted and slot_from < slot_to and bar_to > clock[CLOSED]:
            block = min(i + _BLOCK, code.shape[0])
            until = min(slot_to, mark, future + 1)  # within it nothing closes, nothing is late or of the future
            if _are_plain(code[i:block], ts_us[i:block], price[i:block], size[i:block], slot_from, until):
                to = _fold_plain(
                    code[i:block], ts_us[i:block], price[i:block], size[i:block], seq[i:block], np.uintp(base), index,
                    slot, deviations, agree, flags, floors, ints, floats, values, memory, faults[i:block],
                )  # fmt: skip
                if to != NEVER:
                    time = max(time, min(to, newest) if wall else to)
                    first, last = min(first, index), max(last, index)
                i = block
                continue
        if bars > room or reached == out_reached.shape[0]:
            clock[TIME], clock[FIRST_OPEN], clock[LAST_OPEN] = time, first, last
            return i, bars, reached
        i, k = i + 1, i
        c, ts, p, s = code[k], ts_us[k], price[k], size[k]
        if quoted and p != p:
            p = 0.5 * (bid[k] + ask[k])  # a quote alone is worth its middle
        # a quote with one side missing is not crossed: NaN is not greater than anything
        fault = _fault_of_values(c, ts, p, s, quoted and bid[k] > ask[k], c >= 0 and flags[c, ALLOW_NEGATIVE])
        if fault == 0 and numbered and seq[k] != NO_SEQ and _is_duplicate(memory, c, seq[k]):
            fault = DUPLICATE
        if fault == 0 and ts > future:
            fault = FUTURE
        if fault == 0:
            if not bar_from <= ts < bar_to:
                index = ts // bar
                bar_from, bar_to, base = index * bar, index * bar + bar, index % ring * instruments
                slot_to = slot_from
            if bar_to <= clock[CLOSED]:
                fault = LATE
            else:
                if ints[base + c, KEPT] != index:
                    _keep(ints, floats, base + c, index, values, memory, c)
                fault = ABSURD * is_absurd(values, memory, c, p, flags[c, RELATIVE], floors[c], deviations, agree)
        faults[k] = fault
        if fault != 0:
            continue
        if numbered and seq[k] != NO_SEQ:
            _remember_seq(memory, c, seq[k])
        if not slot_from <= ts < slot_to:
            slot = (ts - bar_from) * GRID // bar
            slot_from = bar_from + (slot * bar + GRID - 1) // GRID
            slot_to = bar_from + ((slot + 1) * bar + GRID - 1) // GRID
        # time first: what this tick passes leaves the ring before its own bar needs the place
        to = min(ts, newest) if wall else ts
        if to >= mark:
            clock[TIME], clock[FIRST_OPEN], clock[LAST_OPEN] = time, first, last
            advance(clock, rules, to)
            bars = close_bars(clock, rules, ints, floats, out_ints, out_floats, bars)
            first, last = clock[FIRST_OPEN], clock[LAST_OPEN]
            future, mark = future_from(clock, rules), _next_mark(clock, rules)
            out_reached[reached] = clock[CLOSED]
            reached += 1
        time, first, last = max(time, to), min(first, index), max(last, index)
        _fold_into(ints, floats, base + c, index, slot, ts, p, s)
    clock[TIME], clock[FIRST_OPEN], clock[LAST_OPEN] = time, first, last
    return code.shape[0], bars, reached
