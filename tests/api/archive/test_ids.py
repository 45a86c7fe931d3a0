"""Stream ids sort and read as Redis has them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.archive.ids import LAST_SEQ, following, format_id, parse_id

numbers = st.integers(0, LAST_SEQ)


@given(st.tuples(numbers, numbers))
def test_what_is_written_is_read(position: tuple[int, int]) -> None:
    assert parse_id(format_id(position)) == position
    assert parse_id(format_id(position).encode()) == position


def test_without_a_number_it_is_the_first_of_its_millisecond() -> None:
    assert parse_id("5") == (5, 0)


@pytest.mark.parametrize("text", ["", "-", "a-1", "1-b", "1-2-3", "+1-0", "1.5-0", "²-0", "1-²", "-1-0"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no stream id"):
        parse_id(text)


@given(st.tuples(st.integers(0, 2**63), numbers))
def test_nothing_fits_between_an_id_and_the_following(position: tuple[int, int]) -> None:
    ms, seq = following(position)
    assert (ms, seq) == ((position[0], position[1] + 1) if position[1] < LAST_SEQ else (position[0] + 1, 0))
    assert (ms, seq) > position
