"""When alerts begin and end."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.alerts.phases import Phases, Timing, Truths

U = math.nan
T0 = 1_000_000_000


def events(timing: Timing, when: list[float], until: list[float] | None = None, pace: int = 1) -> str:
    """A letter for each reading: `f` where the alert begins, `r` where it ends, `.` otherwise."""
    step, said = Phases([timing]), ""
    for n, truth in enumerate(when):
        end = (1 - truth) if until is None else until[n]
        turn = step.update(Truths(T0 + n * pace, np.array([True]), np.array([truth]), np.array([end])))
        said += "f" if len(turn.fired) else "r" if len(turn.resolved) else "."
    return said


@pytest.mark.parametrize(
    ("lasting", "keep", "when", "until", "wanted"),
    [
        (0, 0, [0, 1, 1, 0, 1], None, ".f.rf"),
        (2, 0, [1, 1, 0, 1, 1, 1, 1], None, ".....f."),
        (2, 0, [1, 1, U, 1, 1, 1], None, ".....f"),
        (0, 0, [1, U, U, 0], None, "f..r"),
        (0, 3, [1, 0, 0, 0, 0], None, "f..r."),
        (0, 0, [1, 0, 0, 0], [0, 0, 1, 1], "f.r."),
        (0, 0, [U, U], None, ".."),
        (0, 0, [1, 1, 1], [1, 1, 1], "frf"),
    ],
)
def test_when_an_alert_begins_and_ends(
    lasting: int, keep: int, when: list[float], until: list[float] | None, wanted: str
) -> None:
    assert events(Timing("r", lasting, keep), when, until) == wanted


def test_a_rule_that_does_not_look_stays_as_it_is() -> None:
    step = Phases([Timing("a", 0, 0), Timing("b", 0, 0)])
    one = np.array([1.0, 1.0])
    assert step.update(Truths(T0, np.array([True, False]), one, 1 - one)).fired.tolist() == [0]
    assert step.update(Truths(T0 + 1, np.array([False, True]), 1 - one, one)).resolved.tolist() == []
    assert step.phase.tolist() == [2, 0]


def test_an_alert_of_a_tock_ends_with_a_reading_of_an_earlier_time() -> None:
    step = Phases([Timing("r", 0, 0)])
    yes, look = np.array([1.0]), np.array([True])
    step.update(Truths(T0 + 100, look, yes, 1 - yes))
    assert step.update(Truths(T0 + 10, look, 1 - yes, yes)).resolved.tolist() == [0]
