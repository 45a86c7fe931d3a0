"""How a fault is shown where it stands."""

from __future__ import annotations

import pytest

from models.alerts.nodes import SHOWN, Node, Place, RuleError


def test_two_that_say_the_same_are_equal_wherever_they_stand() -> None:
    assert Node("field", path=("index",), place=Place(1, 1)) == Node("field", path=("index",), place=Place(2, 9))
    assert Node("number", value=1.0) != Node("truth", value=1.0)


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        (Place(1, 1, 3), "line 1, column 1: bad\n  abc def\n  ^^^"),
        (Place(2, 2), "line 2, column 2: bad\n  \tx\n  \t^"),
        (Place(1, 8), "line 1, column 8: bad\n  abc def\n         ^"),
        (Place(9, 1), "line 9, column 1: bad"),
    ],
)
def test_a_fault_is_underlined(place: Place, shown: str) -> None:
    assert str(RuleError("bad", place).within("abc def\n\tx")) == shown


@pytest.mark.parametrize("column", [1, 700, 2_000])
def test_a_long_line_is_cut_around_its_fault(column: int) -> None:
    text = "x" * (column - 1) + "!" + "x" * (2_000 - column)
    _, line, marks = str(RuleError("bad", Place(1, column), text)).splitlines()
    assert len(line) <= SHOWN + 2
    assert line[marks.index("^")] == "!"
