"""Indicators and segments: how many inputs a kind takes, and what stands where nothing is said."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from schemas.duration import DAY_US
from schemas.indicator import Indicator, Segment


def test_two_years_of_sessions_and_no_predecessor_by_default() -> None:
    plain = Indicator(name="i", kind="level", of=("A",))
    assert (plain.window, plain.sign, plain.replaces, plain.why) == (504 * DAY_US, 1, None, "")


@pytest.mark.parametrize(("kind", "of"), [("spread", "ABC"), ("term_structure", "A"), ("correlation_shift", "A")])
def test_a_kind_says_how_many_inputs_it_takes(kind: str, of: str) -> None:
    with pytest.raises(ValidationError, match="takes"):
        Indicator.model_validate({"name": "i", "kind": kind, "of": list(of)})


def test_an_input_stands_once() -> None:
    with pytest.raises(ValidationError, match="twice"):
        Indicator.model_validate({"name": "i", "kind": "level", "of": ["A", "A"]})


def test_a_segment_weighs_something_and_holds_something() -> None:
    inside = [{"name": "i", "kind": "level", "of": ["A"]}]
    assert Segment.model_validate({"name": "s", "indicator": inside}).weight == 1.0
    for wrong in ({"weight": 0.0, "indicator": inside}, {"indicator": []}):
        with pytest.raises(ValidationError):
            Segment.model_validate({"name": "s"} | wrong)
