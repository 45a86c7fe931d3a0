"""Entries into stress: what counts is causal, and scores of which the answer is known are told apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from evaluation import entries
from evaluation.baselines import VIX
from evaluation.entries import BELOW, EVENTS, FRESH, STANDING, chances, distances, ground, judge
from evaluation.events import Event
from evaluation.walks import Walk
from models.ensemble.forecaster import ENSEMBLE
from models.ensemble.levels import LEVELS
from models.features import Moment
from schemas.duration import DAY_US
from tests.models import score_samples

START = pd.Timestamp("2003-01-01")
NORMAL = stats.norm.ppf(LEVELS)


def history(finals: int = 900, seed: int = 6) -> list[Moment]:
    """A day each, of an index that leaves its mean and returns."""
    first, rng, level = int(START.timestamp()) * 1_000_000, np.random.default_rng(seed), 0.0
    found = []
    for n, m in enumerate(score_samples.made(finals)):
        level = 0.95 * level + rng.standard_normal()
        found.append(replace(m, at_us=first + n * DAY_US, learns=True, index=50 + level))
    return found


FED = history()
INDEX = np.array([m.index for m in FED])
DAYS = pd.date_range(START, periods=len(FED))
VIX_AT_RANDOM = pd.Series(np.random.default_rng(1).random(len(DAYS)), DAYS)
TABLE = ground(FED, {VIX: VIX_AT_RANDOM})


def walk_of(said: np.ndarray, ahead: int) -> Walk:
    """Every row says the same of the change: a middle, and a normal spread of 2 points."""
    n = len(FED) - ahead
    quantiles = said[:n, None, None] + 2 * NORMAL * np.ones((n, 3, 1))
    at_us = np.array([m.at_us for m in FED[:n]])
    rows = (ENSEMBLE, "persistence", "har")
    return Walk(at_us, quantiles, INDEX[ahead:] - INDEX[:-ahead], np.zeros(n, np.bool_), np.zeros((n, 0)), rows)


def walks(foresight: float, *horizons: int) -> Iterator[tuple[int, Walk]]:
    for ahead in horizons:
        change = np.append(INDEX[ahead:] - INDEX[:-ahead], np.zeros(ahead))
        yield ahead, walk_of(foresight * change, ahead)


def test_stress_is_known_when_it_is_there() -> None:
    cut = 700
    shorter = ground(FED[:cut], {})
    assert TABLE["stressed"].iloc[:cut].equals(shorter["stressed"])
    assert TABLE["threshold"].iloc[:251].isna().all()
    at = 500
    assert TABLE["threshold"].iloc[at] == pytest.approx(np.quantile(INDEX[: at + 1], 0.9))
    assert 0.02 < TABLE["stressed"].mean() < 0.25


def test_distances_are_normal_scores_and_rise_with_the_probability() -> None:
    change = np.linspace(-30, 30, 61)
    found = distances(np.tile(1 + 2 * NORMAL, (61, 1)), change)
    assert found == pytest.approx(-(change - 1) / 2, abs=1e-9)
    assert chances(found) == pytest.approx(stats.norm.sf((change - 1) / 2), abs=1e-12)
    flat = distances(np.zeros((2, len(LEVELS))), np.array([-1.0, 1.0]))
    assert flat[0] > flat[1]
    assert np.isfinite(flat).all()


def test_who_sees_the_future_is_told_from_who_sees_where_the_index_stands() -> None:
    said = judge(TABLE, walks(1.0, 1, 5), [], ("2003", "2025"))
    blind = judge(TABLE, walks(0.0, 1, 5), [], ("2003", "2025"))
    entered = (TABLE["stressed"] & ~TABLE["stressed"].shift(1, fill_value=False)).sum()
    assert said["entries"] == blind["entries"] == entered > 5
    one, five = said["by"][BELOW]["1"], said["by"][BELOW]["5"]
    assert one["auroc"][ENSEMBLE] > 0.999  # nobody sees more
    assert one["auroc"][ENSEMBLE] > one["auroc"][STANDING] > one["auroc"][VIX]
    assert one["auroc"][VIX] == pytest.approx(0.5, abs=0.25)  # of six entries
    assert one["differences"][VIX]["interval"][0] > 0
    assert five["positive"] > one["positive"]
    standing = blind["by"][BELOW]["5"]
    assert standing["auroc"][ENSEMBLE] == pytest.approx(standing["auroc"][STANDING], abs=1e-9)
    assert standing["differences"][STANDING]["interval"] == pytest.approx([0, 0], abs=1e-9)
    assert said["by"][BELOW]["5"]["brier"]["loss"] < standing["brier"]["loss"]


def test_origins_are_those_that_are_not_in_stress() -> None:
    said = judge(TABLE, walks(0.0, 2), [], ("2003", "2025"))["by"]
    calm = TABLE["threshold"].notna() & ~TABLE["stressed"]
    assert said[BELOW]["2"]["origins"] == calm.iloc[:-2].sum()
    before = TABLE["stressed"].astype(float).rolling(20, min_periods=1).max() == 0
    assert said[FRESH]["2"]["origins"] == (calm & before).iloc[:-2].sum() < said[BELOW]["2"]["origins"]
    stressed = TABLE["stressed"].to_numpy()
    soon = [stressed[n + 1 : n + 3].any() for n in range(len(stressed) - 2)]
    assert said[BELOW]["2"]["positive"] == (np.array(soon) & calm.to_numpy()[:-2]).sum()


def test_dated_events_are_targets_too_and_their_own_days_no_origins() -> None:
    events = [Event(DAYS[at], f"day {at}", "equity") for at in (400, 600, 800)]
    said = judge(TABLE, walks(0.0, 5), events, ("2003", "2025"))["by"][EVENTS]["5"]
    assert said["positive"] == 3 * 5
    assert said["origins"] == len(FED) - 5 - 251 - 3 * 21


def test_too_few_entries_say_nothing_and_a_panel_without_vix_has_no_such_row() -> None:
    short = ground(FED[:260], {})
    assert judge(short, walks(0.0, 1), [], ("2003", "2025"))["by"][BELOW]["1"] is None
    bare = ground(FED, {})
    told = judge(bare, walks(0.0, 3), [], ("2003", "2025"))["by"][BELOW]["3"]
    assert VIX not in told["auroc"]
    assert set(told["differences"]) == {STANDING}
    assert judge(bare, walks(0.0, 3), [], ("1990", "1991"))["by"][BELOW]["3"] is None


def test_horizons_are_a_month_of_sessions() -> None:
    assert set(entries.HORIZONS) == set(range(1, 21))
    assert max(entries.HORIZONS) <= entries.BLOCK / 3
