"""Forecasts over history: judged on what came, and blind to the future: a shuffled one gives no skill, a leak a lot."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evaluation import panel
from evaluation.forecasts import ENSEMBLE, LEAST, ROWS, by_span, judge, least_smoothed, moments, shuffled, walk
from models.features import Moment
from schemas.market_file import load
from tests.evaluation import made
from tests.models import score_samples, tape

MARKET = tape.market()
LONG = [replace(m, learns=True) for m in score_samples.made(1500, seed=6)]


def skill(fed: list[Moment]) -> tuple[float, float]:
    """Of the ensemble against persistence, and its t."""
    said = judge(walk(MARKET, fed, 1), 1)
    assert said is not None
    row = said["rows"][ENSEMBLE]
    return row["skill"]["persistence"], row["diebold_mariano"]["persistence"]["t"]


def test_a_shuffled_future_gives_no_skill() -> None:
    for seed in (1, 2):
        found, t = skill(shuffled(LONG, seed))
        assert found < 0.01, seed
        assert t < 2.5, seed


def test_a_leak_would_be_seen() -> None:
    """The same history with tomorrow's move hidden in a feature."""
    tomorrow = np.append(moves(LONG)[:, 0], 0.0)
    leaking = [replace(m, volatility=m.volatility + 0.5 * move) for m, move in zip(LONG, tomorrow, strict=True)]
    found, t = skill(leaking)
    assert found > 0.1
    assert t > 5


def moves(fed: list[Moment]) -> np.ndarray:
    """Moves of index and volatility, day by day."""
    return np.diff([(m.index, m.volatility) for m in fed], axis=0)


def test_shuffling_keeps_the_moves_and_their_company() -> None:
    order, plain = moves(shuffled(LONG)), moves(LONG)
    assert order[np.lexsort(order.round(6).T)] == pytest.approx(plain[np.lexsort(plain.round(6).T)], abs=1e-5)
    assert np.abs(order - plain).max() > 1


def test_a_walk_is_judged_on_what_came() -> None:
    found = walk(MARKET, LONG, 2)
    index = {m.at_us: m.index for m in LONG}
    times = [m.at_us for m in LONG]
    for at_us, came in zip(found.at_us.tolist(), found.came, strict=True):
        assert came == index[times[times.index(at_us) + 2]] - index[at_us]
    said = judge(found, 2)
    assert said is not None
    assert said["rows"]["persistence"]["skill"]["persistence"] == 0
    assert set(said["rows"]) == set(ROWS)
    assert said["coverage"][ENSEMBLE]["0.9"]["overall"]["value"] == pytest.approx(0.9, abs=0.03)


def test_too_few_labels_say_nothing() -> None:
    assert judge(walk(MARKET, LONG[: LEAST // 2], 1), 1) is None
    of_2023 = by_span(walk(MARKET, LONG[:300], 1), 1)
    assert of_2023["1992-1999"] is None
    assert of_2023["2000-2025"] is not None
    assert of_2023["2000-2025"] == of_2023["2015-2025"]


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
