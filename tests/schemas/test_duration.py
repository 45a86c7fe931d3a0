"""Durations: every way of writing one, and a ValueError for everything else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.duration import MAX_US, microseconds


@pytest.mark.parametrize(
    ("text", "us"),
    [("250ms", 250_000), ("1s", 1_000_000), ("1.5m", 90_000_000), (" 2 h ", 7_200_000_000), (7, 7), ("0s", 0)],
)
def test_durations_are_read(text: object, us: int) -> None:
    assert microseconds(text) == us


@pytest.mark.parametrize(
    "wrong", ["", "s", "1", "-1s", "1e3s", "1w", True, None, 1.5, -1, 10**30, "9" * 400 + "d", "36501d"]
)
def test_what_is_no_duration_is_a_value_error(wrong: object) -> None:
    with pytest.raises(ValueError, match=r"is no duration|is not between"):
        microseconds(wrong)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, MAX_US))
def test_microseconds_come_back(us: int) -> None:
    assert microseconds(us) == us
    assert microseconds(f"{us // 1_000_000}s") == us // 1_000_000 * 1_000_000
