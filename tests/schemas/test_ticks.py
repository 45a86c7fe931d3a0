"""Ticks as columns: the arrays stand in the order of the wire."""

from __future__ import annotations

import numpy as np

from schemas.arrow_schemas import BARS_SCHEMA, TICKS_SCHEMA
from schemas.ticks import BarBatch, TickBatch


def test_columns_stand_in_the_order_of_the_wire() -> None:
    assert list(TickBatch.__slots__) == ["code", *TICKS_SCHEMA.names[1:]]
    assert list(BarBatch.__slots__) == ["code", *BARS_SCHEMA.names[1:]]


def test_length_and_columns_are_those_of_the_arrays() -> None:
    arrays = [np.arange(3) + n for n in range(7)]
    batch = TickBatch(*arrays)
    assert len(batch) == 3
    assert all(one is other for one, other in zip(batch.columns(), arrays, strict=True))
    assert len(BarBatch(*(np.arange(2) for _column in BarBatch.__slots__))) == 2
