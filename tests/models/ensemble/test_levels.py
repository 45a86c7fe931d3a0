"""Levels and the loss that belongs to them."""

from __future__ import annotations

import numpy as np
import pytest

from models.ensemble.levels import LEVEL, LEVELS, MEDIAN, PUBLISHED, SHOWN, pinball


def test_published_levels_are_among_those_that_are_forecast() -> None:
    assert tuple(LEVELS[n] for n in SHOWN) == PUBLISHED
    assert LEVELS[MEDIAN] == 0.5
    assert pytest.approx(1 - LEVEL[::-1]) == LEVEL


def test_the_loss_is_least_at_the_quantile() -> None:
    labels = np.random.default_rng(1).standard_normal(20_000)
    best = np.quantile(labels, LEVELS)
    least = np.mean([pinball(best, y) for y in labels], axis=0)
    for off in (-0.2, 0.2):
        assert (np.mean([pinball(best + off, y) for y in labels], axis=0) > least).all()
    assert np.isnan(pinball(np.full(len(LEVELS), np.nan), 1.0)).all()
