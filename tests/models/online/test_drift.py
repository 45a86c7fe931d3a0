"""Drift: silent on errors that stay what they are, heard when they change; asks for retraining."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.online.drift import DETECTORS, SCHEDULE, DriftWatch


def run(errors: np.ndarray) -> list[tuple[int, tuple[str, ...]]]:
    """When something was found, and by whom."""
    watch, found = DriftWatch(), []
    for n, error in enumerate(errors.tolist()):
        said = watch.update(error)
        if said.found:
            found.append((n, said.found))
    return found


def test_independent_errors_raise_no_alarm() -> None:
    assert run(np.random.default_rng(3).standard_normal(1500)) == []


@pytest.mark.parametrize(("change", "by"), [("bias", "page_hinkley"), ("scale", "adwin")])
def test_a_change_is_heard_by_the_detector_made_for_it(change: str, by: str) -> None:
    errors = np.random.default_rng(3).standard_normal(1500)
    errors[800:] = errors[800:] + 1.5 if change == "bias" else 2.5 * errors[800:]
    found = run(errors)
    assert found[0][0] > 800
    assert by in {name for n, names in found if n < 1100 for name in names}


def test_drift_and_schedule_both_ask_for_retraining() -> None:
    errors = np.random.default_rng(3).standard_normal(SCHEDULE + 200)
    errors[SCHEDULE + 20 :] += 4.0
    watch, asked = DriftWatch(), {}
    for n, error in enumerate(errors.tolist()):
        reason = watch.update(error).retrain
        if reason:
            asked.setdefault(reason, n)
    assert asked["schedule"] == SCHEDULE
    assert SCHEDULE + 20 < asked["drift"] < SCHEDULE + 120


def test_no_label_teaches_nothing() -> None:
    watch = DriftWatch()
    for _ in range(10):
        said = watch.update(math.nan)
    assert (said.labels, said.since) == (0, 0)
    assert len(said.counts) == len(DETECTORS)
