"""Ranks from a sketch, against exact ones."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.signals.ranks import RecursiveRank
from models.signals.sketch import ACCURACY, ROOM, SketchedRank, _merged
from models.signals.step import Floats

N = 6000
RNG = np.random.default_rng(7)
DRIFTING = np.cumsum(RNG.standard_normal(N))
STREAMS = {
    "normal": RNG.standard_normal(N),
    "heavy tails": RNG.standard_t(2, N),
    "volatility": np.exp(0.02 * DRIFTING),
    "walk": DRIFTING,
    "rising": np.arange(N) * 1.0,
    "falling": -np.arange(N) * 1.0,
    "half of it zero": np.maximum(RNG.standard_normal(N), 0),
    "quoted in hundredths": np.round(3 + np.sin(DRIFTING / 9), 2),
    "another regime": np.concatenate([RNG.standard_normal(N // 2), 50 + RNG.standard_normal(N // 2)]),
}


def ranks(values: Floats, step: SketchedRank | RecursiveRank) -> Floats:
    return np.array([step.update(np.array([x]))[0] for x in values])


@pytest.mark.parametrize("name", STREAMS)
def test_ranks_are_near_the_exact_ones_and_nearer_in_the_tails(name: str) -> None:
    exact = ranks(STREAMS[name], RecursiveRank(1, 250, N))
    error = np.abs(ranks(STREAMS[name], SketchedRank(1, 250)) - exact)[250:]
    tail = np.minimum(exact, 1 - exact)[250:] < 0.02
    assert error.mean() < ACCURACY / 5
    assert error.max() < 2 * ACCURACY
    assert error[tail].max(initial=0) < ACCURACY / 2


def test_what_no_sketch_of_its_kind_likes_stays_within_a_few_hundredths() -> None:
    """Alternating ever closer to the middle: each value falls between clusters that hold both sides."""
    inward = np.array([(-1) ** k * (N - k) for k in range(N)], np.float64)
    error = ranks(inward, SketchedRank(1, 250)) - ranks(inward, RecursiveRank(1, 250, N))
    assert 2 * ACCURACY > np.nanmax(np.abs(error)) > ACCURACY


@settings(max_examples=100, deadline=None)
@given(values=st.lists(st.integers(-4, 4).map(float) | st.just(math.nan), max_size=60), warm_up=st.integers(1, 5))
def test_few_numbers_that_repeat_are_ranked_exactly(values: list[float], warm_up: int) -> None:
    exact, sketched = RecursiveRank(1, warm_up, 100), SketchedRank(1, warm_up)
    for x in values:
        np.testing.assert_allclose(sketched.update(np.array([x])), exact.update(np.array([x])), rtol=1e-15)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), scale=st.sampled_from([1e-200, 1.0, 1e90]))
def test_clusters_are_in_order_and_weigh_what_was_seen(seed: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    values = scale * rng.standard_normal(1500) * rng.choice([1.0, 1e3], 1500)
    step = SketchedRank(1, 10)
    found = ranks(values, step)[10:]
    size = int(step.sizes[0])
    assert (np.diff(step.means[0, :size]) > 0).all()
    assert step.weights[0].sum() == 1500
    assert (step.weights[0, :size] > 0).all()
    assert np.isnan(step.means[0, size:]).all()
    assert (step.means[0, 0], step.means[0, size - 1]) == (values.min(), values.max())
    assert ((found > 0) & (found < 1)).all()


def test_a_constant_series_carries_no_information_until_it_moves() -> None:
    step = SketchedRank(1, 2)
    assert np.isnan(ranks(np.full(20, 3.0), step)).all()
    assert step.peek(np.array([4.0]))[0] == pytest.approx(20.5 / 21)
    step.update(np.array([4.0]))
    assert step.peek(np.array([3.0]))[0] == pytest.approx(10.5 / 22)


def test_where_there_is_no_room_for_another_cluster_more_are_merged() -> None:
    """The rule alone leaves room always (see `ROOM`); nothing may be written beyond it if it did not."""
    row, weight, alone = np.arange(8.0), np.ones(8, np.int64), np.ones(8, np.bool_)
    size = _merged(row, weight, alone, 8)
    assert size < 8
    assert weight[:size].sum() == 8
    assert (row[0], row[size - 1]) == (0.0, 7.0)
    assert np.isnan(row[size:]).all()


@pytest.mark.parametrize("repeats", [1, 40])
def test_the_rule_leaves_room_however_many_numbers_there_are(repeats: int) -> None:
    step, numbers = SketchedRank(1, 2), np.arange(2.0 * ROOM)
    for _ in range(repeats):
        for x in numbers:
            step.update(np.array([x]))
    assert step.sizes[0] < ROOM - 1
    assert step.peek(np.array([numbers.mean()]))[0] == pytest.approx(0.5, abs=ACCURACY)


def test_little_is_kept_of_what_was_seen() -> None:
    """What the sketch is for: of a series without ties, only a handful of values can be read off."""
    for name in ("normal", "volatility", "walk"):
        step = SketchedRank(1, 250)
        ranks(STREAMS[name], step)
        assert np.isin(step.means, STREAMS[name]).sum() <= 20


def test_nothing_learns_nothing() -> None:
    step = SketchedRank(1, 1)
    step.apply(None)
    assert step.sizes.tolist() == [0]
