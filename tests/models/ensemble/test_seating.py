"""Rows are moved with all that is known of them, and who comes anew answers for nothing of the past."""

from __future__ import annotations

import numpy as np
import pytest

from models.ensemble.boa import Boa, Gathering
from models.ensemble.guard import PACE, Guard
from models.ensemble.levels import LEVELS
from models.ensemble.record import Record
from models.ensemble.seating import PARTS, carried, moves
from models.online.labels import Issued, LabelQueue

Q = len(LEVELS)
BEFORE = (("a", "1"), ("b", "1"), ("c", "1"))
AFTER = (("a", "1"), ("c", "2"), ("d", "1"))
OF = moves(2, BEFORE, AFTER)


def numbered(rows: int) -> np.ndarray:
    return np.arange(rows, dtype=float)[:, None] + np.zeros(Q)


def test_rows_stay_swap_come_and_go() -> None:
    assert OF.known.tolist() == [0, 1, 2, -1, -1, 5]
    assert OF.spoken.tolist() == [0, 1, 2, 4, -1, 5]
    assert moves(2, (), ()).known.tolist() == [0, 1, 2]
    assert set(PARTS) == {"boa", "guard", "record", "labels"}


def test_weights_of_those_who_stay_keep_their_proportions() -> None:
    before, after = Boa((1.0, 1.0, 0.5, 0.5, 0.5)), Boa((1.0, 1.0, 0.5, 0.5, 0.5))
    before.weight = np.array([0.1, 0.2, 0.3, 0.15, 0.25])[:, None] * np.ones(Q)
    before.variance = numbered(5)
    after.restore(carried("boa", before.snapshot(), after.snapshot(), OF))
    assert after.weight.sum(axis=0) == pytest.approx(np.ones(Q))
    assert after.weight[3:, 0] == pytest.approx([0.5 / 3.5, 0.5 / 3.5])
    assert after.weight[:3, 0] / after.weight[0, 0] == pytest.approx([1, 2, 3])
    assert after.variance[:, 0].tolist() == [0, 1, 2, 0, 0]
    assert after.largest[3, 0] == Boa((1.0,)).largest[0, 0]
    assert np.isfinite(after.update(Gathering(np.ones(5, np.bool_), None))).all()


def test_guard_and_record_keep_the_rows_of_the_ensemble_last() -> None:
    before, after = Guard((PACE,) * 6), Guard((PACE,) * 6)
    before.offset = numbered(6)
    after.restore(carried("guard", before.snapshot(), after.snapshot(), OF))
    assert after.offset[:, 0].tolist() == [0, 1, 2, 0, 0, 5]
    told, anew = Record(6), Record(6)
    told.losses, told.hits = np.arange(18.0).reshape(3, 6), np.ones((2, 3))
    anew.restore(carried("record", told.snapshot(), anew.snapshot(), OF))
    assert anew.losses.tolist() == [[0, 1, 2, 0, 0, 5], [6, 7, 8, 0, 0, 11], [12, 13, 14, 0, 0, 17]]
    assert anew.hits.tolist() == np.ones((2, 3)).tolist()


def test_forecasts_on_their_way_are_those_of_who_made_them() -> None:
    before, after = LabelQueue(2, 6), LabelQueue(2, 6)
    weights = np.array([0.2, 0.2, 0.2, 0.3, 0.1])[:, None] * np.ones(Q)
    said, middles = numbered(6), np.ones(2)
    one = Issued(0, 1.0, np.ones(3), np.ones(3), np.ones(2), middles, said, said + 0.5, weights, stress=False)
    before.update(one)
    before.update(one)
    after.restore(carried("labels", before.snapshot(), after.snapshot(), OF))
    older, newest = (Issued(*pending) for pending in after.pending)
    assert older.quantiles[[0, 1, 2, 5], 0].tolist() == [0, 1, 2, 5]
    assert np.isnan(older.quantiles[3:5]).all()
    assert newest.quantiles[[0, 1, 2, 3, 5], 0].tolist() == [0, 1, 2, 4, 5]
    assert np.isnan(newest.quantiles[4]).all()
    assert np.array_equal(newest.unsorted, newest.quantiles + 0.5, equal_nan=True)
    for issued, last in ((older, 0.0), (newest, 0.1)):
        assert issued.weights.sum(axis=0) == pytest.approx(np.ones(Q))
        assert (issued.weights[3] > 0).all() == (last > 0)
        assert not issued.weights[4].any()
    empty = LabelQueue(2, 6)
    empty.restore(carried("labels", LabelQueue(2, 6).snapshot(), empty.snapshot(), OF))
    assert empty.pending == ()
