"""Judged beside the yardsticks, on the same moments."""

from __future__ import annotations

from dataclasses import fields
from statistics import NormalDist

import numpy as np
import pytest

from evaluation import density
from evaluation.judging import day, guarded, judge, metrics, moment
from evaluation.lessons import YARDSTICKS, Lessons
from models.ensemble.levels import LEVELS

N = 400
RNG = np.random.default_rng(1)
CAME = RNG.standard_normal(N)
NORMAL = np.array([NormalDist().inv_cdf(one) for one in LEVELS])
AT = np.arange(N, dtype=np.int64)


def given(wide: float = 1.0) -> Lessons:
    """Yardsticks that say normal quantiles, so much wider than true."""
    said = np.broadcast_to(wide * NORMAL, (N, len(YARDSTICKS), len(LEVELS)))
    return Lessons(AT, AT + 1, np.zeros((N, 50, 2), np.float32), np.ones(N), CAME, AT % 4 == 0, said)


def test_who_says_what_the_yardsticks_say_has_no_skill() -> None:
    found = judge("forecast", given(), [np.broadcast_to(NORMAL, (N, len(LEVELS)))])
    assert all(one["skill"] == pytest.approx(0, abs=0.02) for one in found["skill"].values())
    assert found["unguarded"] == pytest.approx(found["crps"]["persistence"])
    assert found["coverage_90"] == pytest.approx(0.9, abs=0.04)


def test_a_network_is_judged_under_the_guard_that_it_is_served_under() -> None:
    """Too narrow by half, it is moved out as every expert is."""
    narrow = np.broadcast_to(0.5 * NORMAL, (N, len(LEVELS)))
    found = judge("forecast", given(), [narrow])
    assert found["crps"]["network"] < found["unguarded"]
    bare = float(density.within(narrow, CAME, 0.9).mean())
    assert bare < found["coverage_90"] - 0.1


def test_the_guard_learns_of_a_label_when_it_has_come_and_begins_anew_with_each_block() -> None:
    """Of labels that come three moments later, the last ones move nothing, whatever they are."""
    late = given()
    late = Lessons(AT, AT + 3, *(getattr(late, one.name) for one in fields(late)[2:]))
    said = np.broadcast_to(NORMAL, (N, len(LEVELS)))
    moved = guarded(late, said)
    assert np.array_equal(moved[:3], said[:3])
    assert not np.array_equal(moved[3], said[3])
    changed = Lessons(*(getattr(late, one.name).copy() for one in fields(late)))
    changed.came[50:] = 99.0
    assert np.array_equal(guarded(changed, said)[:53], moved[:53])
    assert not np.array_equal(guarded(changed, said)[53], moved[53])
    half = [guarded(late.of(slice(n, n + 200)), said[:200]) for n in (0, 200)]
    whole = judge("forecast", late, [said[:200], said[200:]])
    crps = density.losses(np.concatenate(half)[:, None], late.came).mean()
    assert whole["crps"]["network"] == pytest.approx(float(crps))


def test_who_knows_what_comes_has_much() -> None:
    found = judge("forecast", given(3.0), [CAME[:100, None] + 0.1 * NORMAL, CAME[100:, None] + 0.1 * NORMAL])
    assert found["skill"]["persistence"]["skill"] > 0.8
    assert found["skill"]["har"]["t"] > 5
    assert metrics(found)["skill_over_har"] == found["skill"]["har"]["skill"]


def test_surprise_is_told_calm_and_in_stress() -> None:
    found = judge("anomaly", given(), [np.where(AT % 4 == 0, 9.0, 1.0)])
    assert found["surprise"]["calm"][0] == 1.0
    assert found["surprise"]["stress"][0] == 9.0
    assert metrics(found) == {"surprise_median": 1.0}


def test_times_are_utc() -> None:
    assert moment(0) == "1970-01-01T00:00:00Z"
    assert day(86_400_000_000) == "1970-01-02"
