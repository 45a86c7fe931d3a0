"""Lessons are what serving saw, with what came."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evaluation.lessons import YARDSTICKS, lessons
from models.features import LENGTH, Schema
from models.window import windows
from tests.models import score_samples, tape

MARKET = tape.market()
FED = [replace(m, learns=True) for m in score_samples.made(400, seed=6)]


def test_windows_are_those_that_are_served_and_labels_come_later() -> None:
    found, seen = lessons(MARKET, FED, 2), {x.moment.at_us: x for x in windows(MARKET, FED)}
    index, times = {m.at_us: m.index for m in FED}, [m.at_us for m in FED]
    assert len(found) > 200
    for n in (0, len(found) // 2, len(found) - 1):
        at, due = int(found.at_us[n]), int(found.due_us[n])
        assert times.index(due) - times.index(at) == 2
        assert found.windows[n].tobytes() == seen[at].rows.astype(np.float32).tobytes()
        assert found.came[n] == pytest.approx(index[due] - index[at])
    assert found.windows.shape[1:] == (LENGTH, len(Schema.of(MARKET).names))
    assert found.yardsticks.shape[1] == len(YARDSTICKS)
    assert (found.scale > 0).all()


def test_nothing_of_a_lesson_changes_with_what_comes_after_its_moment() -> None:
    other = [*FED[:300], *(replace(m, index=100 - m.index) for m in FED[300:])]
    one, two = lessons(MARKET, FED, 1), lessons(MARKET, other, 1)
    before = one.at_us < FED[300].at_us
    assert before.sum() > 100
    for name in ("windows", "scale", "yardsticks"):
        assert getattr(one, name)[before].tobytes() == getattr(two, name)[: before.sum()].tobytes()


def test_a_history_without_labels_has_no_lessons() -> None:
    assert len(lessons(MARKET, FED[:3], 1)) == 0
