"""The record: skill against persistence on the same occasions, coverage overall and in stress."""

from __future__ import annotations

import numpy as np
import pytest

from models.ensemble.levels import LEVELS, pinball
from models.ensemble.record import LEAST, Outcome, Record


def test_skill_is_measured_on_the_occasions_that_both_had() -> None:
    record, rng, seen = Record(3), np.random.default_rng(1), []
    for n in range(200):
        rows = np.sort(rng.standard_normal((3, len(LEVELS))), axis=1)
        if n < 100:
            rows[1] = np.nan
        y = float(rng.standard_normal())
        said = record.update(Outcome(rows, y, stress=False))
        seen.append(pinball(rows, y).mean(axis=1))
    losses, weights = np.array(seen), 0.5 ** (np.arange(200)[::-1] / 250)
    for row, start in ((1, 100), (2, 0)):
        own = (weights[start:] * losses[start:, row]).sum()
        assert said.skill[row] == pytest.approx(1 - own / (weights[start:] * losses[start:, 0]).sum())
    assert said.skill[0] == 0


def test_coverage_is_told_overall_and_in_stress() -> None:
    record, bounds = Record(1), np.linspace(-4, 4, len(LEVELS))[None]
    for n in range(4 * LEAST):
        said = record.update(Outcome(bounds, 9.0 if n % 10 == 0 else 3.0, stress=n % 4 == 0))
    assert said.labels == (4 * LEAST, LEAST)
    assert said.coverage[0] == pytest.approx([0.9, 0.0])
    assert said.coverage[1, 0] == pytest.approx(0.8)


def test_too_few_labels_say_nothing() -> None:
    said = Record(2).update(Outcome(np.zeros((2, len(LEVELS))), 1.0, stress=True))
    assert np.isnan(said.skill).all()
    assert np.isnan(said.coverage).all()
