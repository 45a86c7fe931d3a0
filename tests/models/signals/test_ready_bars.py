"""Ready-made bars: each fault by its name, and their place among the bars made of ticks."""

from __future__ import annotations

import numpy as np

from models.signals.ready_bars import whole_bars
from schemas.bars import NEVER
from schemas.ticks import BarBatch


def test_it_counts_from_the_moment_it_was_public_and_invents_no_path() -> None:
    ints, floats = np.array([1, 2], np.int64), np.array([5.0, 6.0])
    batch = BarBatch(
        np.array([0, 1], np.int32), ints, ints + 10, ints + 20, floats, floats, floats, floats, floats, ints
    )
    bars = whole_bars(batch, np.array([1]))
    assert bars.end_us.tolist() == [22]
    assert bars.grid_us[0, :-1].tolist() == [NEVER] * (bars.grid_us.shape[1] - 1)
    assert bars.grid_us[0, -1] == 11
    assert bars.grid_price[0, -1] == 6.0
