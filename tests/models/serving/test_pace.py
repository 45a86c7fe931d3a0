"""Slow is who takes too long in every run of a row, never who is slow now and then."""

from __future__ import annotations

import itertools

import pytest

from models.serving.pace import SLOWEST_US, Pace

SLOW = 100 * SLOWEST_US / 20


def verdicts(*times: float) -> list[float | None]:
    pace = Pace()
    return [pace.took(us) for us in times]


def test_twenty_slow_runs_in_a_row_are_slow_at_their_best() -> None:
    said = verdicts(*[SLOW] * 18, SLOW - 1, SLOW)
    assert said == [None] * 19 + [SLOW - 1]


def test_a_quick_one_ends_the_row() -> None:
    assert not any(verdicts(*([SLOW] * 19 + [SLOWEST_US]) * 5))


@pytest.mark.parametrize(("us", "runs"), [(1e5, 10), (2e6, 5), (5e4, 20)])
def test_the_slower_the_sooner_and_never_before_five(us: float, runs: int) -> None:
    assert verdicts(*[us] * runs) == [None] * (runs - 1) + [us]


def test_who_stays_slow_is_found_again() -> None:
    pace = Pace()
    found = [n for n in range(100) if pace.took(SLOW) is not None]
    assert found == [19, 39, 59, 79, 99]


def test_one_row_says_nothing_of_the_next() -> None:
    pace = Pace()
    first = next(best for _ in itertools.count() if (best := pace.took(SLOW)) is not None)
    second = next(best for _ in itertools.count() if (best := pace.took(2 * SLOW)) is not None)
    assert (first, second) == (SLOW, 2 * SLOW)
