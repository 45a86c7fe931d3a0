"""The time of day in volatility: what a session usually shows by when, learned causally and divided out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Final

import numpy as np

from models.signals.compiled import compiled
from models.signals.merge import Window
from models.signals.moves import bounded
from models.signals.path import Observation, PeriodPath
from models.signals.schedule import Schedule
from models.signals.step import Floats, Ints, Step
from schemas.duration import DAY_US
from schemas.market import Market

CUT: Final = 5.0
"""A slot counts at most five times the mean of its session: a crisis at ten o'clock must not become normal for ten."""

LEAST: Final = 0.1
"""Paces are at least this: nothing is divided by next to nothing."""

_Change = tuple[Floats, Floats, Ints, Floats, int]


class Diurnal(Step[Observation, Observation, _Change]):
    """Variances of a period so far over the pace that this time of day usually has (index-methods 4.4).

    A session is cut into slots from its open on (days by UTC where the market never closes). When it ends, each slot's
    share of its variance, 1 on average and cut at `CUT`, is taken into the profile: p' = p + g (share - p), with
    g = 1 / (n + 2) over the first n sessions, a flat one standing before them, and 1 - 0.5 ** (1 / half_life) at least.
    The pace of a period so far is the mean of the profile over it. Realized variance, that of whole bars and bipower
    variation are divided by it; the range is by `Volatility`. Over a whole session the pace is near 1, so the finals of
    session periods stay what they were and the readings before them stop running ahead.
    """

    name: ClassVar[str] = "diurnal"
    fields: ClassVar[tuple[str, ...]] = ("profile", "now", "learned", "before", "session_us")

    def __init__(self, market: Market, sessions: Schedule) -> None:
        """Of a market that has a `[diurnal]`; `sessions` are its whole sessions, or days."""
        assert market.diurnal is not None, "a market without [diurnal] has no profile"
        n, slots = len(market.instrument), -(-DAY_US // market.diurnal.slot)
        self.layout = (*(i.name for i in market.instrument), market.diurnal.slot)
        self._sessions, self._slot_us = sessions, market.diurnal.slot
        self._least = 1 - 0.5 ** (DAY_US / market.diurnal.half_life)
        self.profile: Floats = np.ones((slots, n))
        """How much of a session's variance falls into each slot, 1 on average."""
        self.now: Floats = np.zeros((slots, n))
        """Variance of this session, by slot."""
        self.learned: Ints = np.zeros(n, np.int64)
        """Sessions in the profile, by instrument."""
        self.before: Floats = np.zeros(n)
        """Variance of this period at the window before."""
        self.session_us = 0
        """Close of this session, microseconds since 1970 (UTC)."""

    def advance(self, x: Observation) -> tuple[Observation, _Change]:
        """The observation with its variances at an even pace."""
        window = x.window
        opened, closed = self._sessions.period_at(window.at_us) or (window.period_open_us, window.period_close_us)
        profile, now, learned = self.profile, self.now.copy(), self.learned
        if closed != self.session_us:  # the session before ended without a window at its close
            profile, learned, now = self._learn(now)
        pace, before = np.empty((2, len(self.before)))
        _pace(profile, self._slot_us, window.period_open_us - opened, window.at_us - opened, pace)
        _gather(x.variance, self.before, (window.at_us - 1 - opened) // self._slot_us, now, before)
        if window.final:
            before[:] = 0.0
        adjusted = replace(
            x, variance=x.variance / pace, bar_variance=x.bar_variance / pace, bipower=x.bipower / pace, pace=pace
        )
        return adjusted, (profile, now, learned, before, closed)

    def commit(self, change: _Change) -> None:
        """Moves on to the next window."""
        self.profile, self.now, self.learned, self.before, self.session_us = change

    def _learn(self, now: Floats) -> tuple[Floats, Ints, Floats]:
        """Profile and count with the session that has ended, and an empty one."""
        profile, learned = self.profile.copy(), self.learned.copy()
        _learn(now, self._least, profile, learned)
        return profile, learned, np.zeros_like(now)


class AdjustedPath(Step[Window, Observation, tuple[Any, _Change]]):
    """The path of a period, its variances without the time of day."""

    name: ClassVar[str] = "adjusted_path"
    version: ClassVar[int] = PeriodPath.version
    parts: ClassVar[tuple[str, ...]] = ("path", "diurnal")

    def __init__(self, market: Market, sessions: Schedule) -> None:
        """As `PeriodPath` and `Diurnal`."""
        self.path, self.diurnal = PeriodPath(market), Diurnal(market, sessions)
        self.layout = self.diurnal.layout

    def advance(self, x: Window) -> tuple[Observation, tuple[Any, _Change]]:
        """The adjusted observation at the end of a window."""
        seen, of_path = self.path.advance(x)
        adjusted, of_diurnal = self.diurnal.advance(seen)
        return adjusted, (of_path, of_diurnal)

    def commit(self, change: tuple[Any, _Change]) -> None:
        """Both move on."""
        self.path.apply(change[0])
        self.diurnal.apply(change[1])


@compiled
def _pace(profile: Floats, slot_us: int, from_us: int, to_us: int, pace: Floats) -> None:
    """Mean of the profile from one time of the session to another, by instrument, into `pace`."""
    pace[:] = 0.0
    last = min((to_us - 1) // slot_us, len(profile) - 1)
    for slot in range(max(from_us, 0) // slot_us, last + 1):
        inside = min((slot + 1) * slot_us, to_us) - max(slot * slot_us, from_us)
        for c in range(len(pace)):
            pace[c] += profile[slot, c] * inside
    for c in range(len(pace)):
        pace[c] = max(pace[c] / (to_us - from_us), LEAST)


@compiled
def _gather(variance: Floats, before: Floats, slot: int, now: Floats, after: Floats) -> None:
    """What the window added to the period's variance, into the session's slot."""
    for c in range(len(variance)):
        after[c] = variance[c] if np.isfinite(variance[c]) else before[c]
        if 0 <= slot < len(now):
            now[slot, c] = bounded(now[slot, c] + max(after[c] - before[c], 0.0))


@compiled
def _learn(now: Floats, least: float, profile: Floats, learned: Ints) -> None:
    """The session's shares into the profile, in place; slots after the last one with a move have not been there."""
    seen = 0
    for slot in range(len(now)):
        if now[slot].max() > 0:
            seen = slot + 1
    for c in range(len(learned)):
        mean = now[:seen, c].sum() / seen if seen else 0.0
        if mean > 0:
            new = max(1 / (learned[c] + 2), least)
            for slot in range(seen):
                profile[slot, c] += new * (min(now[slot, c] / mean, CUT) - profile[slot, c])
            learned[c] += 1
