"""Bars as columns: taking and joining keep every column."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.bars import GRID, NEVER, BarColumns


def _bars(count: int) -> BarColumns:
    ints, floats = np.arange(count), np.arange(count, dtype=np.float64)
    return BarColumns(
        ints.astype(np.int32), ints, ints + 1, ints, floats, floats + 1, floats - 1, floats, ints,
        np.full((count, GRID), NEVER), np.repeat(floats[:, None], GRID, axis=1),
    )  # fmt: skip


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 20), st.integers(0, 20))
def test_cut_and_joined_bars_are_the_same(count: int, cut: int) -> None:
    bars, rows = _bars(count), np.arange(count)
    joined = BarColumns.join([bars.take(rows < cut), BarColumns.none(), bars.take(rows[cut:])])
    assert len(joined) == count
    for one, other in zip(joined.columns(), bars.columns(), strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype


def test_no_parts_are_no_bars() -> None:
    assert len(BarColumns.join([])) == 0
    assert BarColumns.none().grid_us.shape == (0, GRID)
