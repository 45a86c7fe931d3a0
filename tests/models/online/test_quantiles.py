"""Quantile regressions: sorted, and where the labels are."""

from __future__ import annotations

import numpy as np
import pytest

from models.features import Schema
from models.online.quantiles import QuantileModels
from models.online.question import Lesson, Question
from tests.models import tape

SCHEMA = Schema.of(tape.market())
LEVELS = (0.1, 0.5, 0.9)


def test_quantiles_hold_their_share_of_labels() -> None:
    step, rng = QuantileModels(SCHEMA, LEVELS), np.random.default_rng(2)
    below = []
    for _ in range(4000):
        now, change = rng.standard_normal(len(SCHEMA.names)), float(rng.standard_normal())
        question = Question(now, now, 1.0, Lesson(now, now, change, 1.0))
        said = step.update(question)
        assert said.shape == (1, 3)
        assert np.isnan(said).all() or (np.diff(said[0]) >= 0).all()
        below.append(rng.standard_normal() <= said[0])
    assert np.mean(below[2000:], axis=0) == pytest.approx(LEVELS, abs=0.04)
