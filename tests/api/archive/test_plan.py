"""Where to go on, what to trim, how long to wait."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from api.archive.ids import START
from api.archive.plan import Head, Position, backoff, has_gap, resume, trim_before


def test_goes_on_behind_what_is_committed_of_the_same_epoch_only() -> None:
    assert resume("e", None) == START
    assert resume("e", Position("e", (7, 1))) == (7, 1)
    assert resume("f", Position("e", (7, 1))) == START


ids = st.lists(st.tuples(st.integers(1, 50), st.integers(0, 1)), max_size=40, unique=True).map(sorted)


@given(ids, st.integers(1, 60), st.integers(0, 60), st.tuples(st.integers(0, 55), st.integers(0, 1)))
def test_trimming_keeps_the_newest_and_everything_that_is_not_committed(
    stream: list[tuple[int, int]], keep: int, seen: int, committed: tuple[int, int]
) -> None:
    excess = len(stream) - keep
    step = min(excess, seen)
    limit = trim_before(stream[: step + 1] if step > 0 else [], step, committed)
    left = [one for one in stream if limit is None or one >= limit]
    removed = [one for one in stream if one not in left]
    assert len(left) >= min(keep, len(stream))
    assert all(one <= committed for one in removed)
    # and it does not hold back: what may go does, as far as it was looked at
    assert removed == [one for one in stream[: max(step, 0)] if one <= committed]


def test_entries_that_went_unarchived_are_noticed() -> None:
    whole, cut = Head((1, 0), 5, 5), Head((6, 0), 5, 10)
    assert not has_gap(START, whole)
    assert has_gap(START, cut)
    assert has_gap((4, 0), cut)
    assert not has_gap((6, 0), cut)
    assert not has_gap((5, 2**64 - 1), cut)  # the first one there is the very next
    assert not has_gap(START, Head((6, 0), 5, None))  # an old Redis does not count
    assert has_gap((4, 0), Head(None, 0, 10))


@given(st.integers(0, 10_000), st.floats(0, 1))
def test_waits_double_up_to_a_cap(attempt: int, chance: float) -> None:
    wait = backoff(attempt, chance, base_s=0.2, cap_s=10)
    whole = min(10, 0.2 * 2 ** min(attempt, 20))
    assert whole / 2 <= wait <= whole
