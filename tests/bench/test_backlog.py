"""The benchmark of full topics makes what it says and refuses what was not read."""

from __future__ import annotations

import numpy as np
import pytest

from bench import backlog
from bench.case import WrongOutputError
from bench.heaps import Heap
from schemas.instruments import Instruments
from schemas.ticks_wire import decode_ticks


@pytest.mark.parametrize(("rows", "compress"), [(1, False), (100, False), (8_192, True)])
def test_records_follow_each_other_in_time(rows: int, compress: bool) -> None:
    heap = Heap(rows, instruments=40, minute=6_000, compress=compress)
    known = Instruments(heap.names)
    parts = [decode_ticks(heap.record(number), known) for number in range(70)]
    assert {len(part) for part in parts} == {rows}
    times = np.concatenate([part.ts_us for part in parts])
    np.testing.assert_array_equal(np.diff(times), np.full(70 * rows - 1, 10_000))
    assert heap.end_us(70) > times[-1]
    assert heap.end_us(70) - times[-1] <= 60_000_000
    assert all((part.code >= 0).all() for part in parts)


def test_ticks_not_read_or_refused_are_no_figure() -> None:
    page = 'esi_ticks_total{feed="bench",partition="0"} 60.0\nesi_ticks_total{feed="bench",partition="1"} 40.0'
    backlog.check(page, 100)
    for wrong in (page.replace("60.0", "59.0"), page + '\nesi_rejects_total{feed="bench",reason="late"} 1.0'):
        with pytest.raises(WrongOutputError):
            backlog.check(wrong, 100)
