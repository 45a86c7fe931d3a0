"""What a market file says: one index, its instruments, its indicators in their segments, its time."""

from __future__ import annotations

import re
from typing import Final, Literal, Self

from pydantic import Field, model_validator

from schemas.alert_rule import AlertRule
from schemas.calendar_names import ALWAYS, fault_of
from schemas.duration import DAY_US, Duration, Span, microseconds
from schemas.indicator import OF_PRICES, Indicator, Segment
from schemas.instrument import Instrument
from schemas.market_parts import Diurnal, Episode, HalfLife, History, Scoring, Validation
from schemas.market_words import MarketName, Slug, Strict, Text

Form = Literal["ciss", "factor", "rank_mean", "tail_mean", "z_mean"]


FARTHEST: Final = 250
"""Periods that a forecast may look ahead: each waits for its label in the saved state."""


Place = tuple[str | int, ...]
"""Where in a market file something stands, as pydantic tells it: `("segment", 0, "indicator", 2)`."""


class FaultsError(ValueError):
    """What is wrong between the parts of a market; `faults` are places and sentences."""

    def __init__(self, faults: list[tuple[Place, str]]) -> None:
        super().__init__("; ".join(sentence for _place, sentence in faults))
        self.faults = faults


class Market(Strict):
    """One index, as its file defines it. Durations are microseconds here.

    Attributes:
        name: with its edition behind `@` from the second on, `us@2`.
        feed: whose ticks it reads; markets of one feed share `bar`, `lateness` and `clock`.
        calendar: `24x7`, or an exchange's ISO 10383 code such as `XNYS`.
        period: `session`, or a duration; its close commits state and gives the final.
        step: pace of provisional readings, a multiple of `bar`; `period` for finals only.
        bar: length of a bar.
        lateness: how long a partition waits for ticks that come out of order.
        cutoff: how long after a session's close its final is made: what is public by then counts.
        clock: `wall` for live feeds, whose time is given by `esi tock`; `records` where the producer writes it.
        form: the aggregation of the headline.
        forms: the aggregations that finals give beside it.
        step_forms: those that provisional readings give beside it.
        shrinkage: weight of the identity in segment and instrument correlations, 0..1.
        horizon: how far ahead forecasts look: `1 session`, or a duration.
        synthetic: said with every reading.
        diurnal: profile of the time of day that volatility is divided by; None for none.
        alert: the rules that come with it; no part of what readings are made of, nor of their version.
    """

    version: Literal[1]
    name: MarketName
    title: Text = ""
    about: Text = ""
    feed: Slug
    calendar: str = "24x7"
    period: Duration | Literal["session"] = "session"
    step: Duration | Literal["period"] = "period"
    bar: Span
    lateness: Duration = 0
    cutoff: Duration = 0
    clock: Literal["wall", "records"] = "wall"
    form: Form = "ciss"
    forms: tuple[Form, ...] = ("ciss", "factor", "rank_mean", "tail_mean", "z_mean")
    step_forms: tuple[Form, ...] = ()
    shrinkage: float = Field(default=0.1, ge=0, le=1)
    horizon: Text = "1 session"
    synthetic: bool = False
    half_life: HalfLife = HalfLife()
    history: History = History()
    validation: Validation = Validation()
    diurnal: Diurnal | None = None
    scores: Scoring = Scoring()
    episode: tuple[Episode, ...] = ()
    alert: tuple[AlertRule, ...] = ()
    instrument: tuple[Instrument, ...] = Field(min_length=1)
    segment: tuple[Segment, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        faults = [*self._time_faults(), *self._twins(), *self._strangers(), *self._unpriced(), *self._successors()]
        faults += [*self._weightless(), *self._horizon_faults()]
        if faults:
            raise FaultsError(faults)
        return self

    def _time_faults(self) -> list[tuple[Place, str]]:
        faults: list[tuple[Place, str]] = []
        if self.cutoff and self.period != "session":
            faults.append((("cutoff",), "only session periods have a cutoff"))
        if self.diurnal and (self.bar >= DAY_US or DAY_US % self.diurnal.slot or self.diurnal.slot % self.bar):
            told = "slot must divide a day evenly and be a multiple of bar, which is shorter than a day"
            faults.append((("diurnal", "slot"), told))
        if DAY_US % self.bar:
            faults.append((("bar",), "bar must divide a day evenly"))
        named: list[tuple[Place, str]] = [(("calendar",), self.calendar)]
        named += [(("instrument", n, "calendar"), i.calendar or ALWAYS) for n, i in enumerate(self.instrument)]
        faults += [(place, fault) for place, name in named if (fault := fault_of(name))]
        if self.period == "session" and self.calendar == "24x7":
            faults.append((("period",), 'a 24x7 market has no sessions: give period a duration such as "1h"'))
        faults += [
            ((name,), f"{name} must be a multiple of bar")
            for name, duration in (("period", self.period), ("step", self.step))
            if isinstance(duration, int) and (duration <= 0 or duration % self.bar)
        ]
        return faults

    def _twins(self) -> list[tuple[Place, str]]:
        """Names that stand twice, at their second place."""
        named: list[tuple[str, Place, str]] = [
            ("instrument", ("instrument", n), i.name) for n, i in enumerate(self.instrument)
        ]
        named += [("segment", ("segment", n), s.name) for n, s in enumerate(self.segment)]
        named += [("indicator", place, i.name) for place, i in self._indicators()]
        named += [("alert", ("alert", n), rule.name) for n, rule in enumerate(self.alert)]
        seen: set[tuple[str, str]] = set()
        faults: list[tuple[Place, str]] = []
        for what, place, name in named:
            if (what, name) in seen:
                faults.append(((*place, "name"), f"{what} {name!r} stands twice"))
            seen.add((what, name))
        return faults

    def _strangers(self) -> list[tuple[Place, str]]:
        """Indicators of something that is no instrument."""
        known = {i.name for i in self.instrument}
        return [
            ((*place, "of"), f"indicator {i.name!r} is of {of!r}, which is no instrument of this market")
            for place, i in self._indicators()
            for of in i.of
            if of not in known
        ]

    def _unpriced(self) -> list[tuple[Place, str]]:
        """Indicators of something without prices above zero that need them."""
        unpriced = {i.name for i in self.instrument if i.kind != "price" or i.allow_negative}
        return [
            ((*place, "of"), f"{i.kind} needs prices that cannot be negative, which {of!r} is not")
            for place, i in self._indicators()
            if i.kind in OF_PRICES
            for of in i.of
            if of in unpriced
        ]

    def _successors(self) -> list[tuple[Place, str]]:
        """Indicators that replace something else than an indicator that stands before them in their segment."""
        faults: list[tuple[Place, str]] = []
        before: set[str] = set()
        for place, i in self._indicators():
            before = set() if place[-1] == 0 else before
            if i.replaces is not None and i.replaces not in before:
                told = f"replaces {i.replaces!r}, which is no indicator that stands before it in its segment"
                faults.append(((*place, "replaces"), told))
            before = before | {i.name}
        return faults

    def _weightless(self) -> list[tuple[Place, str]]:
        """Segments of which nothing counts."""
        return [
            (("segment", s), f"segment {part.name!r} has no indicator with a weight")
            for s, part in enumerate(self.segment)
            if not any(i.weight and i.replaces is None for i in part.indicator)
        ]

    def _horizon_faults(self) -> list[tuple[Place, str]]:
        """A horizon that scores cannot look to."""
        try:
            periods = self.horizon_periods if self.scores.enabled else 1
        except ValueError as error:
            return [(("horizon",), str(error))]
        told = f"{self.horizon} is {periods} periods: forecasts look 1 to {FARTHEST} ahead"
        return [] if 1 <= periods <= FARTHEST else [(("horizon",), told)]

    def _indicators(self) -> list[tuple[Place, Indicator]]:
        return [
            (("segment", s, "indicator", n), i)
            for s, part in enumerate(self.segment)
            for n, i in enumerate(part.indicator)
        ]

    @property
    def period_us(self) -> int:
        """Length of a period in microseconds; of a session period, one day (its unit of trading time)."""
        return DAY_US if self.period == "session" else self.period

    @property
    def horizon_periods(self) -> int:
        """How many periods ahead forecasts look, rounded up.

        Raises:
            ValueError: neither sessions nor a duration, or sessions in a market that has none.
        """
        sessions = re.fullmatch(r"(\d{1,4}) sessions?", self.horizon)
        if sessions is None:
            return -(-microseconds(self.horizon) // self.period_us)
        if self.period != "session":
            msg = 'this market has no sessions: give horizon a duration such as "15m"'
            raise ValueError(msg)
        return int(sessions[1])

    def periods(self, duration_us: int) -> float:
        """A duration in periods of this market's trading time: the unit in which the past fades."""
        return duration_us / self.period_us

    def forms_at(self, *, final: bool) -> tuple[Form, ...]:
        """The forms that a reading gives, the headline among them, sorted."""
        return tuple(sorted({self.form, *(self.forms if final else self.step_forms)}))

    @property
    def pace_us(self) -> int:
        """Grid on which a partition's time is passed on: the bar, or a minute for longer bars (in microseconds)."""
        return min(self.bar, 60_000_000)
