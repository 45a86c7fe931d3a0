"""Where each rule stands: quiet, pending or alerting. Hysteresis, minimum duration and resolving, for all at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
import numpy.typing as npt

from models.signals.step import Flags, Floats, Ints, Step

QUIET: Final = 0
PENDING: Final = 1
ALERTING: Final = 2

Phase = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Timing:
    """Times of one rule in microseconds: how long its condition must hold, and how long an alert stays at least.

    `key` tells a rule and its version from all others.
    """

    key: str
    lasting_us: int
    keep_us: int


@dataclass(frozen=True, slots=True)
class Truths:
    """What rules are told: the time, which of them look at it, whether each begins or ends (1, 0, NaN for unknown)."""

    at_us: int
    looking: Flags
    when: Floats
    until: Floats


@dataclass(frozen=True, slots=True)
class Turn:
    """What changed: indices of rules whose alert began, and of those whose alert ended."""

    fired: Ints
    resolved: Ints


@dataclass(frozen=True, slots=True)
class Stand:
    """Where every rule stands after a reading."""

    phase: Phase
    since_us: Ints


class Phases(Step[Truths, Turn, Stand]):
    """The phases of one market's rules.

    A condition that is not known begins nothing, breaks a pending one, and ends nothing: "no data" never looks calm.
    """

    name: ClassVar[str] = "alert_phases"
    fields: ClassVar[tuple[str, ...]] = ("phase", "since_us")

    def __init__(self, timings: Sequence[Timing]) -> None:
        self.layout = tuple(timing.key for timing in timings)
        self._lasting = np.array([timing.lasting_us for timing in timings], np.int64)
        self._keep = np.array([timing.keep_us for timing in timings], np.int64)
        self.phase: Phase = np.zeros(len(timings), np.int8)
        self.since_us: Ints = np.zeros(len(timings), np.int64)

    def advance(self, x: Truths) -> tuple[Turn, Stand]:
        """Which alerts begin and end at this time."""
        holds = x.looking & (x.when == 1)
        phase, since = self.phase.copy(), self.since_us.copy()
        begins = holds & (phase == QUIET)
        phase[begins], since[begins] = PENDING, x.at_us
        phase[x.looking & ~holds & (phase == PENDING)] = QUIET
        fires = holds & (phase == PENDING) & (x.at_us - since >= self._lasting)
        stayed = np.maximum(x.at_us - since, 0)  # a tock's time may be ahead of the next reading's
        ends = x.looking & (self.phase == ALERTING) & (x.until == 1) & (stayed >= self._keep)
        phase[fires], since[fires] = ALERTING, x.at_us
        phase[ends], since[ends] = QUIET, x.at_us
        return Turn(np.flatnonzero(fires), np.flatnonzero(ends)), Stand(phase, since)

    def commit(self, change: Stand) -> None:
        """Takes the new phases."""
        self.phase, self.since_us = change.phase, change.since_us
