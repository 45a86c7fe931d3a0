"""What a market file says: one index, its instruments, its indicators in their segments, its time."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from schemas.duration import Duration, Span, microseconds

DAY_US = 86_400_000_000

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:^=/-]{0,63}$")]
"""A name without spaces, control characters or `~` (which marks runs)."""

Slug = Annotated[str, Field(pattern=r"^[A-Za-z0-9](-?[A-Za-z0-9._])*$", max_length=64)]
"""A name that is also part of Kafka topics, Redis keys and addresses; `--` spells a run's mark in topics."""

Text = Annotated[str, Field(pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")]
"""Words for people; databases and terminals choke on control characters."""

Form = Literal["ciss", "rank_mean", "z_mean"]
Kind = Literal["price", "rate", "spread"]
IndicatorKind = Literal[
    "realized_volatility",
    "range_volatility",
    "jump_share",
    "cmax",
    "level",
    "spread",
    "spread_change",
    "correlation_shift",
    "term_structure",
]

_INPUTS: dict[str, tuple[int, int]] = {
    "spread": (1, 2),
    "spread_change": (1, 2),
    "term_structure": (2, 2),
    "correlation_shift": (2, 1000),
}
"""How many instruments an indicator takes, least and most; the others take 1 to 1000 and average over them."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Instrument(_Strict):
    """A thing with ticks.

    Attributes:
        name: as it stands in ticks.
        kind: prices move by logarithms; rates and spreads by differences.
        unit: for people, such as `index points` or `percent`.
        allow_negative: whether zero and below can be true.
        lag: how long after its time a value becomes public; it enters only then.
        stale_after: age at which it no longer counts as live; by default five periods.
        max_move: a tick this far from the last good one (relative for prices, absolute for others) is looked at twice.
        why: one sentence on why it is here.
    """

    name: Name
    kind: Kind = "price"
    unit: Text = ""
    allow_negative: bool = False
    lag: Duration = 0
    stale_after: Span | None = None
    max_move: float | None = Field(default=None, gt=0)
    why: Text = ""


class Indicator(_Strict):
    """One stress-oriented number.

    Attributes:
        name: unique in its market.
        kind: what is computed (see docs/method.md).
        of: instruments it is computed of.
        window: how far back `cmax` and `spread_change` look.
        sign: -1 where more of it means less stress.
    """

    name: Annotated[Text, Field(min_length=1, max_length=80)]
    kind: IndicatorKind
    of: tuple[Name, ...]
    window: Span = 504 * DAY_US
    sign: Literal[1, -1] = 1

    @model_validator(mode="after")
    def _takes_the_right_number(self) -> Self:
        least, most = _INPUTS.get(self.kind, (1, 1000))
        if not least <= len(self.of) <= most:
            msg = f"{self.kind} takes {least} to {most} instruments, not {len(self.of)}"
            raise ValueError(msg)
        if len(set(self.of)) < len(self.of):
            raise ValueError("of names an instrument twice")
        return self


class Segment(_Strict):
    """Indicators that belong together; `weight` is relative to the other segments'."""

    name: Name
    weight: float = Field(default=1.0, gt=0)
    indicator: tuple[Indicator, ...] = Field(min_length=1)


class HalfLife(_Strict):
    """How fast the past fades, in trading time (for session periods, `1d` is one session)."""

    volatility: Span = microseconds("11d")
    correlation: Span = microseconds("48d")
    correlation_short: Span = microseconds("20d")
    correlation_long: Span = microseconds("250d")


class History(_Strict):
    """The past that scores are ranked in: finals before a first score, and finals remembered at most."""

    warm_up: int = Field(default=250, ge=2)
    capacity: int = Field(default=20_000, ge=10, le=10_000_000)

    @model_validator(mode="after")
    def _remembers_its_warm_up(self) -> Self:
        if self.capacity < self.warm_up:
            raise ValueError("capacity must be at least warm_up, or no score is ever given")
        return self


class Validation(_Strict):
    """When a price is absurd.

    Attributes:
        deviations: how many robust deviations from the last good price are too many.
        floor: moves below this (relative for prices, absolute for rates and spreads) are never absurd.
        agree: how many agreeing "absurd" prices in a row make a true jump.
    """

    deviations: float = Field(default=30.0, gt=0)
    floor: float = Field(default=0.01, ge=0)
    agree: int = Field(default=5, ge=2)


Place = tuple[str | int, ...]
"""Where in a market file something stands, as pydantic tells it: `("segment", 0, "indicator", 2)`."""


class FaultsError(ValueError):
    """What is wrong between the parts of a market; `faults` are places and sentences."""

    def __init__(self, faults: list[tuple[Place, str]]) -> None:
        super().__init__("; ".join(sentence for _place, sentence in faults))
        self.faults = faults


class Market(_Strict):
    """One index, as its file defines it. Durations are microseconds here.

    Attributes:
        feed: whose ticks it reads; markets of one feed share `bar`, `lateness` and `clock`.
        calendar: `24x7`, or an exchange's ISO 10383 code such as `XNYS`.
        period: `session`, or a duration; its close commits state and gives the final.
        step: pace of provisional readings, a multiple of `bar`; `period` for finals only.
        bar: length of a bar.
        lateness: how long a partition waits for ticks that come out of order.
        clock: `wall` for live feeds, whose time is given by `esi tock`; `records` where the producer writes it.
        form: the aggregation of the headline.
        shrinkage: weight of the identity in segment and instrument correlations, 0..1.
        horizon: how far ahead forecasts look, for later.
        synthetic: said with every reading.
    """

    version: Literal[1]
    name: Slug
    title: Text = ""
    about: Text = ""
    feed: Slug
    calendar: str = "24x7"
    period: Duration | Literal["session"] = "session"
    step: Duration | Literal["period"] = "period"
    bar: Span
    lateness: Duration = 0
    clock: Literal["wall", "records"] = "wall"
    form: Form = "ciss"
    shrinkage: float = Field(default=0.1, ge=0, le=1)
    horizon: Text = "1 session"
    synthetic: bool = False
    half_life: HalfLife = HalfLife()
    history: History = History()
    validation: Validation = Validation()
    instrument: tuple[Instrument, ...] = Field(min_length=1)
    segment: tuple[Segment, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        faults = [*self._time_faults(), *self._twins(), *self._strangers()]
        if faults:
            raise FaultsError(faults)
        return self

    def _time_faults(self) -> list[tuple[Place, str]]:
        faults: list[tuple[Place, str]] = []
        if DAY_US % self.bar:
            faults.append((("bar",), "bar must divide a day evenly"))
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

    def periods(self, duration_us: int) -> float:
        """A duration in periods of this market's trading time: the unit in which the past fades."""
        return duration_us / self.period_us

    @property
    def pace_us(self) -> int:
        """Grid on which a partition's time is passed on: the bar, or a minute for longer bars (in microseconds)."""
        return min(self.bar, 60_000_000)
