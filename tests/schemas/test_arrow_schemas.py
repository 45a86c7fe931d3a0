"""Columns of Arrow records stand in the order of the arrays that they become."""

from __future__ import annotations

from schemas.arrow_schemas import BARS_SCHEMA, TICKS_SCHEMA
from schemas.ticks import BarBatch, TickBatch


def test_columns_stand_in_the_order_of_the_wire() -> None:
    assert list(TickBatch.__slots__) == ["code", *TICKS_SCHEMA.names[1:]]
    assert list(BarBatch.__slots__) == ["code", *BARS_SCHEMA.names[1:]]


def test_what_must_be_there_is_what_a_tick_and_a_bar_cannot_do_without() -> None:
    assert [field.name for field in TICKS_SCHEMA if not field.nullable] == ["instrument", "ts_us"]
    assert {field.name for field in BARS_SCHEMA if field.nullable} == {"available_us", "volume", "count"}
