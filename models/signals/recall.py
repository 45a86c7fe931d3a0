"""What a fold remembered of prices before the ticks that are going to be sent again."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.signals import fold_layout as layout
from models.signals.step import Floats

Ints = npt.NDArray[np.int64]


def unclosed(ints: Ints, clock: Ints, rules: Ints) -> npt.NDArray[np.bool_]:
    """Rows of bars that some tick began, good or not, and that are not closed, bool[ring * n]."""
    begun: npt.NDArray[np.bool_] = ints[:, layout.KEPT] >= clock[layout.CLOSED] // rules[layout.BAR]
    return begun


def recall(begun: npt.NDArray[np.bool_], ints: Ints, floats: Floats, values: Floats, memory: Ints) -> None:
    """Takes each instrument back to before its first tick that is not closed; sequence numbers start anew.

    Args:
        begun: rows of bars that are not closed.
        ints: times and counts of the open bars, int64[ring * n, BAR_INTS].
        floats: their prices, float64[ring * n, BAR_FLOATS].
        values: prices remembered to judge ticks, float64[n, JUDGE_FLOATS], changed.
        memory: counts likewise, int64[n, JUDGE_INTS], changed.
    """
    n = len(values)
    kept = np.where(begun, ints[:, layout.KEPT], layout.NONE_OPEN).reshape(-1, n)
    one = np.flatnonzero(kept.min(axis=0) < layout.NONE_OPEN)
    rows = kept.argmin(axis=0)[one] * n + one
    values[one] = floats[rows, layout.KEPT_VALUES : layout.KEPT_VALUES + layout.JUDGE_FLOATS]
    memory[one, layout.AGREED] = ints[rows, layout.KEPT_AGREED]
    memory[:, layout.SEQ_HIGH], memory[:, layout.SEQ_SEEN] = -1, 0
