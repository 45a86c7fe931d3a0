"""Splits add up: whatever lies between two readings, the parts are the whole."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.splits import GapError, IndicatorPart, Part, Sum, indicator_parts, parts
from schemas.reading import Change, Reading, canonical
from tests.api.chained import details, finals

CHAIN = finals("m", 400)


def index(reading: Reading) -> float:
    assert reading.index is not None
    return reading.index


def summed(first: int, last: int) -> Sum:
    added = Sum(CHAIN[first].at)
    added.add(canonical(reading) for reading in CHAIN[first + 1 : last + 1])
    return added


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 398), st.integers(1, 399))
def test_the_parts_of_any_span_are_its_change(first: int, length: int) -> None:
    last = min(first + length, 399)
    moved = summed(first, last).moved(index(CHAIN[last]) - index(CHAIN[first]))
    assert sum(moved.level.values()) + moved.correlation + moved.composition == pytest.approx(moved.total, abs=1e-9)
    assert abs(moved.rest) < 1e-9
    if last == first + 1:
        assert abs(moved.rest) < 1e-12
        change = CHAIN[last].change
        assert change is not None
        assert (moved.level, moved.correlation) == (change.level, change.correlation)


def test_spans_that_follow_each_other_add_up() -> None:
    whole, left, right = summed(3, 30).moved(0.0), summed(3, 17).moved(0.0), summed(17, 30).moved(0.0)
    for segment, points in whole.level.items():
        assert left.level[segment] + right.level[segment] == pytest.approx(points, abs=1e-12)


def provisional(before: Reading, shift: float = 5.0) -> Reading:
    change = Change(before.at, shift, {"equity": shift}, 0.0, 0.0)
    return msgspec.structs.replace(before, at=f"{before.at[:11]}23:00:00Z", final=False, change=change)


def test_a_provisional_beginning_is_taken_back() -> None:
    added = Sum.behind(canonical(provisional(CHAIN[6])))
    added.add(canonical(reading) for reading in CHAIN[7:9])
    expected = summed(6, 8).moved(0.0).level
    assert added.moved(0.0).level == pytest.approx({**expected, "equity": expected["equity"] - 5.0}, abs=1e-12)
    with pytest.raises(GapError, match="no final before it"):
        Sum.behind(canonical(msgspec.structs.replace(provisional(CHAIN[6]), change=None)))


def test_a_provisional_end_is_added() -> None:
    added = summed(3, 6)
    added.end(canonical(provisional(CHAIN[6])))
    assert added.moved(0.0).level["equity"] == pytest.approx(summed(3, 6).moved(0.0).level["equity"] + 5.0, abs=1e-12)


def test_a_final_without_data_lies_beside_the_way() -> None:
    """Nothing is compared with it, so it counts at an end of a span and never within."""
    silent = msgspec.structs.replace(provisional(CHAIN[6]), final=True, flags=["no_data"])
    within = summed(3, 6)
    within.add([canonical(silent), canonical(CHAIN[7])])
    assert within.moved(0.0).level == summed(3, 7).moved(0.0).level
    ending, beginning = summed(3, 6), Sum.behind(canonical(silent))
    ending.end(canonical(silent))
    beginning.add([canonical(CHAIN[7])])
    both = ending.moved(0.0).level["equity"] + beginning.moved(0.0).level["equity"]
    assert both == pytest.approx(summed(3, 7).moved(0.0).level["equity"], abs=1e-12)


def test_a_final_without_an_index_has_nothing_to_say() -> None:
    silent = msgspec.structs.replace(CHAIN[3], index=None, change=None)
    added = Sum(CHAIN[4].at)
    added.add([canonical(silent), canonical(CHAIN[5])])
    assert added.count == 1


@pytest.mark.parametrize("bodies", [[CHAIN[2]], [CHAIN[1], CHAIN[3]], [CHAIN[0]]])
def test_a_split_against_something_else_is_refused(bodies: list[Reading]) -> None:
    with pytest.raises(GapError, match="is split against"):
        Sum(CHAIN[0].at).add(canonical(reading) for reading in bodies)


def test_what_comes_and_goes_gives_nothing_where_it_is_not() -> None:
    assert parts({"a": 1.0, "old": 2.0}, {"new": 4.0, "a": 3.0}) == [
        Part("new", 0.0, 4.0, 4.0), Part("a", 1.0, 3.0, 2.0), Part("old", 2.0, 0.0, -2.0)
    ]  # fmt: skip


def test_indicators_sum_to_their_segments() -> None:
    found = indicator_parts(details(CHAIN[1]), details(CHAIN[9]))
    assert found[0].name == "equity volatility"
    assert isinstance(found[0], IndicatorPart)
    for part in parts(CHAIN[1].contributions, CHAIN[9].contributions):
        inside = [row.change for row in found if row.segment == part.name]
        assert sum(inside) == pytest.approx(part.change, abs=1e-12)
