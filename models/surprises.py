"""Models that watch for anomalies: how surprised each is, as a probability of the tail of its own past."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np

from models.ensemble.guests import Seated
from models.serving.seats import Seat, counts
from models.signals.ranks import RecursiveRank
from models.signals.step import Floats, State, Step
from models.signals.tails import DECADES, Standing, TailScore
from models.signals.zscores import CausalZ
from models.window import Seen
from schemas.market import Market

PRIMED: Final = 500
"""Surprises of its gate set, the newest, that a model's past begins with: it was not trained on them."""


@dataclass(frozen=True, slots=True)
class Surprise:
    """What one model says of a moment.

    Attributes:
        label: of its seat.
        version: of it.
        reconstruction: error of the reconstruction; NaN asleep.
        surprise: of the model.
        probability: of a surprise at least as large among those of its past, 0..1; NaN while it has too few.
        used: whether it counts for the anomaly of the moment.
    """

    label: str
    version: str
    reconstruction: float
    surprise: float
    probability: float
    used: bool


class SurpriseTail(Step[float, float, tuple[Any, ...]]):
    """Tail probability of a number among those before it, as the other views of `models.anomaly` have it."""

    name: ClassVar[str] = "surprise_tail"
    parts: ClassVar[tuple[str, ...]] = ("rank", "zscore", "tail")

    def __init__(self, warm_up: int, capacity: int) -> None:
        """It speaks after so many, and remembers so many."""
        self.rank = RecursiveRank(1, warm_up, capacity)
        self.zscore = CausalZ(1, warm_up)
        self.tail = TailScore(1)

    def advance(self, x: float) -> tuple[float, tuple[Any, ...]]:
        """The probability, 0..1; NaN of NaN and while there are too few."""
        view = np.array([x])
        rank, of_rank = self.rank.advance(view)
        z, of_z = self.zscore.advance(view)
        score, of_tail = self.tail.advance(Standing(rank, z))
        return float(10.0 ** (-DECADES * score[0])), (of_rank, of_z, of_tail)

    def commit(self, change: tuple[Any, ...]) -> None:
        """One more."""
        for name, own in zip(self.parts, change, strict=True):
            getattr(self, name).apply(own)

    def learn(self, past: Floats) -> None:
        """Takes in what lies behind, in its order, without a word about it."""
        for x in past[:, None]:
            z, _ = self.zscore.advance(x)
            self.rank.apply(x)
            self.zscore.apply(x)
            self.tail.apply(z)


_Change = tuple[Seated, dict[str, tuple[Any, ...]], dict[str, Floats]] | None


class Surprises(Step[Seen, tuple[Surprise, ...], _Change]):
    """The watching models in force, each with its past.

    One that has just come is asked and not used until the next final; then its past begins with its surprises at its
    gate set. Another version under the same name is another model: nothing of the old one's past is its own.
    """

    name: ClassVar[str] = "surprises"
    fields: ClassVar[tuple[str, ...]] = ("seated",)

    def __init__(self, market: Market) -> None:
        """Of a market."""
        self._history = (market.history.warm_up, market.history.capacity)
        self.layout = self._history
        self.seated: Seated = ()
        self._tails: dict[str, SurpriseTail] = {}

    def advance(self, x: Seen) -> tuple[tuple[Surprise, ...], _Change]:
        """What each says of the moment."""
        seats = [seat for seat in x.seats if not seat.periods]
        told: list[Surprise] = []
        changes: dict[str, tuple[Any, ...]] = {}
        for seat in seats:
            missed, surprise = (np.nan, np.nan) if seat.model is None else seat.model.surprise(x.now)
            known = (seat.label, seat.version) in self.seated
            chance, change = self._tails[seat.label].advance(surprise) if known else (np.nan, ())
            changes |= {seat.label: change} if known else {}
            used = known and counts(seat.label)
            told.append(Surprise(seat.label, seat.version, missed, surprise, chance, used))
        return tuple(told), (self._seating(seats), changes, self._pasts(seats)) if x.moment.learns else None

    def commit(self, change: _Change) -> None:
        """Each learns; newcomers begin with their past, those who left are forgotten."""
        if change is None:
            return
        seated, changes, pasts = change
        for label, own in changes.items():
            self._tails[label].apply(own)
        self._tails = {label: self._tails[label] for label, _ in seated if label in changes}
        for label, past in pasts.items():
            self._tails[label] = self._fresh()
            self._tails[label].learn(past)
        self.seated = seated

    @staticmethod
    def _seating(seats: Iterable[Seat]) -> Seated:
        return tuple((seat.label, seat.version) for seat in seats)

    def _pasts(self, seats: Iterable[Seat]) -> dict[str, Floats]:
        """What newcomers begin with."""
        fresh = (seat for seat in seats if (seat.label, seat.version) not in self.seated)
        return {seat.label: np.empty(0) if seat.model is None else seat.model.past[-PRIMED:] for seat in fresh}

    def _fresh(self) -> SurpriseTail:
        return SurpriseTail(*self._history)

    def snapshot(self) -> State:
        """With the past of each."""
        return super().snapshot() | {"tails": {label: tail.snapshot() for label, tail in self._tails.items()}}

    def restore(self, state: State) -> None:
        """Continues with those who have a past.

        Raises:
            StateVersionError: of another step, version or layout.
        """
        super().restore(state)
        self._tails = {label: self._fresh() for label in state["tails"]}
        for label, own in state["tails"].items():
            self._tails[label].restore(own)
