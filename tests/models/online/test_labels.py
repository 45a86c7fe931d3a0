"""Labels come when they are due, never before."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.online.labels import LabelQueue
from tests.models.score_samples import issued


@given(periods=st.integers(1, 9), finals=st.integers(0, 40))
@settings(deadline=None)
def test_a_forecast_comes_due_exactly_so_many_finals_later(periods: int, finals: int) -> None:
    queue = LabelQueue(periods, 3)
    for n in range(finals):
        due = queue.due
        assert (None if due is None else due.level) == (n - periods if n >= periods else None)
        queue.update(issued(n))
        assert len(queue.pending) <= periods


@pytest.mark.parametrize("cut", [0, 2, 7])
def test_it_waits_through_a_restart(cut: int) -> None:
    queue, fresh = LabelQueue(5, 3), LabelQueue(5, 3)
    for n in range(cut):
        queue.update(issued(n))
    fresh.restore(queue.snapshot())
    for n in range(cut, 12):
        fresh.update(issued(n))
    assert fresh.due is not None
    assert fresh.due.level == 7
