"""Back to before the first tick that is not closed, instrument by instrument."""

from __future__ import annotations

import numpy as np

from models.signals import fold_layout as layout
from models.signals.recall import recall, unclosed
from schemas.bars import NEVER

BAR_US, RING, N = 1_000_000, 3, 2
RULES = np.array([BAR_US])


def clock(closed_us: int) -> np.ndarray:
    return np.array([closed_us, closed_us, NEVER, layout.NONE_OPEN, -1])


def test_each_goes_back_to_its_own_earliest_bar_that_is_not_closed() -> None:
    ints = np.full((RING * N, layout.BAR_INTS), NEVER)
    floats = np.zeros((RING * N, layout.BAR_FLOATS))
    for slot, code, bar, last, agreed in ((0, 0, 9, 1.0, 0), (1, 0, 10, 2.0, 2), (2, 0, 11, 3.0, 0), (2, 1, 8, 4.0, 0)):
        row = slot * N + code
        ints[row, layout.KEPT], ints[row, layout.KEPT_AGREED] = bar, agreed
        floats[row, layout.KEPT_VALUES : layout.KEPT_VALUES + layout.JUDGE_FLOATS] = (last, last / 10, np.nan)
    begun = unclosed(ints, clock(10 * BAR_US), RULES)
    assert np.flatnonzero(begun).tolist() == [2, 4], "bars 10 and 11 of the first; what is closed is over"
    values, memory = np.full((N, layout.JUDGE_FLOATS), 9.0), np.full((N, layout.JUDGE_INTS), 5)
    recall(begun, ints, floats, values, memory)
    np.testing.assert_array_equal(values, [[2.0, 0.2, np.nan], [9.0, 9.0, 9.0]])
    assert memory[:, layout.AGREED].tolist() == [2, 5]
    assert memory[:, [layout.SEQ_HIGH, layout.SEQ_SEEN]].tolist() == [[-1, 0], [-1, 0]]


def test_before_the_first_record_there_is_nowhere_to_go_back_to() -> None:
    assert not unclosed(np.full((RING * N, layout.BAR_INTS), NEVER), clock(NEVER), RULES).any()
