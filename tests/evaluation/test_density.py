"""Scores of quantiles: against closed forms, and on forecasts of which the answer is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from evaluation.density import SHARES, coverage, diebold_mariano, losses, pit, within
from models.ensemble.levels import LEVELS

NORMAL = stats.norm.ppf(LEVELS)


def draws(n: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(n)


def test_crps_is_near_that_of_the_normal_distribution() -> None:
    came = draws(20_000)
    said = losses(np.tile(NORMAL, (20_000, 1, 1)), came)[:, 0]
    exact = came * (2 * stats.norm.cdf(came) - 1) + 2 * stats.norm.pdf(came) - 1 / math.sqrt(math.pi)
    assert SHARES.sum() == pytest.approx(1.0)
    assert said.mean() == pytest.approx(exact.mean(), rel=0.03)  # nine levels


def test_the_test_finds_what_is_better_and_no_more_than_chance() -> None:
    noise = np.abs(draws(500, 2))
    assert diebold_mariano(noise, noise + 0.2 + 0.1 * draws(500, 3))["p"] < 1e-6
    assert diebold_mariano(noise, noise) == {"t": 0.0, "p": 1.0}
    found = [diebold_mariano(draws(300, seed), draws(300, 1000 + seed))["p"] < 0.05 for seed in range(200)]
    assert np.mean(found) < 0.11


def test_dependent_differences_count_for_less() -> None:
    steps = draws(4000, 4)
    dependent = np.convolve(steps, np.ones(10) / 10, "valid") + 0.03
    alone, together = diebold_mariano(np.zeros(400), dependent[::10][:400]), diebold_mariano(np.zeros(3991), dependent)
    assert abs(together["t"]) < 1.6 * abs(alone["t"]) + 1.0


def test_coverage_lies_where_a_perfect_forecaster_would() -> None:
    came = draws(2000)
    hit = within(np.tile(NORMAL, (2000, 1)), came, 0.9)
    said = coverage(hit, came > 9, 0.9)
    low, high = said["overall"]["perfect"]
    assert low < said["overall"]["value"] < high
    assert said["stress"] is None
    assert said["worst"]["value"] == min(hit[n : n + 60].mean() for n in range(2000 - 59))
    assert said["worst"]["perfect"][1] < 0.9


def test_intervals_that_are_too_narrow_are_seen() -> None:
    came = draws(2000)
    said = coverage(within(np.tile(0.8 * NORMAL, (2000, 1)), came, 0.9), came > 0, 0.9)
    for one in (said["overall"], said["stress"]):
        assert one["value"] < one["perfect"][0]


def test_the_histogram_of_a_calibrated_forecast_is_flat() -> None:
    said = pit(np.tile(NORMAL, (20_000, 1)), draws(20_000))
    assert said["share"] == pytest.approx(said["nominal"], abs=0.01)
    assert sum(said["nominal"]) == pytest.approx(1.0)
