"""The laws of the aggregation forms (index-methods, section 1.4) and their definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.signals.forms import blend, linear, quadratic, semidefinite, weighted
from models.signals.layout import Layout
from tests.models import tape

LAYOUT = Layout.of(tape.market())
FIVE = Layout(np.arange(5), np.full(5, 0.2), np.ones(5), np.zeros((5, 5), np.bool_), np.arange(5))
ONES = np.ones(9)

scores = st.lists(st.floats(0.001, 1) | st.just(math.nan), min_size=9, max_size=9).map(np.array)
shares = st.lists(st.sampled_from([0.0, 0.25, 1.0]), min_size=9, max_size=9).map(np.array)


@st.composite
def correlations(draw: st.DrawFn, size: int = 3) -> np.ndarray:
    factors = np.array(draw(st.lists(st.floats(-1, 1), min_size=size * size, max_size=size * size)))
    product = factors.reshape(size, size)
    covariance = product @ product.T + 0.01 * np.eye(size)
    sd = np.sqrt(np.diag(covariance))
    found: np.ndarray = covariance / np.outer(sd, sd)
    return found


def test_weights_are_normalised_and_segments_in_order() -> None:
    market = tape.market(segment=[
        {"name": "a", "weight": 3, "indicator": [{"name": "1", "kind": "level", "of": ["S1"]}]},
        {"name": "b", "indicator": [{"name": n, "kind": "level", "of": ["S1"]} for n in ("2", "3")]},
    ])  # fmt: skip
    layout = Layout.of(market)
    assert layout.weight.tolist() == [0.75, 0.25]
    assert layout.segment.tolist() == [0, 1, 1]


def test_full_stress_with_full_correlation_is_100() -> None:
    b = blend(FIVE, np.ones(5), np.ones(5))
    assert quadratic(FIVE, b, np.ones((5, 5))).index == pytest.approx(100.0)


def test_median_scores_of_five_independent_segments_are_5() -> None:
    b = blend(FIVE, np.full(5, 0.5), np.ones(5))
    assert quadratic(FIVE, b, np.eye(5)).index == pytest.approx(5.0)


@settings(max_examples=100, deadline=None)
@given(scores, shares, correlations())
def test_the_quadratic_form_is_its_definition_and_bounded(u: np.ndarray, live: np.ndarray, c: np.ndarray) -> None:
    b = blend(LAYOUT, u, live)
    value, mean = quadratic(LAYOUT, b, c), linear(LAYOUT, b)
    if not b.known:
        assert math.isnan(value.index)
        assert math.isnan(mean.index)
        return
    x = weighted(b)
    assert value.index == pytest.approx(100 * float(x @ c @ x), abs=1e-9)
    assert mean.index == pytest.approx(100 * float(x.sum()), abs=1e-9)
    assert -1e-9 <= value.index <= mean.index**2 / 100 + 1e-9 <= 100 + 2e-9


@settings(max_examples=100, deadline=None)
@given(scores, shares, correlations())
def test_parts_sum_to_the_index(u: np.ndarray, live: np.ndarray, c: np.ndarray) -> None:
    b = blend(LAYOUT, u, live)
    for value in (quadratic(LAYOUT, b, c), linear(LAYOUT, b)):
        if b.known:
            assert sum(value.by_segment.tolist()) == value.index
            np.testing.assert_allclose(LAYOUT.sums(value.by_indicator), value.by_segment, rtol=0, atol=1e-12)


@settings(max_examples=100, deadline=None)
@given(scores, shares)
def test_a_segment_is_the_mean_of_what_is_live_in_it(u: np.ndarray, live: np.ndarray) -> None:
    b = blend(LAYOUT, u, live)
    for s in range(3):
        rows = [j for j in range(9) if LAYOUT.segment[j] == s and live[j] > 0 and not math.isnan(u[j])]
        if rows:
            assert b.score[s] == pytest.approx(np.average(u[rows], weights=live[rows]))
            assert b.share[rows].sum() == pytest.approx(1.0)
        else:
            assert math.isnan(b.score[s])
            assert b.weight[s] == 0
    assert b.weight.sum() == pytest.approx(1.0 if b.known else 0.0)


def test_a_missing_segment_leaves_its_weight_to_the_others() -> None:
    u = np.full(9, 0.4)
    u[3:6] = np.nan
    b = blend(LAYOUT, u, ONES)
    np.testing.assert_allclose(b.weight, [0.5, 0.0, 0.5])
    assert linear(LAYOUT, b).index == pytest.approx(40.0)


def test_shrinkage_makes_an_impossible_matrix_possible() -> None:
    c = np.array([[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]])
    assert np.linalg.eigvalsh(c)[0] < -0.5
    assert np.linalg.eigvalsh(semidefinite(c))[0] == pytest.approx(0.0, abs=1e-12)
    np.testing.assert_array_equal(semidefinite(np.eye(3)), np.eye(3))
