"""Causal z-scores, against mean and standard deviation of all of the past."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.signals.zscores import HIGH, LOW, CausalZ

series = st.lists(st.floats(-100, 100).map(lambda x: round(x, 2)) | st.just(math.nan), max_size=40)


@settings(max_examples=150, deadline=None)
@given(values=series, warm_up=st.integers(2, 6))
def test_scores_are_their_definition_at_every_prefix(values: list[float], warm_up: int) -> None:
    step = CausalZ(1, warm_up)
    for n, x in enumerate(values):
        past = np.array([v for v in values[:n] if not math.isnan(v)])
        found = float(step.update(np.array([x]))[0])
        # Not `past.std()`: NumPy's mean of three times 1.94 is not 1.94, so a constant past would seem to vary.
        if math.isnan(x) or len(past) < warm_up or not np.ptp(past):
            assert math.isnan(found)
        else:
            z = np.clip((x - past.mean()) / past.std(ddof=1), LOW, HIGH)
            assert found == pytest.approx(z, rel=1e-8, abs=1e-9)


def test_a_large_offset_costs_no_precision() -> None:
    rng = np.random.default_rng(4)
    values = 1e9 + rng.standard_normal(500)
    step = CausalZ(1, 2)
    for x in values:
        step.update(np.array([x]))
    z = (values[0] - values.mean()) / values.std(ddof=1)
    assert step.peek(values[:1])[0] == pytest.approx(z, rel=1e-6)


def test_a_constant_series_carries_no_information() -> None:
    step = CausalZ(1, 2)
    assert all(np.isnan(step.update(np.array([0.1]))).all() for _ in range(50))


def test_nothing_learns_nothing() -> None:
    step = CausalZ(1, 2)
    step.apply(None)
    assert step.counts.tolist() == [0]
