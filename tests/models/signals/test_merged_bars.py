"""Merging bars of several partitions, against a dictionary of rows."""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.signals.merged_bars import merge_bars
from schemas.bars import GRID, NEVER, BarColumns
from tests.models import tape

BY_LOG = np.array([True, True, False])

prices = st.floats(0.5, 200.0)
paths = st.lists(prices | st.just(math.nan), min_size=GRID, max_size=GRID).filter(lambda p: not all(map(math.isnan, p)))
rows = st.fixed_dictionaries(
    {
        "code": st.integers(0, 2),
        "end_us": st.sampled_from([tape.START, tape.START + tape.SECOND]),
        "path": paths,
        "shift_us": st.integers(0, 2),
        "volume": st.floats(0, 9),
    }
)


def reference(columns: BarColumns) -> list[tuple[Any, ...]]:
    """The definition, row by row in plain Python."""
    groups: dict[tuple[int, int], list[int]] = defaultdict(list)
    for i in range(len(columns)):
        groups[int(columns.end_us[i]), int(columns.code[i])].append(i)
    found = []
    for (end, code), members in sorted(groups.items()):
        opener = min(members, key=lambda i: (int(columns.open_us[i]), members.index(i)))
        path = []
        for k in range(GRID):
            best = max(members, key=lambda i: (int(columns.grid_us[i, k]), members.index(i)))
            if columns.grid_us[best, k] != NEVER:
                path.append(float(columns.grid_price[best, k]))
        steps = [math.log(b / a) if BY_LOG[code] else b - a for a, b in pairwise(path)]
        found.append((
            code, end, int(columns.count[members].sum()), float(columns.open[opener]),
            float(columns.high[members].max()), float(columns.low[members].min()),
            sum(columns.volume[members].tolist()), path[0], path[-1], sum(s * s for s in steps),
        ))  # fmt: skip
    return found


@settings(max_examples=60, deadline=None)
@given(st.lists(rows, max_size=12))
def test_merging_is_its_definition(listed: list[dict[str, Any]]) -> None:
    columns = tape.columns(listed)
    merged = merge_bars(columns, BY_LOG)
    found = list(zip(*(getattr(merged, name).tolist() for name in merged.__slots__), strict=True))
    assert found == [pytest.approx(row, rel=1e-13, abs=1e-15) for row in reference(columns)]


def test_the_earlier_partition_opens_and_the_later_one_closes_where_times_are_equal() -> None:
    path = [1.0] + [math.nan] * (GRID - 1)
    two = tape.columns([
        {"code": 0, "end_us": tape.START, "path": path},
        {"code": 0, "end_us": tape.START, "path": [2.0, *path[1:]]},
    ])  # fmt: skip
    merged = merge_bars(two, BY_LOG)
    assert (merged.open.tolist(), merged.close.tolist(), merged.count.tolist()) == ([1.0], [2.0], [2])


def test_nothing_merges_to_nothing() -> None:
    assert len(merge_bars(BarColumns.none(), BY_LOG)) == 0


def test_a_slice_is_a_view_of_the_rows() -> None:
    listed = [{"code": c, "end_us": tape.START, "path": [1.0 + c] * GRID} for c in range(3)]
    merged = merge_bars(tape.columns(listed), BY_LOG)
    assert merged.slice(1, 3).code.tolist() == [1, 2]
    assert merged.slice(0, 3) is merged
