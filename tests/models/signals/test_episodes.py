"""Remembered days: what the index was then, as it was published then."""

from __future__ import annotations

import math

import pytest
from pydantic import ValidationError

from models.signals.episodes import Compared, Episodes, Level
from schemas.duration import DAY_US
from schemas.market import Market
from schemas.market_parts import Episode
from tests.models import tape


def _market() -> Market:
    days = [{"name": "first", "on": "2020-03-16"}, {"name": "second", "on": "2020-03-20"}]
    return Market.model_validate(tape.market().model_dump() | {"episode": days})


def _at(day: int) -> int:
    return (18_337 + day) * DAY_US  # 2020-03-16 and so many days


def test_a_day_is_unknown_until_it_has_been() -> None:
    step = Episodes(_market())
    assert step.update(Level(_at(-1), 90.0)) == Compared(None, None)
    assert step.update(Level(_at(0), 70.0)) == Compared(None, None)
    assert step.peek(Level(_at(1), 80.0)) == Compared(0, None)
    assert step.peek(Level(_at(1), 70.0)) == Compared(None, 0)
    assert step.peek(Level(_at(1), 60.0)) == Compared(None, 0)


def test_the_nearest_on_both_sides_are_named() -> None:
    step = Episodes(_market())
    for day, index in ((0, 70.0), (4, 40.0)):
        step.update(Level(_at(day), index))
    assert step.peek(Level(_at(9), 50.0)) == Compared(1, 0)
    assert step.peek(Level(_at(9), 75.0)) == Compared(0, None)
    assert step.peek(Level(_at(9), 30.0)) == Compared(None, 1)


def test_a_closed_day_counts_with_the_next_final_and_is_never_restated() -> None:
    step = Episodes(_market())
    step.update(Level(_at(2), math.nan))
    step.update(Level(_at(3), 55.0))
    step.update(Level(_at(3) + 1, 99.0))
    assert step.levels[0] == 55.0
    assert step.peek(Level(_at(3), math.nan)) == Compared(None, None)


def test_a_day_is_a_date() -> None:
    assert Episode.model_validate({"name": "x", "on": "1970-01-02"}).at_us == DAY_US
    with pytest.raises(ValidationError, match="on"):
        Episode.model_validate({"name": "x", "on": "yesterday"})
