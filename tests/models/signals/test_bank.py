"""The bank is its indicators, in the order of the file."""

from __future__ import annotations

import numpy as np
import pytest

from models.signals.bank import IndicatorBank
from models.signals.indicators import build
from models.signals.step import StateVersionError
from tests.models import tape
from tests.models.alone import one

MARKET = tape.market()
INDICATORS = [i for segment in MARKET.segment for i in segment.indicator]


def test_the_bank_says_what_each_indicator_says() -> None:
    bank, alone = IndicatorBank(MARKET), [build(MARKET, i) for i in INDICATORS]
    for x in tape.inputs("indicators", tape.partials(60)):
        found = bank.update(x)
        measures = [one(step.update(x)) for step in alone]
        np.testing.assert_array_equal(found.raw, [m.raw for m in measures])
        np.testing.assert_array_equal(found.live, [m.live for m in measures])
        np.testing.assert_array_equal(found.age_us, [m.age_us for m in measures])
        assert found.final == x.final
        assert found.observation is x.volatilities.observation


def test_an_indicator_of_finals_only_says_between_them_what_it_said_then() -> None:
    segments = [
        s.model_copy(update={"indicator": tuple(i.model_copy(update={"at": "final"}) for i in s.indicator)})
        if s.name == "credit"
        else s
        for s in MARKET.segment
    ]
    bank, plain = IndicatorBank(MARKET.model_copy(update={"segment": tuple(segments)})), IndicatorBank(MARKET)
    last, held = None, 0
    for x in tape.inputs("indicators", tape.partials(120)):
        found, other = (b.update(x) if x.final else b.peek(x) for b in (bank, plain))
        np.testing.assert_array_equal(found.raw[[0, 1, 2, 6, 7, 8]], other.raw[[0, 1, 2, 6, 7, 8]])
        if x.final:
            np.testing.assert_array_equal(found.raw, other.raw)
            last = found
        elif last is not None:
            np.testing.assert_array_equal(found.raw[3:6], last.raw[3:6])
            since = found.observation.window.at_us - last.observation.window.at_us
            np.testing.assert_array_equal(found.age_us[3:6], last.age_us[3:6] + since)
            held += 1
    assert held > 20


def test_an_indicator_that_refuses_its_state_is_named() -> None:
    bank = IndicatorBank(MARKET)
    state = bank.snapshot()
    spoiled = state | {"kinds": (*state["kinds"][:-1], state["kinds"][-1] | {"version": 7})}
    with pytest.raises(StateVersionError, match="term_structure"):
        bank.restore(spoiled)
