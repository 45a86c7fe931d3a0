"""What a learner is asked."""

from __future__ import annotations

import numpy as np

from models.online.question import Lesson, Question


def test_a_question_carries_the_lesson_that_came_due() -> None:
    lesson = Lesson(np.zeros(2), np.zeros(2), -1.5, 0.5)
    assert Question(np.ones(2), np.ones(2), 0.5, lesson).lesson == lesson
