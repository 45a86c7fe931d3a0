"""The upper tail of the chi-square distribution, against SciPy."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from models.signals.chi_square import decades


@settings(deadline=None)  # its first call compiles
@given(st.floats(1e-6, 1300), st.integers(1, 200))
def test_it_is_scipys(squares: float, freedom: int) -> None:
    want = -stats.chi2.logsf(squares, freedom) / math.log(10)
    assert decades(squares, float(freedom)) == pytest.approx(want, rel=1e-9, abs=1e-12)


def test_the_median_is_a_third_of_a_decade_and_nothing_is_none() -> None:
    assert decades(float(stats.chi2.median(7)), 7.0) == pytest.approx(math.log10(2), rel=1e-12)
    assert (decades(0.0, 3.0), decades(-1.0, 3.0)) == (0.0, 0.0)


def test_it_is_finite_far_beyond_what_one_minus_a_distribution_can_say() -> None:
    assert decades(1e100, 3.0) == pytest.approx(1e100 / 2 / math.log(10), rel=1e-9)
    assert decades(5e-324, 3.0) == 0.0
