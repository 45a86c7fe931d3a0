"""Reasons beside a reading: a frozen, silent or leaping input, and inputs that came or left, by name."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from models.pipeline import Pipeline
from schemas.bars import Partial
from schemas.market import Market
from schemas.reading import Details, Reading, decode_reading
from tests.models import tape

PERIODS = 90
NAMES = [*tape.PRICES, *tape.OTHERS]


SEGMENTS: list[dict[str, Any]] = [
    {"name": "equity", "indicator": [{"name": "vol", "kind": "realized_volatility", "of": ["P1", "P2"]}]},
    {"name": "credit", "indicator": [
        {"name": "level", "kind": "level", "of": ["S1"]},
        {"name": "spread", "kind": "spread", "of": ["S1", "R1"]},
    ]},
]  # fmt: skip


def market(**changes: Any) -> Market:
    return tape.market(step="period", form="z_mean", **({"segment": SEGMENTS} | changes))


def run(of: Market, values: np.ndarray) -> tuple[list[Reading], list[list[str]]]:
    """Readings and reasons of finals whose instruments close at `values`, [periods, N]; NaN is no bar."""
    pipeline, said = Pipeline(of, 1), []
    for n, row in enumerate(values, start=1):
        at_us = tape.START + n * of.period_us
        rows = [{"code": c, "end_us": at_us, "path": [v] * 6} for c, v in enumerate(row) if np.isfinite(v)]
        said += pipeline.feed(Partial(0, np.array([at_us]), tape.columns(rows)))
    reasons = [msgspec.json.decode(one.details or b"", type=Details).reasons for one in said]
    return [decode_reading(one.reading) for one in said], [r for r in reasons if isinstance(r, list)]


def walk() -> np.ndarray:
    rng = np.random.default_rng(1)
    moves = np.cumsum(rng.choice([-0.01, 0.01], (PERIODS, len(NAMES))), axis=0)
    return np.where(np.arange(len(NAMES)) < 3, 100 * np.exp(moves), 2 + moves) + 1e-6 * rng.standard_normal(moves.shape)


def test_an_ordinary_past_needs_no_reason() -> None:
    readings, reasons = run(market(), walk())
    assert len(readings) == len(reasons) == PERIODS
    assert not any(reasons[6:])
    assert all(r.flags == [] for r in readings[6:])


def test_a_bad_print_is_told() -> None:
    values = walk()
    values[80, 0] *= 100
    readings, reasons = run(market(), values)
    assert readings[80].flags == ["odd_move"]
    assert len(reasons[80]) == 1
    assert reasons[80][0].startswith("P1: moved ")
    assert reasons[80][0].endswith("times as far as ever before")


def test_a_frozen_input_is_told_with_the_length_of_its_sleep() -> None:
    values = walk()
    values[70:, 3] = values[70, 3]
    readings, reasons = run(market(), values)
    assert readings[77].flags == ["frozen_input"]
    assert reasons[77] == ["S1: the same value for 8 periods, where it moves"]


def test_a_value_that_stands_a_little_is_a_word_and_no_flag() -> None:
    values = walk()
    values[70:, 3] += values[69, 3] - values[70, 3]
    readings, reasons = run(market(), values)
    assert [r.flags for r in readings[69:72]] == [[]] * 3
    assert reasons[69:72] == [[], ["S1: the same value for 2 periods"], []]


def test_a_period_that_many_inputs_lost_is_told_for_three_half_lives() -> None:
    values = walk()
    values[70, [0, 1, 3]] = np.nan
    readings, reasons = run(market(), values)
    assert readings[71].flags == []
    assert reasons[71] == ["3 inputs: no value for 1 period, 1 period ago"]
    assert reasons[84] == ["3 inputs: no value for 1 period, 14 periods ago"]
    assert reasons[86] == []
    values[70, [1, 3]] = walk()[70, [1, 3]]
    assert run(market(), values)[1][71] == [], "one of four is somebody's holiday"


def test_a_gap_is_told_after_its_flag_has_gone() -> None:
    values = walk()
    values[60:63, 0] = np.nan
    readings, reasons = run(market(), values)
    assert readings[72].flags == ["recent_gap"]
    assert readings[73].flags == []
    assert reasons[73] == ["P1: no news for 3 periods until 11 periods ago"]
    assert reasons[77] == ["P1: no news for 3 periods until 15 periods ago"]
    assert reasons[78] == []


def test_a_silent_input_is_told_and_so_is_what_left_with_it() -> None:
    values = walk()
    values[70:, 3] = np.nan
    stale = [i.model_dump() | {"stale_after": 25_000_000} for i in market().instrument]
    readings, reasons = run(market(instrument=stale), values)
    assert readings[70].flags == ["silent_input"]
    assert reasons[70] == ["S1: no value for 1 period"]
    assert readings[72].flags == ["composition", "degraded", "silent_input"]
    change = readings[72].change
    assert change is not None
    assert reasons[72] == [
        f"left: level, spread; composition {change.composition:+.2f}", "S1: no value for 3 periods",
    ]  # fmt: skip


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_nobody_is_told_of_an_input_that_is_only_watched(weight: float) -> None:
    values = walk()
    values[80, 5] *= 100
    watched = {"name": "watched", "kind": "level", "of": ["Q1"], "weight": weight}
    segments = [SEGMENTS[0] | {"indicator": [*SEGMENTS[0]["indicator"], watched]}, SEGMENTS[1]]
    readings, reasons = run(market(segment=segments), values)
    assert readings[80].flags == (["odd_move"] if weight else [])
    assert bool(reasons[80]) == bool(weight)
