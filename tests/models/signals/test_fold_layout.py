"""Columns of the fold's arrays: each has a place of its own, and the widths hold them all."""

from __future__ import annotations

import pytest

from models.signals import fold_layout as layout
from schemas.bars import GRID

GROUPS = [
    (
        (
            layout.INDEX, layout.OPEN_US, layout.COUNT, layout.KEPT, layout.KEPT_AGREED,
            *range(layout.GRID_US, layout.GRID_US + GRID),
        ),
        layout.BAR_INTS,
    ),
    (
        (
            layout.OPEN, layout.HIGH, layout.LOW, layout.VOLUME,
            *range(layout.KEPT_VALUES, layout.KEPT_VALUES + layout.JUDGE_FLOATS),
            *range(layout.GRID_PRICE, layout.GRID_PRICE + GRID),
        ),
        layout.BAR_FLOATS,
    ),
    ((layout.LAST, layout.DEVIATION, layout.SUSPECT), layout.JUDGE_FLOATS),
    ((layout.SEQ_HIGH, layout.SEQ_SEEN, layout.AGREED), layout.JUDGE_INTS),
    ((layout.TIME, layout.CLOSED, layout.TOCK, layout.FIRST_OPEN, layout.LAST_OPEN), 5),
]  # fmt: skip


@pytest.mark.parametrize(("places", "width"), GROUPS)
def test_each_column_has_its_own_place(places: tuple[int, ...], width: int) -> None:
    assert sorted(places) == list(range(width))
