"""Moving blocks, against blocks drawn one by one."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation.bootstrap import block_counts, correlations, interval


@pytest.mark.parametrize(("n", "length"), [(100, 20), (103, 20), (7, 20), (50, 1)])
def test_every_draw_has_as_many_days_as_there_are(n: int, length: int) -> None:
    counts = block_counts(n, length, draws=50)
    assert counts.shape == (50, n)
    assert (counts.sum(axis=1) == n).all()
    assert (counts >= 0).all()


def test_neighbours_are_drawn_together() -> None:
    counts = block_counts(1000, 50, draws=200)
    together = (counts[:, 1:] == counts[:, :-1]).mean()
    assert together > 0.94  # 40 turns of a block in 1000 days
    assert len(np.unique(counts, axis=0)) == 200


def test_draws_are_those_of_their_starts() -> None:
    starts = np.random.default_rng(3).integers(0, 11, (1, 2))[0]
    drawn = np.concatenate([np.arange(start, start + 10) for start in starts])
    expected = np.bincount(drawn, minlength=20)
    assert block_counts(20, 10, draws=1, seed=3)[0].tolist() == expected.tolist()


def test_correlations_are_those_of_the_drawn_days() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((2, 60)) + 100
    counts = block_counts(60, 10, draws=5)
    for of, found in zip(counts, correlations(x, y, counts), strict=True):
        days = np.repeat(np.arange(60), of.astype(int))
        assert found == pytest.approx(np.corrcoef(x[days], y[days])[0, 1], abs=1e-12)


def test_a_series_that_does_not_move_correlates_with_nothing() -> None:
    counts = block_counts(30, 5, draws=4)
    assert np.isnan(correlations(np.ones(30), np.arange(30.0), counts)).all()


def test_an_interval_is_the_middle_of_what_is_known() -> None:
    assert interval(np.arange(1001.0)) == pytest.approx([25.0, 975.0])
    assert interval(np.array([1.0, np.nan])) is None
    assert interval(np.full(4, np.nan)) is None


def test_wider_blocks_of_a_slow_series_are_less_sure() -> None:
    """What the blocks are for: days that remember make fewer of them than there seem to be."""
    steps = np.random.default_rng(2).standard_normal((2, 2000))
    x, y = (np.convolve(row, 0.95 ** np.arange(200), mode="valid") for row in steps)
    widths = [np.ptp(interval(correlations(x, y, block_counts(len(x), length))) or []) for length in (1, 60)]
    assert widths[1] > 2 * widths[0]
