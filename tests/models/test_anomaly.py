"""Anomalies: rare on data that stay what they are, and seen where a planted day is unlike all others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.anomaly import LEAST, WINDOW, Anomaly, AnomalyWatch
from models.features import Moment
from models.window import windows
from tests.models import score_samples, tape

MARKET = tape.market(history={"warm_up": 60, "capacity": 2000})
CALM = [replace(m, learns=True) for m in score_samples.made(900, seed=8)]


def run(moments: list[Moment]) -> list[Anomaly]:
    watch = AnomalyWatch(MARKET)
    return [watch.update(x) for x in windows(MARKET, moments)]


SAID = run(CALM)


def test_views_come_when_they_know_enough() -> None:
    trees = [np.isfinite(a.trees) for a in SAID]
    assert not any(trees[:WINDOW])
    assert all(trees[WINDOW:])
    assert not any(np.isfinite(a.turbulence) for a in SAID[:LEAST])


def test_a_probability_is_as_rare_as_it_says() -> None:
    chances = np.array([a.probability for a in SAID])
    known = chances[np.isfinite(chances)]
    assert len(known) > 700
    assert (known < 0.05).mean() < 0.08
    assert (known < 0.001).mean() < 0.005


@pytest.mark.parametrize("segments", [(0, 1, 2), (1,)])
def test_a_day_unlike_all_others_is_seen(segments: tuple[int, ...]) -> None:
    scores = CALM[-1].scores.copy()
    scores[list(segments)] = 1.0
    odd = replace(CALM[-1], scores=scores)
    said = run([*CALM[:-1], odd])[-1]
    assert said.turbulence > max(a.turbulence for a in SAID[300:-1])
    assert said.probability < 0.005 < SAID[-1].probability


def test_turbulence_is_zero_on_an_average_day() -> None:
    distances = np.exp([a.turbulence for a in SAID[300:] if np.isfinite(a.turbulence)])
    assert distances.mean() == pytest.approx(1.0, abs=0.35)
