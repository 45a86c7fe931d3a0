"""The least that a bar needs: a compiled loop without a check, as the limit beside which the engine is measured."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from models.signals.compiled import compiled

COLUMNS: Final = 6
"""Open, high, low, close, volume, count."""


@compiled
def bare_fold(  # noqa: PLR0917  (one loop over plain arrays, as compiled code wants it)
    code: npt.NDArray[np.int32],
    ts_us: npt.NDArray[np.int64],
    price: npt.NDArray[np.float64],
    size: npt.NDArray[np.float64],
    start_us: int,
    bar_us: int,
    bars: npt.NDArray[np.float64],
) -> None:
    """Ticks in order into `bars`, float64[bars, instruments, 6]."""
    for row in range(len(code)):
        bar = bars[(ts_us[row] - start_us) // bar_us, code[row]]
        at = price[row]
        if bar[5] == 0.0:
            bar[0] = bar[1] = bar[2] = at
        bar[1] = max(bar[1], at)
        bar[2] = min(bar[2], at)
        bar[3] = at
        bar[4] += size[row]
        bar[5] += 1.0


@compiled
def bare_engine(  # noqa: PLR0917  (one loop over plain arrays, as compiled code wants it)
    code: npt.NDArray[np.int32],
    ts_us: npt.NDArray[np.int64],
    price: npt.NDArray[np.float64],
    size: npt.NDArray[np.float64],
    start_us: int,
    bar_us: int,
    slots: int,
    weight: float,
    bars: npt.NDArray[np.float64],
    grid: npt.NDArray[np.float64],
    variance: npt.NDArray[np.float64],
    clock: npt.NDArray[np.int64],
) -> None:
    """Ticks in order into `bars` as above, and variances of the bars that are over; nothing is judged.

    Args:
        code: instrument of each tick of a record, int32[n].
        ts_us: its time, int64[n].
        price: its price, float64[n].
        size: its size, float64[n].
        start_us: beginning of the first bar.
        bar_us: length of a bar.
        slots: parts of a bar from whose ends moves are taken.
        weight: of the newest bar in the mean of squared moves.
        bars: float64[bars, instruments, 6], changed.
        grid: last price of each slot of the bar that is open, after the last price before it, float64[instruments,
            1 + slots]; 0 where there is none; changed.
        variance: the mean, float64[instruments], changed.
        clock: the bar that is open, int64[1], changed.
    """
    for row in range(len(code)):
        index = (ts_us[row] - start_us) // bar_us
        while clock[0] < index:
            _close(slots, weight, grid, variance, clock[0] > 0)
            clock[0] += 1
        bar, at = bars[index, code[row]], price[row]
        if bar[5] == 0.0:
            bar[0] = bar[1] = bar[2] = at
        bar[1] = max(bar[1], at)
        bar[2] = min(bar[2], at)
        bar[3] = at
        bar[4] += size[row]
        bar[5] += 1.0
        grid[code[row], 1 + (ts_us[row] - start_us - index * bar_us) * slots // bar_us] = at


@compiled
def _close(
    slots: int, weight: float, grid: npt.NDArray[np.float64], variance: npt.NDArray[np.float64], counts: bool
) -> None:
    """The end of a bar: its squared moves into the means, its last price before the next one's."""
    for one in range(len(grid)):
        last, squares = grid[one, 0], 0.0
        for slot in range(1, slots + 1):
            now = grid[one, slot]
            if now > 0.0:
                if last > 0.0:
                    squares += np.log(now / last) ** 2
                last = now
            grid[one, slot] = 0.0
        grid[one, 0] = last
        if counts:  # the first bar has no close before it to be measured from
            variance[one] += weight * (squares - variance[one])
