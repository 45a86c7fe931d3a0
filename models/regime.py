"""The regime: calm, tense or stress, by a filtered Markov-switching model that does not flicker."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from models.features import Schema
from models.signals.step import Floats, Step
from models.window import Seen

STATES: Final = ("calm", "tense", "stress")

UNKNOWN: Final = "unknown"

STAY: Final = 0.98
"""Probability of staying for another final; half of the rest goes to each neighbour."""

START: Final[Floats] = np.array([[-0.7, -0.7], [0.5, 0.5], [2.0, 2.0]])
SPREAD: Final[Floats] = np.array([[0.5, 0.6], [0.6, 0.7], [1.2, 1.2]])
"""Centres and scales of (index, log volatility) in each state, in deviations from their past, before any data."""

FREEDOM: Final = 5.0
"""Of the Student-t emissions: one wild day is not a regime."""

PACE: Final = 1 / 500
"""Of learning centres and scales: two years of sessions."""

APART: Final = 0.4
"""States stay ordered by the index, at least so far apart: a label always means the same."""

ENTER: Final = 0.8
LEAVE: Final = 0.5
DWELL: Final = 5
"""A state is entered at a probability of 0.8, or after five finals in which the present one had less than 0.5; never
before the present one has lasted five finals."""

_TRANSITION: Final[Floats] = np.array(
    [[STAY, 1 - STAY, 0.0], [(1 - STAY) / 2, STAY, (1 - STAY) / 2], [0.0, 1 - STAY, STAY]]
)

_Change = tuple[Floats, Floats, Floats, tuple[int, int, int]] | None


@dataclass(frozen=True, slots=True)
class Regime:
    """Where the market is.

    Attributes:
        name: one of `STATES`, or `unknown` while the index has no percentile.
        probability: of each state, filtered, float64[3].
        dwell: finals since it was entered.
    """

    name: str
    probability: Floats
    dwell: int


class RegimeFilter(Step[Seen, Regime, _Change]):
    """Hamilton's filter (1989) over three ordered states: p ~ (P' p) f(y | state).

    y is the index and its instruments' log volatility, both in deviations from their own past. The filter never looks
    back. Centres and scales follow by recursive expectation maximisation (Titterington 1984).
    """

    name: ClassVar[str] = "regime"
    fields: ClassVar[tuple[str, ...]] = ("probability", "centre", "scale", "declared")

    def __init__(self, schema: Schema) -> None:
        """Of a schema of features."""
        self.layout = (schema.hash, STATES)
        self._places = [schema.names.index(name) for name in ("index", "volatility")]
        self.probability: Floats = np.full(3, 1 / 3)
        self.centre: Floats = START.copy()
        self.scale: Floats = SPREAD.copy()
        self.declared: tuple[int, int, int] = (-1, 0, 0)
        """The state that is told (-1 before the first), finals since it was entered, and of late doubt."""

    def advance(self, x: Seen) -> tuple[Regime, _Change]:
        """The regime with this moment."""
        if not x.moment.learns or math.isnan(x.moment.percentile):
            return Regime(_name(self.declared[0]), self.probability.copy(), self.declared[1]), None
        y = x.now[self._places]
        predicted = _TRANSITION.T @ self.probability
        probability = predicted * _densities(y, self.centre, self.scale)
        probability = probability / probability.sum()
        declared = _declared(self.declared, probability)
        change = (probability, *_followed(y, probability, self.centre, self.scale), declared)
        return Regime(_name(declared[0]), probability.copy(), declared[1]), change

    def commit(self, change: _Change) -> None:
        """Keeps the filter."""
        if change is not None:
            self.probability, self.centre, self.scale, self.declared = change


def _name(state: int) -> str:
    return UNKNOWN if state < 0 else STATES[state]


def _densities(y: Floats, centre: Floats, scale: Floats) -> Floats:
    """Of an observation in each state, up to one factor; independent Student-t."""
    z = (y - centre) / scale
    log = -(FREEDOM + 1) / 2 * np.log1p(z * z / FREEDOM) - np.log(scale)
    total = log.sum(axis=1)
    found: Floats = np.exp(total - total.max())
    return found


def _followed(y: Floats, probability: Floats, centre: Floats, scale: Floats) -> tuple[Floats, Floats]:
    """Centres and scales a little nearer to what was seen, as far as the state was likely; the order stays."""
    step, z = PACE * probability[:, None], (y - centre) / scale
    robust = (FREEDOM + 1) / (FREEDOM + z * z)  # weight of an observation under Student-t
    centre = centre + step * robust * (y - centre)
    scale = np.clip(scale * (1 + step * (robust * z * z - 1) / 2), 0.2, 3.0)
    for k in (1, 2):
        centre[k, 0] = max(centre[k, 0], centre[k - 1, 0] + APART)
    return centre, scale


def _declared(before: tuple[int, int, int], probability: Floats) -> tuple[int, int, int]:
    """Hysteresis and minimum dwell: the state that is told, its age in finals, and finals of doubt."""
    state, age, doubt = before
    likely = int(probability.argmax())
    if state < 0:
        return likely, 1, 0
    doubt = doubt + 1 if probability[state] < LEAVE else 0
    moves = likely != state and age >= DWELL and (probability[likely] >= ENTER or doubt >= DWELL)
    return (likely, 1, 0) if moves else (state, age + 1, doubt)
