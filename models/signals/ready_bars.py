"""Ready-made bars, as vendors give them: what is wrong with one, and how it joins the bars made of ticks."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from models.signals.fold_kernel import LATEST_US
from schemas.bars import GRID, NEVER, BarColumns
from schemas.rejects import Reason
from schemas.ticks import UNKNOWN, BarBatch

PRICES: Final = ("open", "high", "low", "close")


def shape_fault(code: int, span: tuple[int, int, int], prices: list[float], negative_ok: bool) -> Reason | None:
    """What a ready-made bar itself shows to be wrong; `span` is (start, end, available) in microseconds."""
    start, end, available = span
    opened, high, low, closed = prices
    if code < 0:
        return Reason.UNKNOWN_INSTRUMENT if code == UNKNOWN else Reason.BAD_NAME
    if not 0 <= start < end <= available <= LATEST_US:
        return Reason.BAD_TIME
    if not np.isfinite(prices).all():
        return Reason.NOT_FINITE
    if low <= 0.0 and not negative_ok:
        return Reason.NEGATIVE_PRICE
    return None if low <= min(opened, closed) and max(opened, closed) <= high else Reason.BAD_BAR


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
