"""Moves of prices, rates and spreads."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.signals.moves import LIMIT, bounded, logarithmic, move, moves, moves_into
from tests.models import tape


def test_prices_move_by_logarithms_and_rates_by_differences() -> None:
    assert move(110.0, 100.0, True) == pytest.approx(math.log(1.1), abs=1e-16)
    assert move(1.5, 2.0, False) == -0.5


@pytest.mark.parametrize("pair", [(0.0, 1.0), (1.0, 0.0), (-1.0, 1.0), (1e300, 1e-300), (math.nan, 1.0)])
def test_a_logarithm_without_meaning_is_unknown(pair: tuple[float, float]) -> None:
    assert math.isnan(move(*pair, True))


def test_elementwise() -> None:
    new, old, by_log = np.array([2.0, 3.0, np.nan]), np.array([1.0, 1.0, 1.0]), np.array([True, False, False])
    np.testing.assert_array_equal(moves(new, old, by_log), [move(2.0, 1.0, True), 2.0, np.nan])


def test_bounds_keep_what_is_unknown() -> None:
    assert bounded(1e308) == LIMIT
    assert bounded(-1e308) == -LIMIT
    assert bounded(-3.5) == -3.5
    assert math.isnan(bounded(math.nan))


def test_prices_that_can_be_negative_move_by_differences() -> None:
    m = tape.market(instrument=[{"name": "P1"}, {"name": "P2", "allow_negative": True}, {"name": "S1", "kind": "rate"}],
                    segment=[{"name": "s", "indicator": [{"name": "i", "kind": "level", "of": ["P1"]}]}])  # fmt: skip
    assert logarithmic(m).tolist() == [True, False, False]


def test_moves_into_given_room_are_the_same() -> None:
    new, old, by_log = np.array([2.0, 2.0, -1.0]), np.array([1.0, 1.0, 1.0]), np.array([True, False, True])
    room = np.empty(3)
    moves_into(new, old, by_log, room)
    np.testing.assert_array_equal(room, moves(new, old, by_log))
