"""Indicators of levels, against the definition over the closes of all finals."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from tests.models import tape
from tests.models.alone import Alone, closes, constant, finals_before, run


def test_level_is_the_mean_of_what_is_live() -> None:
    for said, a, b in zip(run({"kind": "level", "of": ["P1", "Q1"]}), closes("P1"), closes("Q1"), strict=True):
        known = [v for v in (a, b) if not math.isnan(v)]
        assert said.live == len(known) / 2
        assert said.raw == pytest.approx(np.mean(known)) if known else math.isnan(said.raw)


def test_spread_needs_both_inputs() -> None:
    said = run({"kind": "spread", "of": ["S1", "Q1"]})
    expected = closes("S1") - closes("Q1")
    np.testing.assert_array_equal([m.raw for m in said], expected)
    assert [m.live for m in said] == [float(not math.isnan(e)) for e in expected]
    assert np.isnan(expected).any()


def test_sign_turns_it() -> None:
    plain, turned = (run({"kind": "spread", "of": ["S1", "R1"], "sign": sign}) for sign in (1, -1))
    np.testing.assert_array_equal([m.raw for m in plain], [-m.raw for m in turned])


def test_term_structure_is_near_over_far() -> None:
    said = run({"kind": "term_structure", "of": ["P1", "P2"]})
    np.testing.assert_array_equal([m.raw for m in said], closes("P1") / closes("P2"))


def test_term_structure_needs_a_far_end_above_zero() -> None:
    fed = constant({"P1": 2.0, "S1": -1.0})
    assert all(math.isnan(m.raw) and m.live == 0 for m in run({"kind": "term_structure", "of": ["P1", "S1"]}, fed))


def test_spread_change_looks_back_a_window_of_finals() -> None:
    said = run({"kind": "spread_change", "of": ["S1", "R1"], "window": "50s"})
    spread = closes("S1") - closes("R1")
    for n, m in enumerate(said):
        past = finals_before(n)
        expected = spread[n] - spread[past[-5]] if len(past) >= 5 else math.nan
        assert m.raw == pytest.approx(expected, abs=1e-15, nan_ok=True)


def test_stale_inputs_give_no_information_and_age_is_told() -> None:
    said = run({"kind": "level", "of": ["P1"]}, constant({"P1": 5.0}, seconds=100, until=10))
    assert (said[0].raw, said[0].live, said[0].age_us) == (5.0, 1.0, 0.0)
    assert math.isnan(said[-1].raw)
    assert (said[-1].live, said[-1].age_us) == (0.0, 90 * tape.SECOND)
    unseen = run({"kind": "spread", "of": ["P1", "P2"]}, constant({"P1": 5.0}))[-1]
    assert math.isnan(unseen.age_us)


def test_periods_without_data_are_not_remembered() -> None:
    alone = Alone({"kind": "spread_change", "of": ["S1"], "window": "20s"})
    for x in constant({"S1": 5.0}, seconds=100, until=10):
        alone.say(x)
    assert alone.step.snapshot()["filled"] == 1


def test_change_is_against_the_value_so_many_finals_ago() -> None:
    said = run({"kind": "change", "of": ["P1", "R1"], "window": "30s"})
    price, rate = closes("P1"), closes("R1")
    compared = 0
    for n, found in enumerate(said):
        past = finals_before(n)
        if len(past) < 3:
            assert math.isnan(found.raw)
            continue
        moves = np.array([math.log(price[n] / price[past[-3]]), rate[n] - rate[past[-3]]])
        known = moves[np.isfinite(moves)]
        if len(known):
            assert found.raw == pytest.approx(known.mean(), abs=1e-12)
            compared += 1
    assert compared > 20


@pytest.mark.parametrize("name", ["P1", "S1", "Q1"])
def test_deviation_is_from_the_mean_of_the_finals_before(name: str) -> None:
    heights = np.log(closes(name)) if name != "S1" else closes(name)
    known = 0
    for n, m in enumerate(run({"kind": "deviation", "of": [name], "window": "50s"})):
        past = heights[finals_before(n)]
        past, want = past[np.isfinite(past)], math.nan
        if 1 - 0.5 ** (len(past) / 5) >= 0.5:
            want = heights[n] - pd.Series(past).ewm(halflife=5).mean().iloc[-1]
        assert m.raw == pytest.approx(want, rel=1e-9, abs=1e-14, nan_ok=True)
        known += m.live > 0
    assert known > 50


def test_a_value_counts_for_as_long_as_it_stands() -> None:
    fed = constant({"S1": 4.0}, seconds=200, until=200)
    said = run({"kind": "deviation", "of": ["S1"], "window": "50s"}, fed)
    assert math.isnan(said[0].raw)
    assert said[-1].raw == pytest.approx(0.0, abs=1e-15)
