"""Experts from outside the online learners, such as deep models: they see the whole window and may sleep."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from models.ensemble.levels import LEVELS
from models.signals.step import Floats, Step
from models.window import Seen


class Guests(Step[Seen, Floats, Any]):
    """Quantiles of the change, points, float64[G, Q] at `LEVELS`; a row of NaN sleeps.

    A guest that is missing, refused or newly swapped sleeps: it has no weight, keeps its row, and costs the others
    nothing. When it wakes for the first time it enters with a newcomer's prior, like every other expert.
    """

    labels: tuple[str, ...] = ()
    """Names of the rows, G of them; they do not change while the state lives."""


class NoGuests(Guests):
    """Nobody has come."""

    name: ClassVar[str] = "no_guests"

    def advance(self, x: Seen) -> tuple[Floats, None]:
        """No rows."""
        return np.empty((0, len(LEVELS))), None

    def commit(self, change: None) -> None:
        """Nothing to learn."""
