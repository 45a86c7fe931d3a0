"""When one of two is slower: the interval is exact, noise is not a failure, and a slowdown is one."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bench.pairs import COVERED, LEAST_PAIRS, WORSE, judge, rank


@pytest.mark.parametrize("pairs", range(LEAST_PAIRS, 40))
def test_the_interval_covers_the_median_and_is_no_wider_than_it_must(pairs: int) -> None:
    def covered(left_out: int) -> float:
        return 1 - 2 * sum(math.comb(pairs, k) for k in range(left_out + 1)) / 2**pairs

    assert covered(rank(pairs)) >= COVERED > covered(rank(pairs) + 1)


def test_too_few_pairs_and_values_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="5 pairs"):
        rank(5)
    with pytest.raises(ValueError, match="no positive number"):
        judge([1.0] * 6, [1.0] * 5 + [0.0], higher_is_better=True)


def test_noise_alone_seldom_fails() -> None:
    rng = np.random.default_rng(3)
    failed = 0
    for _ in range(400):
        old, new = np.exp(rng.normal(0, 0.1, (2, 10)))
        failed += judge(old.tolist(), new.tolist(), higher_is_better=False).worse
    assert failed / 400 <= 1 - COVERED


@pytest.mark.parametrize("higher", [False, True])
def test_a_slowdown_beyond_the_noise_fails_and_its_inverse_is_faster(higher: bool) -> None:
    rng = np.random.default_rng(4)
    old = np.exp(rng.normal(0, 0.02, 10))
    new = old * (1 / 1.2 if higher else 1.2) * np.exp(rng.normal(0, 0.02, 10))
    there = judge(old.tolist(), new.tolist(), higher_is_better=higher)
    back = judge(new.tolist(), old.tolist(), higher_is_better=higher)
    assert there.worse
    assert not there.better
    assert back.better
    assert there.ratio == pytest.approx(1 / back.ratio)
    assert there.ratio == pytest.approx(1.2, abs=0.05)


def test_a_slowdown_of_less_than_a_failure_is_left_to_the_eye() -> None:
    old = [1.0] * 10
    found = judge(old, [1 + WORSE / 2] * 10, higher_is_better=False)
    assert found.low > 1
    assert not found.worse
