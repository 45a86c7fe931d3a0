"""Ticks as columns: their number and their arrays."""

from __future__ import annotations

import numpy as np

from schemas.ticks import BarBatch, TickBatch


def test_length_and_columns_are_those_of_the_arrays() -> None:
    arrays = [np.arange(3) + n for n in range(7)]
    batch = TickBatch(*arrays)
    assert len(batch) == 3
    assert all(one is other for one, other in zip(batch.columns(), arrays, strict=True))
    assert len(BarBatch(*(np.arange(2) for _column in BarBatch.__slots__))) == 2
