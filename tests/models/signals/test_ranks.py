"""Recursive mid-ranks, against the definition over all of the past."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.signals.ranks import RecursiveRank

NAN = math.nan
series = st.lists(st.integers(-4, 4).map(float) | st.just(NAN), max_size=40)


def definition(past: list[float], x: float, warm_up: int, capacity: int) -> float:
    sample = [v for v in past if not math.isnan(v)][-capacity:]
    if math.isnan(x) or len(sample) < warm_up or set(sample) == {x}:
        return NAN
    less, equal = sum(v < x for v in sample), sum(v == x for v in sample)
    return (less + (equal + 1) / 2) / (len(sample) + 1)


@settings(max_examples=150, deadline=None)
@given(values=series, warm_up=st.integers(1, 5), capacity=st.integers(5, 12))
def test_ranks_are_their_definition_at_every_prefix(values: list[float], warm_up: int, capacity: int) -> None:
    step = RecursiveRank(2, warm_up, capacity)
    for n, x in enumerate(values):
        expected = definition(values[:n], x, warm_up, capacity)
        found = step.update(np.array([x, -x]))
        assert found[0] == pytest.approx(expected, abs=0, rel=1e-15, nan_ok=True)
        assert found[1] == pytest.approx(1 - expected, nan_ok=True)


@settings(max_examples=60, deadline=None)
@given(values=st.lists(st.integers(-50, 50).map(float), max_size=40))
def test_ranks_do_not_see_increasing_transforms(values: list[float]) -> None:
    plain, bent = RecursiveRank(1, 1, 20), RecursiveRank(1, 1, 20)
    for x in values:
        np.testing.assert_array_equal(plain.update(np.array([x])), bent.update(np.array([math.exp(x / 10) - 7])))


def test_a_constant_series_carries_no_information_until_it_moves() -> None:
    step = RecursiveRank(1, 2, 50)
    assert all(np.isnan(step.update(np.array([3.0]))).all() for _ in range(20))
    assert step.peek(np.array([4.0]))[0] == pytest.approx(20.5 / 21)


def test_the_memory_grows_to_its_capacity_and_no_further() -> None:
    step = RecursiveRank(2, 2, 1000)
    rng = np.random.default_rng(1)
    values = rng.standard_normal((2500, 2))
    for row in values:
        step.update(row)
    assert step.ring.shape == (2, 1000)
    x = 0.1
    assert step.peek(np.array([x, x]))[0] == pytest.approx(definition(values[:, 0].tolist(), x, 2, 1000))


def test_nothing_learns_nothing() -> None:
    step = RecursiveRank(1, 1, 10)
    step.apply(None)
    assert step.counts.tolist() == [0]
