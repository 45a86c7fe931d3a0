"""Experts from outside the online learners, such as deep models: they see the whole window and may sleep."""

from __future__ import annotations

from typing import Any, ClassVar, Final, NamedTuple

import numpy as np

from models.ensemble.levels import LEVELS
from models.serving.seats import Seat, counts
from models.signals.step import Flags, Floats, State, Step
from models.window import Seen

Seated = tuple[tuple[str, str], ...]
"""Label and version of each row."""

_NOBODY: Final[State] = {"step": "no_guests", "version": 1, "layout": ()}
"""The state of no rows, as it was spelled before there were models: who has none keeps the bytes."""


class Invitation(NamedTuple):
    """The moment that guests are asked of, and the scale of changes, points (NaN while unknown)."""

    seen: Seen
    scale: float


class Brought(NamedTuple):
    """Quantiles of the change, points, float64[G, Q] (NaN asleep), and whose are used, bool[G]: others are judged."""

    rows: Floats
    used: Flags


class Guests(Step[Invitation, Brought, Any]):
    """Rows of the ensemble that are not our own learners'.

    A guest that is missing or refused sleeps: it has no weight, keeps its row, and costs the others nothing. One that
    has just come is judged and not used until the next final; then it enters with a newcomer's prior.
    """

    seated: Seated = ()
    """Who has a row; it changes at commits only."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the rows, G of them."""
        return tuple(label for label, _ in self.seated)


class ModelGuests(Guests):
    """The models in force that forecast so many finals ahead; rows come and go at finals."""

    name: ClassVar[str] = "guests"
    fields: ClassVar[tuple[str, ...]] = ("seated",)

    def __init__(self, periods: int, seated: Seated = ()) -> None:
        """With rows for these labels and versions."""
        self._periods, self.seated = periods, seated
        self.layout = self.labels

    def advance(self, x: Invitation) -> tuple[Brought, Seated]:
        """Their rows, and who has one from the next final on."""
        present = {seat.label: seat for seat in x.seen.seats if seat.periods == self._periods}
        rows = np.full((len(self.seated), len(LEVELS)), np.nan)
        used = np.zeros(len(self.seated), np.bool_)
        for n, (label, version) in enumerate(self.seated):
            seat = present.get(label)
            if seat is not None and seat.model is not None:
                rows[n] = x.scale * seat.model.quantiles(x.seen.rows)
                used[n] = seat.version == version and counts(label)
        return Brought(rows, used), self._next(present)

    def commit(self, change: Seated) -> None:
        """The others take their seats."""
        self.seated, self.layout = change, tuple(label for label, _ in change)

    def _next(self, present: dict[str, Seat]) -> Seated:
        """Rows that stay keep their place, new ones stand behind them."""
        staying = [label for label in self.labels if label in present]
        coming = [label for label in present if label not in staying]
        return tuple((label, present[label].version) for label in (*staying, *coming))

    def snapshot(self) -> State:
        """The state; without rows, as it was before there were models."""
        return super().snapshot() if self.seated else dict(_NOBODY)

    def restore(self, state: State) -> None:
        """Continues from a snapshot, with its rows.

        Raises:
            StateVersionError: of another step or version.
        """
        if state == _NOBODY:
            self.commit(())
            return
        self.layout = tuple(label for label, _ in state.get("seated", ()))
        super().restore(state)
