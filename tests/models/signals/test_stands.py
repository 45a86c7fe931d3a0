"""How likely a value stands so long: against plain loops, and against runs whose probabilities are known."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.signals.stands import BINS, EXPECTED, HALF_LIFE, PRIOR, ROWS, SEEN, USUALLY, chance, learn

RUNS = st.lists(st.integers(0, 70), max_size=60)


def taught(runs: list[int]) -> np.ndarray:
    past = np.zeros(ROWS)
    for run in runs:
        learn(past, run)
    return past


def plainly(runs: list[int], same: int) -> float:
    """The same from the finals one by one, with classes by logarithm."""
    finals = [(min(int(np.log2(n)), BINS - 1), n <= run) for run in runs for n in range(1, run + 2)]

    def hazards(known: list[tuple[int, bool]]) -> list[float]:
        found: list[float] = []
        for k in range(BINS):
            own = [again for at, again in known if at == k]
            weight, prior = (PRIOR, found[-1]) if found else (1.0, 1.0)
            found.append((sum(own) + weight * prior) / (len(own) + weight))
        return found

    seen = expected = 0.0
    for done in range(len(runs)):
        before = sum(run + 1 for run in runs[:done])
        for at, again in finals[before : before + runs[done] + 1]:
            seen = seen * 0.5 ** (1 / HALF_LIFE) + again
            expected = expected * 0.5 ** (1 / HALF_LIFE) + hazards(finals[:before])[at]
    odds = (USUALLY + seen) / (USUALLY + expected)
    steps = [hazards(finals)[min(int(np.log2(n)), BINS - 1)] for n in range(1, same + 1)]
    return float(np.prod([h * odds / (1 - h + h * odds) for h in steps]))


@given(runs=st.lists(st.integers(0, 40), max_size=12), same=st.integers(0, 300))
@settings(deadline=None, max_examples=60)
def test_it_is_what_plain_loops_find(runs: list[int], same: int) -> None:
    assert chance(taught(runs), same) == pytest.approx(plainly(runs, same), rel=1e-9)


@given(runs=RUNS)
@settings(deadline=None)
def test_longer_is_never_likelier(runs: list[int]) -> None:
    past = taught(runs)
    found = [chance(past, same) for same in range(200)]
    assert found[0] == 1.0
    assert all(0 <= after <= before for before, after in pairwise(found))


@pytest.mark.parametrize("again", [0.02, 0.4, 0.8])
def test_of_independent_repetitions_it_is_their_power(again: float) -> None:
    rng = np.random.default_rng(3)
    past = taught([int(n) - 1 for n in rng.geometric(1 - again, 20_000)])
    past[[SEEN, EXPECTED]] = 0  # chance of the last weeks
    for same in range(1, 4):
        assert chance(past, same) == pytest.approx(again**same, rel=0.5)


def test_runs_that_are_longer_than_chance_are_expected_again() -> None:
    moving, set_monthly = [0] * 200, [0] * 10 + [60]
    assert chance(taught(moving), 3) < 1e-4
    assert chance(taught(set_monthly * 20), 40) > 0.01
    assert chance(taught(set_monthly * 20), 500) < 1e-4


def test_who_moves_more_than_usual_stands_less_easily() -> None:
    rng = np.random.default_rng(4)
    runs = [int(n) - 1 for n in rng.geometric(0.5, 2000)]
    assert chance(taught([*runs, *[0] * 30]), 6) < 0.2 * chance(taught(runs), 6)
