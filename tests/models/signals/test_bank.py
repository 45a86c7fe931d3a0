"""The bank is its indicators, in the order of the file."""

from __future__ import annotations

import numpy as np
import pytest

from models.signals.bank import IndicatorBank
from models.signals.indicators import build
from models.signals.step import StateVersionError
from tests.models import tape

MARKET = tape.market()
INDICATORS = [i for segment in MARKET.segment for i in segment.indicator]


def test_the_bank_says_what_each_indicator_says() -> None:
    bank, alone = IndicatorBank(MARKET), [build(MARKET, i) for i in INDICATORS]
    for x in tape.inputs("indicators", tape.partials(60)):
        found = bank.update(x)
        measures = [step.update(x) for step in alone]
        np.testing.assert_array_equal(found.raw, [m.raw for m in measures])
        np.testing.assert_array_equal(found.live, [m.live for m in measures])
        np.testing.assert_array_equal(found.age_us, [m.age_us for m in measures])
        assert found.final == x.final
        assert found.observation is x.volatilities.observation


def test_an_indicator_that_refuses_its_state_is_named() -> None:
    bank = IndicatorBank(MARKET)
    state = bank.snapshot()
    spoiled = state | {"steps": (*state["steps"][:-1], state["steps"][-1] | {"version": 7})}
    with pytest.raises(StateVersionError, match="term_structure"):
        bank.restore(spoiled)
