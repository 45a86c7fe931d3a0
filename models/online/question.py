"""What a learner is asked, and the lesson that has come with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from models.signals.step import Floats


class Lesson(NamedTuple):
    """A forecast's occasion with what came of it.

    Attributes:
        raw: features as they were when it was made, float64[F].
        now: the same normalised.
        change: how far the index has moved since, points: the label.
        scale: the scale of changes then, points.
    """

    raw: Floats
    now: Floats
    change: float
    scale: float


@dataclass(frozen=True, slots=True)
class Question:
    """What will the change of the index be?

    Attributes:
        raw: features of the moment, float64[F].
        now: the same normalised.
        scale: scale of changes, points; NaN while unknown.
        lesson: the forecast that has come due with this moment, or None.
        stress: whether the moment is one of stress (its percentile is 90 or more).
    """

    raw: Floats
    now: Floats
    scale: float
    lesson: Lesson | None
    stress: bool = False
