"""Parts that do not know each other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.splits import LEAST, TooShortError, splits


@given(st.integers(900, 2000), st.integers(1, 4), st.integers(1, 30), st.integers(0, 60))
def test_no_part_knows_of_a_later_one(n: int, folds: int, horizon: int, embargo: int) -> None:
    at = np.arange(n, dtype=np.int64) * 10
    due, judged = at + 10 * horizon, []
    for one in splits(at, due, n // 2, folds, embargo):
        assert due[one.taught].max() < at[one.checked].min()
        assert due[one.checked].max() < at[one.judged].min()
        assert one.checked.min() - one.taught.max() > embargo
        assert one.judged.min() - one.checked.max() > embargo
        assert min(len(one.taught), len(one.checked), len(one.judged)) >= LEAST
        judged.append(one.judged)
    assert np.concatenate(judged).tolist() == list(range(n // 2, n))


def test_a_late_label_is_purged() -> None:
    at = np.arange(1000, dtype=np.int64)
    due = at + 1
    due[100] = 10_000
    (one,) = splits(at, due, 700, 1, embargo=0)
    assert 100 not in one.taught
    assert 99 in one.taught


def test_a_short_history_is_told() -> None:
    at = np.arange(200, dtype=np.int64)
    with pytest.raises(TooShortError, match="200 lessons are too few for 4 folds"):
        list(splits(at, at + 1, 100, 4))
