"""The loops of `PeriodPath` over plain arrays: float64[VALUES, N] and int64[COUNTS, N], rows named here."""

from __future__ import annotations

from typing import Final

import numpy as np

from models.signals.compiled import compiled
from models.signals.moves import bounded, move
from models.signals.step import Flags, Floats, Ints
from schemas.bars import NEVER

CLOSE, REFERENCE, MARK, OPEN, HIGH, LOW, VARIANCE, BAR_VARIANCE, PRODUCTS, LAST_MOVE, VOLUME = range(11)
"""Last price; the price that the period's return is measured from; the one for the next move; then the period's."""

VALUES: Final = 11

END, MOVES, GAP = range(3)
"""End of the last bar; moves from bar to bar in this period; periods without a bar since `REFERENCE`."""

COUNTS: Final = 3

RETURN, VARIANCE_SEEN, BAR_VARIANCE_SEEN, BIPOWER, ELAPSED, AGE = range(6)
"""Rows of what `observe` gives."""


@compiled
def fold(  # noqa: PLR0917  (one loop over plain arrays, as compiled code wants it)
    code: Ints, end_us: Ints, opens: Floats, highs: Floats, lows: Floats, firsts: Floats, closes: Floats,
    volumes: Floats, realized: Floats, by_log: Flags, within_sessions: bool, values: Floats, counts: Ints,
) -> None:  # fmt: skip
    """Bars, by end and instrument, into the path."""
    for i in range(len(code)):
        c = code[i]
        opened, first, close = bounded(opens[i]), bounded(firsts[i]), bounded(closes[i])
        if within_sessions and np.isnan(values[REFERENCE, c]):
            values[REFERENCE, c] = opened
        if within_sessions and np.isnan(values[MARK, c]):
            values[MARK, c] = opened
        _fold_moves(c, first, close, realized[i], by_log[c], values, counts)
        if np.isnan(values[OPEN, c]):
            values[OPEN, c], values[HIGH, c], values[LOW, c] = opened, bounded(highs[i]), bounded(lows[i])
        values[HIGH, c] = max(values[HIGH, c], bounded(highs[i]))
        values[LOW, c] = min(values[LOW, c], bounded(lows[i]))
        values[VOLUME, c] = bounded(values[VOLUME, c] + volumes[i])
        values[CLOSE, c] = values[MARK, c] = close
        counts[END, c] = end_us[i]


@compiled
def _fold_moves(  # noqa: PLR0917  (as above)
    c: int, first: float, close: float, realized: float, by_log: bool, values: Floats, counts: Ints
) -> None:
    """The moves of one bar: into it and within it for the variance, across it for the jump test."""
    into = move(first, values[MARK, c], by_log)
    values[VARIANCE, c] += realized + (into * into if np.isfinite(into) else 0.0)
    across = move(close, values[MARK, c], by_log)
    if not np.isfinite(across):
        return
    size = abs(across)
    values[BAR_VARIANCE, c] += size * size
    values[PRODUCTS, c] += size * values[LAST_MOVE, c]
    values[LAST_MOVE, c] = size
    counts[MOVES, c] += 1


@compiled
def observe(values: Floats, counts: Ints, by_log: Flags, at_us: int, fraction: float) -> Floats:
    """What the path says at a time, float64[6, N]; rows RETURN..AGE, NaN where nothing is known."""
    n = values.shape[1]
    seen = np.full((6, n), np.nan)
    for c in range(n):
        if not np.isnan(values[OPEN, c]):
            seen[RETURN, c] = move(values[CLOSE, c], values[REFERENCE, c], by_log[c])
            if not np.isnan(values[REFERENCE, c]):
                seen[VARIANCE_SEEN, c] = values[VARIANCE, c]
        several = counts[MOVES, c]
        if several >= 2:
            seen[BAR_VARIANCE_SEEN, c] = values[BAR_VARIANCE, c]
            seen[BIPOWER, c] = np.pi / 2 * several / (several - 1) * values[PRODUCTS, c]
        seen[ELAPSED, c] = counts[GAP, c] + fraction
        if counts[END, c] != NEVER:
            seen[AGE, c] = at_us - counts[END, c]
    return seen


@compiled
def forget_session(values: Floats, counts: Ints) -> None:
    """A new session: instruments without a bar in it yet are measured from their first open."""
    for c in range(values.shape[1]):
        if np.isnan(values[OPEN, c]):
            values[REFERENCE, c] = values[MARK, c] = np.nan
            counts[GAP, c] = 0


@compiled
def close_period(values: Floats, counts: Ints) -> None:
    """The next period starts: it is measured from the close, or from further back without a bar in this one."""
    for c in range(values.shape[1]):
        if not np.isnan(values[OPEN, c]):
            values[REFERENCE, c] = values[MARK, c] = values[CLOSE, c]
            counts[GAP, c] = 0
        elif not np.isnan(values[REFERENCE, c]):
            counts[GAP, c] += 1
    clear(values, counts)


@compiled
def clear(values: Floats, counts: Ints) -> None:
    """Nothing seen yet in this period."""
    values[OPEN:VARIANCE] = np.nan
    values[VARIANCE:] = 0.0
    counts[MOVES] = 0
