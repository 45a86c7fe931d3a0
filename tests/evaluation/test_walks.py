"""Walks: each forecast before its label, the least smoothed market, the shuffled history, rows from elsewhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evaluation import panel
from evaluation.walks import ROWS, least_smoothed, moments, shuffled, walk
from models.ensemble.forecaster import ENSEMBLE
from models.ensemble.levels import LEVELS
from models.features import Moment
from schemas.market_file import load
from tests.evaluation import made
from tests.models import score_samples, tape

MARKET = tape.market()
LONG = [replace(m, learns=True) for m in score_samples.made(600, seed=6)]


def moves(fed: list[Moment]) -> np.ndarray:
    """Moves of index and volatility, day by day."""
    return np.diff([(m.index, m.volatility) for m in fed], axis=0)


def test_shuffling_keeps_the_moves_and_their_company() -> None:
    order, plain = moves(shuffled(LONG)), moves(LONG)
    assert order[np.lexsort(order.round(6).T)] == pytest.approx(plain[np.lexsort(plain.round(6).T)], abs=1e-5)
    assert np.abs(order - plain).max() > 1


def test_a_shuffled_index_is_not_held_at_a_bound() -> None:
    """It would be, hundreds of times, in the order that comes first."""
    low = [replace(m, index=m.index - min(x.index for x in LONG)) for m in LONG]
    assert [m.index for m in shuffled(low)].count(0.0) <= 2  # where the history itself is there
    ends = np.arange(0, len(low), 250)
    assert [shuffled(low)[n].index for n in ends] == pytest.approx([low[n].index for n in ends])


def test_a_label_is_what_came() -> None:
    found = walk(MARKET, LONG, 2)
    index = {m.at_us: m.index for m in LONG}
    times = [m.at_us for m in LONG]
    for at_us, came in zip(found.at_us.tolist(), found.came, strict=True):
        assert came == index[times[times.index(at_us) + 2]] - index[at_us]


def test_a_row_from_elsewhere_stands_at_its_times_and_sleeps_at_others() -> None:
    found = walk(MARKET, LONG, 1)
    times = found.at_us[10:50]
    more = np.arange(40.0)[:, None, None] * np.ones((1, 1, len(LEVELS)))
    beside = found.beside(("other",), times, more)
    assert beside.rows == (*ROWS, "other")
    assert np.array_equal(beside.row("other")[10:50], more[:, 0])
    assert np.isnan(np.delete(beside.row("other"), np.s_[10:50], axis=0)).all()
    assert np.array_equal(beside.row(ENSEMBLE), found.row(ENSEMBLE))
    some = beside.of(np.arange(20))
    assert some.rows == beside.rows
    assert len(some.came) == len(some.at_us) == 20


def test_moments_are_those_that_the_flow_scores(tmp_path: Path) -> None:
    market = made.market()
    inputs, macro = made.write(tmp_path)
    read = panel.read(market, inputs, macro)
    fed = moments(market, read)
    published = list(panel.run(market, read))
    assert [m.at_us for m in fed] == [p.at_us for p in published]


def test_the_least_smoothed_market_remembers_volatility_for_one_period() -> None:
    plain = least_smoothed(load("us"))
    assert plain.half_life.volatility == plain.period_us
    lives = {i.half_life for s in plain.segment for i in s.indicator}
    assert lives == {None, plain.period_us}
    assert plain.form == load("us").form
