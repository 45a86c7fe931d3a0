"""River's linear models: asleep at first, awake later, and they learn what there is to learn."""

from __future__ import annotations

import numpy as np

from models.features import Schema
from models.online.linear import LABELS, WARM_UP, LinearModels, used
from models.online.question import Lesson, Question
from tests.models import score_samples, tape

SCHEMA = Schema.of(tape.market())
MOVED = SCHEMA.names.index("moved.credit")


def taught(lessons: int, of: float, seed: int = 1) -> LinearModels:
    """Models that saw changes of `of` times one feature, in noise."""
    step, rng = LinearModels(SCHEMA), np.random.default_rng(seed)
    for _ in range(lessons):
        now = rng.standard_normal(len(SCHEMA.names))
        change = of * now[MOVED] + 0.5 * rng.standard_normal()
        step.update(Question(now, now, 1.0, Lesson(now, now, float(change), 1.0)))
    return step


def test_they_sleep_until_they_have_had_lessons() -> None:
    step = LinearModels(SCHEMA)
    asleep = []
    for question in score_samples.questions(score_samples.seen()):
        asleep.append(bool(np.isnan(step.update(question)).all()))
        assert np.isnan(step.peek(question)).any() == np.isnan(step.peek(question)).all()
    assert asleep == [n <= WARM_UP for n in range(len(asleep))]


def test_each_finds_the_feature_that_tells() -> None:
    step, now = taught(2000, of=1.0), np.zeros(len(SCHEMA.names))
    now[MOVED] = 2.0
    said = dict(zip(LABELS, step.peek(Question(now, now, 3.0, None)), strict=True))
    assert all(value > 1.0 for value in said.values()), said  # of 2 scales of 3 points


def test_without_a_scale_they_sleep() -> None:
    now = np.zeros(len(SCHEMA.names))
    assert np.isnan(taught(100, of=1.0).peek(Question(now, now, np.nan, None))).all()


def test_one_absurd_label_is_cut() -> None:
    step, now = taught(500, of=0.0), np.ones(len(SCHEMA.names))
    step.update(Question(now, now, 1.0, Lesson(now, now, 1e12, 1.0)))
    assert np.abs(step.peek(Question(now, now, 1.0, None))).max() <= 8.0


def test_they_read_no_calendar() -> None:
    assert set(used(SCHEMA)) < set(SCHEMA.names)
    assert not [name for name in used(SCHEMA) if name.endswith(("_sin", "_cos"))]
