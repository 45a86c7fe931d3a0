"""Distances from extremes, against the definition over the closes of all finals."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.signals.indicators import build
from models.signals.indicators.extremes import BLOCKS, FromExtreme
from models.signals.step import StateVersionError
from schemas.indicator import Indicator
from tests.models.alone import FED, MARKET, Alone, closes, finals_before, run


@pytest.mark.parametrize("name", ["P1", "R1"])
def test_cmax_is_the_fall_from_the_highest_of_the_window(name: str) -> None:
    values = closes(name)
    for n, m in enumerate(run({"kind": "cmax", "of": [name], "window": "80s"})):
        highest = np.fmax.reduce([values[n], *values[finals_before(n)[-7:]]])
        expected = 1 - values[n] / highest if name == "P1" else highest - values[n]
        assert m.raw == pytest.approx(expected, abs=1e-15, nan_ok=True)
        assert not m.raw < 0


def test_drawup_is_the_rise_from_the_lowest_of_the_window() -> None:
    said = run({"kind": "drawup", "of": ["P1", "S1"], "window": "40s"})
    price, spread = closes("P1"), closes("S1")
    for n, found in enumerate(said):
        past = finals_before(n)[-3:]
        rises = []
        for values, by_log in ((price, True), (spread, False)):
            lowest = np.fmin.reduce([*values[past], values[n]])
            rises.append(math.log(values[n] / lowest) if by_log else values[n] - lowest)
        known = np.array(rises)[np.isfinite(rises)]
        if len(known):
            assert found.raw == pytest.approx(known.mean(), abs=1e-12)
            assert found.raw >= 0
        else:
            assert math.isnan(found.raw)


def test_windows_of_their_own_lie_in_one_ring() -> None:
    """Two indicators of one kind say what each says alone."""
    short, long = (
        {"name": n, "kind": "cmax", "of": of, "window": w}
        for n, of, w in (("a", ["P1"], "30s"), ("b", ["P2", "R1"], "90s"))
    )
    both = build(MARKET, Indicator.model_validate(short), Indicator.model_validate(long))
    assert isinstance(both, FromExtreme)
    alone = Alone(short), Alone(long)
    for x in FED:
        said = both.update(x) if x.final else both.peek(x)
        np.testing.assert_array_equal(said.raw, [a.say(x).raw for a in alone])


def test_the_extreme_is_the_same_after_a_restore() -> None:
    step = build(MARKET, Indicator(name="i", kind="drawup", of=("P1", "S1"), window=50_000_000))
    other = build(MARKET, Indicator(name="i", kind="drawup", of=("P1", "S1"), window=50_000_000))
    for x in FED[:80]:
        step.update(x)
    other.restore(step.snapshot())
    for x in FED[80:]:
        np.testing.assert_array_equal(step.update(x).raw, other.update(x).raw)


@pytest.mark.parametrize("kind", ["cmax", "drawup"])
def test_a_sketched_window_is_the_extremes_of_its_blocks(kind: str) -> None:
    """Against the definition: whole blocks, the newest of which may have just begun, and today."""
    market = MARKET.model_copy(update={"history": MARKET.history.model_copy(update={"memory": "sketch"})})
    periods, block = 1201, 50
    step = build(market, Indicator(name="i", kind=kind, of=("R1",), window=periods * market.period_us))
    assert isinstance(step, FromExtreme)
    assert step.ring.shape == (BLOCKS, 1)
    rng, turn, past = np.random.default_rng(2), step.turn, [math.nan]
    walk = np.where(rng.random(3000) < 0.02, math.nan, np.cumsum(rng.standard_normal(3000)))
    for n, value in enumerate(walk):
        full = n // block * block
        kept = past[1:][max(0, (full if n > full else full - block) - (BLOCKS - 1) * block) :]
        outermost = np.fmax.reduce(turn * np.array([*kept, value]))
        found = np.empty(1)
        step.distances(np.array([value]), found)
        assert found[0] == pytest.approx(outermost - turn * value, abs=1e-12, nan_ok=True), n
        assert np.count_nonzero(np.isin(step.ring, walk)) <= BLOCKS
        step.apply(np.array([value]))
        past.append(value)


def test_windows_that_are_remembered_otherwise_are_not_restored() -> None:
    sketch = MARKET.model_copy(update={"history": MARKET.history.model_copy(update={"memory": "sketch"})})
    indicator = Indicator(name="i", kind="cmax", of=("R1",), window=80_000_000)
    with pytest.raises(StateVersionError):
        build(sketch, indicator).restore(build(MARKET, indicator).snapshot())
