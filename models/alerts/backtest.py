"""What a rule would have said over a history: the same engine, from the first reading to the last."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from models.alerts.engine import Compiled, Engine
from models.alerts.kinds import Checked
from models.alerts.observe import Observer
from schemas.alert_rule import AlertRule
from schemas.reading import Details, Reading


@dataclass(frozen=True, slots=True)
class Episode:
    """One alert: when it began and ended (RFC 3339, UTC; None while it lasts), and the number that it showed then."""

    began: str
    ended: str | None
    value: float | None


@dataclass(frozen=True, slots=True)
class Backtest:
    """What a rule would have said: over how many readings, from when to when, and its alerts."""

    readings: int
    first: str | None
    last: str | None
    episodes: tuple[Episode, ...]


class Trial:
    """A rule that is tried over a history, reading by reading."""

    def __init__(self, rule: AlertRule, checked: Checked) -> None:
        self._engine = Engine([Compiled("trial", checked, rule.keep, rule.every == "final")])
        self._observer = Observer(self._engine.wanted)
        self._episodes: list[Episode] = []
        self._count = 0
        self._first: str | None = None
        self._last: str | None = None

    @property
    def wants_details(self) -> bool:
        """Whether the rule looks at what only the details of finals say."""
        return self._engine.wants_details

    def feed(self, history: Iterable[tuple[Reading, Details | None]]) -> None:
        """Takes in more of the history, oldest first."""
        for reading, details in history:
            verdict = self._engine.update(self._observer.reading(reading, details))
            if len(verdict.resolved):
                open_one = self._episodes[-1]
                self._episodes[-1] = Episode(open_one.began, reading.at, open_one.value)
            if len(verdict.fired):
                value = float(verdict.shown[0])
                self._episodes.append(Episode(reading.at, None, value if math.isfinite(value) else None))
            self._count, self._last = self._count + 1, reading.at
            self._first = self._first or reading.at

    def result(self) -> Backtest:
        """What it said so far."""
        return Backtest(self._count, self._first, self._last, tuple(self._episodes))
