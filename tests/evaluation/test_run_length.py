"""Run lengths: counted alarms, and detectors of which the answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from river.drift import DummyDriftDetector

from evaluation import run_length
from models.online.drift import DETECTORS


def test_alarms_are_counted() -> None:
    every_tenth = DummyDriftDetector(trigger_method="fixed", t_0=10)
    assert len(run_length.alarms("adwin", np.zeros(100), every_tenth)) == pytest.approx(10, abs=1)


@pytest.mark.parametrize("name", DETECTORS)
def test_a_stable_stream_is_long_and_a_broken_one_short(name: str) -> None:
    assert run_length.run_length(name, lambda seed: run_length.normal(seed, 2000), runs=1) >= 1000
    assert run_length.delay(name, lambda x: x + 3.0, runs=1) < 200


def test_heavy_tails_have_variance_one() -> None:
    assert run_length.heavy(1, 200_000).std() == pytest.approx(1.0, abs=0.02)
