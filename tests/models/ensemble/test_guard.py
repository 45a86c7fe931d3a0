"""The guard: whatever the labels do, their share below a quantile goes to its level."""

from __future__ import annotations

import numpy as np
import pytest

from models.ensemble.guard import FARTHEST, GENTLE, PACE, Came, Guard
from models.ensemble.levels import LEVEL, LEVELS


@pytest.mark.parametrize("drift", [0.0, 1.0])
def test_coverage_is_kept_where_the_quantiles_are_wrong(drift: float) -> None:
    """Quantiles of a much too narrow distribution; labels may even wander."""
    guard, rng, below = Guard((PACE,)), np.random.default_rng(1), []
    offset = np.zeros((1, len(LEVELS)))
    narrow = np.linspace(-0.1, 0.1, len(LEVELS))
    for n in range(6000):
        y = float(rng.standard_normal() + drift * np.sin(n / 500))
        said = np.sort(narrow + offset, axis=1)
        below.append(y <= said[0])
        offset = guard.update(Came(said, y))
    assert np.mean(below, axis=0) == pytest.approx(LEVEL, abs=0.025)


def test_quantiles_that_have_crossed_come_back_where_they_are_judged_before_they_are_sorted() -> None:
    """By two scales each, as an index held at a bound leaves them; sorted first, they part to the farthest offset."""
    true = np.quantile(np.random.default_rng(1).standard_normal(100_000), LEVELS)
    labels, ends = np.random.default_rng(2).standard_normal(3000), []
    for sort in (np.asarray, np.sort):
        guard = Guard((PACE,))
        guard.offset = np.where(true > 0, -2.0, 2.0)[None]
        for y in labels:
            guard.update(Came(sort(true + guard.offset), float(y)))
        ends.append(np.abs(guard.offset).max())
    assert ends[0] < 0.3
    assert ends[1] == FARTHEST


def test_a_miss_moves_out_faster_than_a_hit_moves_in() -> None:
    guard = Guard((PACE,))
    hit = guard.peek(Came(np.full((1, len(LEVELS)), 1.0), 0.0))[0]
    miss = guard.peek(Came(np.full((1, len(LEVELS)), 1.0), 2.0))[0]
    assert hit[-1] == pytest.approx(-PACE * 0.05)
    assert miss[-1] == pytest.approx(PACE * 0.95)


def test_rows_that_slept_do_not_move() -> None:
    said = np.stack([np.zeros(len(LEVELS)), np.full(len(LEVELS), np.nan)])
    offset = Guard((PACE, PACE)).update(Came(said, 1.0))
    assert offset[0].all()
    assert not offset[1].any()


def test_every_row_moves_at_its_own_pace() -> None:
    offset = Guard((PACE, GENTLE)).update(Came(np.zeros((2, len(LEVELS))), 1.0))
    assert offset[1] == pytest.approx(offset[0] * GENTLE / PACE)
