"""Indicators and segments: how many inputs a kind takes, and what stands where nothing is said."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from schemas.duration import DAY_US
from schemas.indicator import Garch, Indicator, Segment


def test_two_years_of_sessions_and_no_predecessor_by_default() -> None:
    plain = Indicator(name="i", kind="level", of=("A",))
    assert (plain.window, plain.sign, plain.replaces, plain.why) == (504 * DAY_US, 1, None, "")


@pytest.mark.parametrize(
    ("kind", "of"),
    [("spread", "ABC"), ("term_structure", "A"), ("correlation_shift", "A"), ("garch_volatility", "AB"),
     ("spread_volatility", "A"), ("idiosyncratic_volatility", "ABC"), ("stock_bond_correlation", "ABC"),
     ("absorption_ratio", "A"), ("turbulence", "A")],
)  # fmt: skip
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


def _refused(match: str, **fields: object) -> None:
    with pytest.raises(ValidationError, match=match):
        Indicator.model_validate({"name": "i", "of": ["A"]} | fields)


@pytest.mark.parametrize("kind", ["rsi", "macd", "bollinger_width", "deviation"])
def test_a_kind_without_a_usual_window_says_its_own(kind: str) -> None:
    _refused(f"{kind} needs its own window, such as window = ", kind=kind)
    assert Indicator.model_validate({"name": "i", "kind": kind, "of": ["A"], "window": "26d"}).window == 26 * DAY_US


def test_a_half_life_is_for_kinds_that_forget_by_themselves() -> None:
    _refused("half_life says nothing to level", kind="level", half_life="5d")
    own = Indicator.model_validate({"name": "i", "kind": "realized_volatility", "of": ["A"], "half_life": "5d"})
    assert own.half_life == 5 * DAY_US


GARCH = {"omega": 1e-6, "alpha": 0.1, "beta": 0.85}


def test_parameters_are_for_garch_and_garch_needs_them() -> None:
    _refused("it alone, needs parameters", kind="garch_volatility")
    _refused("it alone, needs parameters", kind="level", parameters=GARCH)
    given = Indicator.model_validate({"name": "i", "kind": "garch_volatility", "of": ["A"], "parameters": GARCH})
    assert given.parameters == Garch.model_validate(GARCH)


@pytest.mark.parametrize("wrong", [{"omega": 0.0}, {"alpha": -0.1}, {"beta": 0.9}, {"beta": -0.1}, {"gamma": 0.1}])
def test_a_variance_stays_above_zero_and_returns_to_its_level(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Garch.model_validate(GARCH | wrong)
