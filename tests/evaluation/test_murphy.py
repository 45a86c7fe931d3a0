"""Murphy's decomposition and diagrams: identities, and forecasts of which the answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from evaluation import density, murphy
from models.ensemble.levels import LEVELS

N = 20_000
RNG = np.random.default_rng(5)
SPREAD = np.exp(0.7 * RNG.standard_normal(N))
CAME = SPREAD * RNG.standard_normal(N)
NORMAL = stats.norm.ppf(LEVELS)


@pytest.mark.parametrize("level", [0.05, 0.5, 0.95])
def test_one_who_knows_the_spread_is_reliable_and_tells_occasions_apart(level: float) -> None:
    parts = murphy.quantile(SPREAD * stats.norm.ppf(level), CAME, level)
    assert 0 <= parts["reliability"] < 0.02 * parts["loss"]  # regression finds a little in any sample
    assert parts["resolution"] > (0.1 * parts["uncertainty"] if level != 0.5 else -1e-12)


def test_one_who_knows_only_the_shares_has_no_resolution() -> None:
    said = np.full(N, np.quantile(CAME, 0.95))
    parts = murphy.quantile(said, CAME, 0.95)
    assert parts["loss"] == pytest.approx(parts["uncertainty"])
    assert parts["resolution"] == pytest.approx(0, abs=1e-12)


def test_a_shift_costs_reliability_only() -> None:
    said = SPREAD * NORMAL[-1]
    right, wrong = (murphy.quantile(x, CAME, 0.95) for x in (said, said + 1.0))
    assert wrong["resolution"] == pytest.approx(right["resolution"])
    assert wrong["reliability"] > right["reliability"] + 0.01


def test_the_levels_sum_to_the_crps() -> None:
    said = SPREAD[:, None] * NORMAL
    parts = murphy.crps(said, CAME)
    assert parts["loss"] == pytest.approx(density.losses(said[:, None], CAME).mean())
    assert parts["loss"] == pytest.approx(parts["reliability"] - parts["resolution"] + parts["uncertainty"])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=200))
def test_the_parts_of_a_brier_score_sum_to_it(cases: list[tuple[float, bool]]) -> None:
    chance, happened = np.array([c for c, _ in cases]), np.array([h for _, h in cases])
    parts = murphy.brier(chance, happened)
    assert parts["loss"] == pytest.approx(np.mean((chance - happened) ** 2))
    assert parts["loss"] == pytest.approx(parts["reliability"] - parts["resolution"] + parts["uncertainty"])
    assert min(parts["reliability"], parts["resolution"]) >= -1e-12


def test_probabilities_that_mean_what_they_say_are_reliable() -> None:
    chance = RNG.random(N)
    parts = murphy.brier(chance, RNG.random(N) < chance)
    assert parts["reliability"] < 0.003
    assert parts["resolution"] == pytest.approx(1 / 12, abs=0.01)
    assert murphy.brier(np.full(N, 0.3), RNG.random(N) < chance)["resolution"] == pytest.approx(0, abs=1e-12)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(-4, 4)), min_size=1, max_size=12), st.sampled_from(LEVELS))
def test_no_rising_function_of_what_was_said_loses_less(cases: list[tuple[int, int]], level: float) -> None:
    said, came = np.array([s for s, _ in cases], float), np.array([c for _, c in cases], float)
    found = murphy.isotonic_quantile(said, came, level)
    order = np.argsort(said, kind="stable")
    assert (np.diff(found[order]) >= 0).all()
    assert all(len(set(found[said == s])) == 1 for s in said)
    steps = sorted(set(came.tolist()))
    least = {(): 0.0}  # by brute force: the best value of each group, never falling
    for s in sorted(set(said.tolist())):
        own = came[said == s]
        least = {
            (height,): min(total for before, total in least.items() if not before or before[0] <= height)
            + murphy.pinball_at(np.full_like(own, height), own, level) * len(own)
            for height in steps
        }
    assert murphy.pinball_at(found, came, level) * len(came) == pytest.approx(min(least.values()))


def test_elementary_losses_mix_to_the_pinball_loss() -> None:
    """Their integral over all thresholds (Ehm et al. 2016, with the identity as the mixing measure)."""
    said, at = (SPREAD * NORMAL[-1])[:500], np.arange(-60.0, 60.0, 0.01)
    curve = murphy.diagram(said, CAME[:500], 0.95, at)
    assert curve.sum() * 0.01 == pytest.approx(murphy.quantile(said, CAME[:500], 0.95)["loss"], rel=0.01)
    assert curve.min() >= 0


def test_who_knows_more_is_lower_everywhere() -> None:
    at = np.linspace(0.5, 6, 20)
    knows = murphy.diagram(SPREAD * NORMAL[-1], CAME, 0.95, at)
    shares = murphy.diagram(np.full(N, np.quantile(CAME, 0.95)), CAME, 0.95, at)
    assert (knows <= shares + 1e-4).all()
    assert (knows < shares).mean() > 0.8
