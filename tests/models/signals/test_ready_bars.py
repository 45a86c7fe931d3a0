"""Ready-made bars: each fault by its name, and their place among the bars made of ticks."""

from __future__ import annotations

import numpy as np
import pytest

from models.signals.ready_bars import shape_fault, whole_bars
from schemas.bars import NEVER
from schemas.rejects import Reason
from schemas.ticks import UNKNOWN, BarBatch

SPAN = (0, 10, 20)
PRICES = [2.0, 3.0, 1.0, 2.5]


@pytest.mark.parametrize(
    ("code", "span", "prices", "reason"),
    [
        (0, SPAN, PRICES, None),
        (UNKNOWN, SPAN, PRICES, Reason.UNKNOWN_INSTRUMENT),
        (-2, SPAN, PRICES, Reason.BAD_NAME),
        (0, (10, 10, 20), PRICES, Reason.BAD_TIME),
        (0, (0, 10, 9), PRICES, Reason.BAD_TIME),
        (0, (0, 10, 2**62), PRICES, Reason.BAD_TIME),
        (0, SPAN, [2.0, float("inf"), 1.0, 2.0], Reason.NOT_FINITE),
        (0, SPAN, [2.0, 3.0, -1.0, 2.0], Reason.NEGATIVE_PRICE),
        (0, SPAN, [2.0, 2.2, 1.0, 2.5], Reason.BAD_BAR),
        (0, SPAN, [2.0, 3.0, 2.2, 2.5], Reason.BAD_BAR),
    ],
)
def test_what_a_bar_shows_to_be_wrong(
    code: int, span: tuple[int, int, int], prices: list[float], reason: Reason | None
) -> None:
    assert shape_fault(code, span, prices, negative_ok=False) == reason


def test_negative_prices_pass_where_they_can_be_true() -> None:
    assert shape_fault(0, SPAN, [-2.0, -1.0, -3.0, -2.5], negative_ok=True) is None


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
