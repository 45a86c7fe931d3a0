"""Stretches: storms years apart, calm, and today; and the state before each."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from evaluation import panel, stretches
from evaluation.readings import tabulate
from evaluation.replay import Replay
from evaluation.stretches import AFTER, APART, BEFORE
from tests.evaluation import made


def test_storms_lie_years_apart_and_calm_and_today_are_among_them() -> None:
    index = np.full(5000, 20.0)
    index[[1500, 1600, 3000, 4500]] = [90, 80, 70, 60]
    index[500:600] = 10.0
    coverage = np.where(np.arange(5000) < 4800, 1.0, 0.5)
    days = stretches.chosen(index, coverage)
    assert {1500, 3000, 4500} <= set(days)
    assert 1600 not in days  # too near to a higher one
    assert 500 + BEFORE in days
    assert 4800 - AFTER in days
    assert days == sorted(days)
    assert APART == 1000


def test_days_without_an_index_are_in_no_stretch() -> None:
    index = np.concatenate([np.full(100, np.nan), np.arange(100.0)])
    days = stretches.chosen(index, np.ones(200))
    assert min(days) - BEFORE >= 100
    assert max(days) + AFTER <= 200


def test_a_short_history_has_none() -> None:
    assert stretches.chosen(np.ones(BEFORE + AFTER), np.ones(BEFORE + AFTER)) == []
    assert stretches.chosen(np.ones(3), np.ones(3)) == []


def test_a_stretch_goes_on_from_its_state_as_history_did(tmp_path: Path) -> None:
    market = made.market()
    read = panel.read(market, *made.write(tmp_path))
    _, readings = tabulate(market, Replay(market).run(read))
    by_close = [readings.get(at) for at in read.closes_us.tolist()]
    told: list[tuple[int, int]] = []
    found = stretches.prepared(market, read, [150, 180, 400], lambda *n: told.append(n))
    assert told == [(1, 3), (2, 3), (3, 3)]
    for day, stretch in zip((150, 180, 400), found, strict=True):
        replay = Replay(market)
        replay.restore(stretch.state)
        _, again = tabulate(market, replay.run(stretch.panel))
        assert (
            list(again.values()) == [final.reading for final in stretch.finals] == by_close[day - BEFORE : day + AFTER]
        )
