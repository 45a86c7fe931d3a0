"""The loops behind the path, one period by hand."""

from __future__ import annotations

import numpy as np
import pytest

from models.signals import path_kernel as k
from schemas.bars import NEVER

BY_LOG = np.array([False, False])


def fresh() -> tuple[np.ndarray, np.ndarray]:
    values, counts = np.full((k.VALUES, 2), np.nan), np.zeros((k.COUNTS, 2), np.int64)
    counts[k.END] = NEVER
    k.clear(values, counts)
    return values, counts


def fold(values: np.ndarray, counts: np.ndarray, *bars: tuple[int, float], within: bool = False) -> None:
    """Flat bars of (end, price) of the first instrument."""
    ends, prices = np.array([end for end, _ in bars]), np.array([price for _, price in bars])
    ones, zeros = np.ones(len(bars)), np.zeros(len(bars))
    code = np.zeros(len(bars), np.int64)
    k.fold(code, ends, prices, prices + 1, prices - 1, prices, prices, ones, zeros, BY_LOG, within, values, counts)


def test_moves_are_summed_and_multiplied() -> None:
    values, counts = fresh()
    fold(values, counts, (1, 10.0))
    k.close_period(values, counts)
    fold(values, counts, (2, 12.0), (3, 9.0), (4, 10.0))
    seen = k.observe(values, counts, BY_LOG, 6, 0.5)
    assert seen[k.RETURN, 0] == 0.0
    assert seen[k.VARIANCE_SEEN, 0] == seen[k.BAR_VARIANCE_SEEN, 0] == 4 + 9 + 1
    assert seen[k.BIPOWER, 0] == pytest.approx(np.pi / 2 * 3 / 2 * (2 * 3 + 3 * 1))
    assert (seen[k.ELAPSED, 0], seen[k.AGE, 0]) == (0.5, 2)
    assert (values[k.HIGH, 0], values[k.LOW, 0], values[k.VOLUME, 0]) == (13.0, 8.0, 3.0)
    assert np.isnan(seen[k.RETURN : k.ELAPSED, 1]).all()


def test_a_period_without_a_bar_widens_the_gap() -> None:
    values, counts = fresh()
    fold(values, counts, (1, 10.0))
    for _ in range(3):
        k.close_period(values, counts)
    assert counts[k.GAP].tolist() == [2, 0]
    assert values[k.REFERENCE, 0] == 10.0
    assert np.isnan(values[k.OPEN, 0])


def test_a_new_session_forgets_all_but_the_last_price() -> None:
    values, counts = fresh()
    fold(values, counts, (1, 10.0), within=True)
    k.close_period(values, counts)
    k.close_period(values, counts)
    k.forget_session(values, counts)
    assert (values[k.CLOSE, 0], counts[k.GAP, 0]) == (10.0, 0)
    assert np.isnan(values[[k.REFERENCE, k.MARK], 0]).all()
    fold(values, counts, (2, 30.0), within=True)
    assert values[k.VARIANCE, 0] == 0.0
