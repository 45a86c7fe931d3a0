"""Indicators of levels, against the definition over the closes of all finals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from models.signals.correlation import Correlations
from models.signals.indicators import build
from schemas.bars import GRID, Partial
from schemas.indicator import Indicator
from schemas.market import Market
from tests.models import tape

MARKET = tape.market()
FED: list[Correlations] = tape.inputs("indicators", tape.partials(200))
CODES = {i.name: n for n, i in enumerate(MARKET.instrument)}


def run(indicator: dict[str, Any], fed: list[Correlations] | None = None, market: Market = MARKET) -> list[Any]:
    step = build(market, Indicator.model_validate({"name": "i", **indicator}))
    return [step.update(x) if x.final else step.peek(x) for x in (FED if fed is None else fed)]


def closes(name: str, fed: list[Correlations] | None = None) -> np.ndarray:
    seen = [x.volatilities.observation for x in (FED if fed is None else fed)]
    code = CODES[name]
    return np.array([o.close[code] if o.live[code] else math.nan for o in seen])


def finals_before(n: int) -> list[int]:
    return [m for m in range(n) if FED[m].final]


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


@pytest.mark.parametrize("name", ["P1", "R1"])
def test_cmax_is_the_fall_from_the_highest_of_the_window(name: str) -> None:
    values = closes(name)
    for n, m in enumerate(run({"kind": "cmax", "of": [name], "window": "80s"})):
        highest = np.fmax.reduce([values[n], *values[finals_before(n)[-7:]]])
        expected = 1 - values[n] / highest if name == "P1" else highest - values[n]
        assert m.raw == pytest.approx(expected, abs=1e-15, nan_ok=True)
        assert not m.raw < 0


def constant(values: dict[str, float], seconds: int = 60, until: int = 60) -> list[Correlations]:
    """Flat prices until a second, then silence."""
    rows = [
        [{"code": CODES[name], "end_us": tape.START + s * tape.SECOND, "path": [value] * GRID}
         for name, value in values.items() if s <= until]
        for s in range(1, seconds + 1)
    ]  # fmt: skip
    partials = [
        Partial(0, np.array([tape.START + s * tape.SECOND]), tape.columns(r)) for s, r in enumerate(rows, start=1)
    ]
    return tape.inputs("indicators", partials, partitions=1)


def test_stale_inputs_give_no_information_and_age_is_told() -> None:
    said = run({"kind": "level", "of": ["P1"]}, constant({"P1": 5.0}, seconds=100, until=10))
    assert (said[0].raw, said[0].live, said[0].age_us) == (5.0, 1.0, 0.0)
    assert math.isnan(said[-1].raw)
    assert (said[-1].live, said[-1].age_us) == (0.0, 90 * tape.SECOND)
    unseen = run({"kind": "spread", "of": ["P1", "P2"]}, constant({"P1": 5.0}))[-1]
    assert math.isnan(unseen.age_us)


def test_periods_without_data_are_not_remembered() -> None:
    step = build(MARKET, Indicator(name="i", kind="spread_change", of=("S1",), window=20_000_000))
    for x in constant({"S1": 5.0}, seconds=100, until=10):
        step.update(x) if x.final else step.peek(x)
    assert step.snapshot()["filled"] == 1


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


def test_drawup_is_the_rise_from_the_lowest_of_the_window() -> None:
    said = run({"kind": "drawup", "of": ["P1", "S1"], "window": "40s"})
    price, spread = closes("P1"), closes("S1")
    for n, found in enumerate(said):
        past = finals_before(n)[-3:]
        rises = []
        for values, by_log in ((price, True), (spread, False)):
            lowest = (
                np.nanmin([*values[past], values[n]]) if np.isfinite([*values[past], values[n]]).any() else math.nan
            )
            rises.append(math.log(values[n] / lowest) if by_log else values[n] - lowest)
        known = np.array(rises)[np.isfinite(rises)]
        if len(known):
            assert found.raw == pytest.approx(known.mean(), abs=1e-12)
            assert found.raw >= 0
        else:
            assert math.isnan(found.raw)
