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
