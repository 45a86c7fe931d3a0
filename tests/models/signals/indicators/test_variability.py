"""Indicators of volatility and correlation: the steps before, averaged over what is live."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.signals.correlation import LONG, SHORT
from models.signals.indicators import build
from schemas.indicator import Indicator
from tests.models import tape
from tests.models.alone import one

MARKET = tape.market()
FED = tape.inputs("indicators", tape.partials(160))


@pytest.mark.parametrize(
    ("kind", "row", "root"),
    [("realized_volatility", "variance", True), ("range_volatility", "range_variance", True),
     ("jump_share", "jump_share", False)],
)  # fmt: skip
def test_means_over_live_inputs(kind: str, row: str, root: bool) -> None:
    step = build(MARKET, Indicator.model_validate({"name": "i", "kind": kind, "of": ["P1", "Q1", "S1"]}))
    some_missing = 0
    for x in FED:
        values = getattr(x.volatilities, row)[[0, 5, 3]]
        known = np.isfinite(values) & x.volatilities.observation.live[[0, 5, 3]]
        said = one(step.update(x))
        assert said.live == pytest.approx(known.mean())
        some_missing += not known.all()
        if known.any():
            assert said.raw == pytest.approx((np.sqrt(values) if root else values)[known].mean())
        else:
            assert math.isnan(said.raw)
    assert 0 < some_missing < len(FED)


def test_shift_is_short_minus_long_over_live_pairs() -> None:
    step = build(MARKET, Indicator(name="i", kind="correlation_shift", of=("P1", "Q1", "S1")))
    known_at_all = 0
    for x in FED:
        said, live = one(step.update(x)), x.volatilities.observation.live
        shifts = [x.matrix[SHORT, i, j] - x.matrix[LONG, i, j] for i, j in ((0, 5), (0, 3), (5, 3))
                  if live[i] and live[j]]  # fmt: skip
        known = [s for s in shifts if not math.isnan(s)]
        assert said.live == len(known) / 3
        assert said.raw == pytest.approx(np.mean(known)) if known else math.isnan(said.raw)
        known_at_all += bool(known)
    assert known_at_all > 10


def test_a_half_life_of_its_own_is_a_market_with_that_half_life() -> None:
    """The same recursion: what the market's own variance would be with the other half-life."""
    lives = MARKET.half_life.model_copy(update={"volatility": 20_000_000})
    other = MARKET.model_copy(update={"half_life": lives})
    theirs = build(other, Indicator(name="i", kind="realized_volatility", of=("P1", "R1")))
    mine = build(MARKET, Indicator(name="i", kind="realized_volatility", of=("P1", "R1"), half_life=20_000_000))
    known = 0
    for a, b in zip(tape.inputs("indicators", tape.partials(160), of=other), FED, strict=True):
        wanted, found = (one(s.update(x) if x.final else s.peek(x)) for s, x in ((theirs, a), (mine, b)))
        assert (found.raw, found.live) == pytest.approx((wanted.raw, wanted.live), nan_ok=True)
        known += not math.isnan(found.raw)
    assert known > 20


def test_stock_bond_correlation_is_long_minus_short_floored_at_zero() -> None:
    step = build(MARKET, Indicator(name="i", kind="stock_bond_correlation", of=("P1", "P2")))
    floored = set()
    for x in FED:
        said, live = one(step.update(x)), x.volatilities.observation.live[[0, 1]].all()
        shift = x.matrix[LONG, 0, 1] - x.matrix[SHORT, 0, 1]
        if live and not math.isnan(shift):
            assert (said.raw, said.live) == (max(shift, 0.0), 1.0)
            floored.add(said.raw == 0)
        else:
            assert math.isnan(said.raw)
    assert floored == {True, False}
