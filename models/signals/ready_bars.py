"""Ready-made bars, as vendors give them: how they join the bars made of ticks."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from schemas.bars import GRID, NEVER, BarColumns
from schemas.ticks import BarBatch

PRICES: Final = ("open", "high", "low", "close")


def whole_bars(batch: BarBatch, rows: npt.NDArray[np.intp]) -> BarColumns:
    """Ready-made bars as columns: they count from the moment they were public, and only their close is on the grid."""
    grid_us = np.full((len(rows), GRID), NEVER)
    grid_us[:, -1] = batch.end_us[rows] - 1
    grid_price = np.zeros((len(rows), GRID))
    grid_price[:, -1] = batch.close[rows]
    return BarColumns(
        batch.code[rows], batch.start_us[rows], batch.available_us[rows], batch.start_us[rows], batch.open[rows],
        batch.high[rows], batch.low[rows], batch.volume[rows], batch.count[rows], grid_us, grid_price,
    )  # fmt: skip
