"""Synthetic prices are a function of seed and second, and nothing else."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflows.sources.synthetic import SECOND_US, Synthetic
from tests.dataflows.test_cards import shipped

SIM = shipped("sim")
GENESIS_S = 1_760_000_000
SECONDS = st.integers(0, 4_000_000_000)


def source(seed: int = 1, rate: int = 500) -> Synthetic:
    return Synthetic(SIM, seed, rate, GENESIS_S * SECOND_US)


@settings(max_examples=40, deadline=None)
@given(second=SECONDS, seed=st.integers(0, 2**63 - 1))
def test_ticks_are_finite_ordered_and_within_their_second(second: int, seed: int) -> None:
    ticks = source(seed).second(second)
    assert len(ticks["ts_us"]) == (500 if second >= GENESIS_S else len(SIM.instrument))
    assert np.isfinite(ticks["price"]).all()
    assert (ticks["price"][np.array([i.kind == "price" for i in SIM.instrument])[ticks["instrument"]]] > 0).all()
    assert (np.diff(ticks["ts_us"]) >= 0).all()
    assert set((ticks["ts_us"] // SECOND_US).tolist()) == {second}
    assert set(ticks["instrument"].tolist()) == set(range(len(SIM.instrument)))
    assert (ticks["size"] >= 1).all()


def test_a_second_is_the_same_whatever_was_asked_before() -> None:
    seconds = [GENESIS_S + n for n in (*range(-5, 20), 10_000, 7)]
    forward = source()
    straight = {second: forward.second(second) for second in seconds}
    for second in random.Random(3).sample(seconds, 10):
        alone = source().second(second)
        for name, column in alone.items():
            np.testing.assert_array_equal(column, straight[second][name])


@pytest.mark.parametrize("rate", [50, 100, 501])
def test_levels_do_not_depend_on_the_rate(rate: int) -> None:
    np.testing.assert_array_equal(source(rate=rate).levels(GENESIS_S), source().levels(GENESIS_S))


def test_two_seeds_are_two_markets() -> None:
    first, second = source(1).levels(GENESIS_S), source(2).levels(GENESIS_S)
    assert not np.isclose(first, second).any()


def test_levels_go_on_from_second_to_second() -> None:
    """No leap between two seconds that the flow would call absurd."""
    levels = np.array([source().levels(GENESIS_S + n) for n in range(600)])
    assert np.abs(np.diff(np.log(levels[:, [i.kind == "price" for i in SIM.instrument]]), axis=0)).max() < 0.01
    assert np.abs(np.diff(levels, axis=0)).max() < 1.0


def test_calm_and_stress_come_and_go() -> None:
    made = source()
    stress = np.array([made.stress(GENESIS_S + n) for n in range(0, 200_000, 60)])
    assert 0 <= stress.min() < 0.05
    assert 0.8 < stress.max() <= 1
    assert 0.05 < (stress > 0.5).mean() < 0.5
