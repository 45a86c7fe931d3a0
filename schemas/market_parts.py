"""The smaller tables of a market file: half-lives, the past, validation, scores, remembered days."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from schemas.duration import DAY_US, Span, microseconds
from schemas.market_words import Strict, Text


class HalfLife(Strict):
    """How fast the past fades, in trading time (for session periods, `1d` is one session)."""

    volatility: Span = microseconds("11d")
    correlation: Span = microseconds("48d")
    correlation_short: Span = microseconds("20d")
    correlation_long: Span = microseconds("250d")


class History(Strict):
    """The past that scores are ranked in.

    Attributes:
        warm_up: finals before a first score.
        capacity: finals remembered at most.
        memory: `exact`, or `sketch`: ranks and extremes from summaries, so that the state holds no series of inputs.
    """

    warm_up: int = Field(default=250, ge=2)
    capacity: int = Field(default=20_000, ge=10, le=10_000_000)
    memory: Literal["exact", "sketch"] = "exact"

    @model_validator(mode="after")
    def _remembers_its_warm_up(self) -> Self:
        if self.capacity < self.warm_up:
            raise ValueError("capacity must be at least warm_up, or no score is ever given")
        return self


class Validation(Strict):
    """When a price is absurd.

    Attributes:
        deviations: how many robust deviations from the last good price are too many.
        floor: moves below this (relative for prices, absolute for rates and spreads) are never absurd.
        agree: how many agreeing "absurd" prices in a row make a true jump.
    """

    deviations: float = Field(default=30.0, gt=0)
    floor: float = Field(default=0.01, ge=0)
    agree: int = Field(default=5, ge=2)


class Diurnal(Strict):
    """How volatility is freed of the time of day.

    Attributes:
        slot: length of the slots that a session is cut into, from its open on.
        half_life: how fast the profile forgets, in sessions of a day.
    """

    slot: Span = microseconds("30m")
    half_life: Span = microseconds("40d")


class Scoring(Strict):
    """Whether readings carry a forecast, a regime, an anomaly score and drift."""

    enabled: bool = False


class Episode(Strict):
    """A day that people remember; readings say above which of these they stand.

    Attributes:
        name: in a few words.
        on: the day; the first final at or after its beginning (UTC) counts.
    """

    name: Annotated[Text, Field(min_length=1, max_length=80)]
    on: date

    @property
    def at_us(self) -> int:
        """Beginning of the day, microseconds since 1970 (UTC)."""
        return (self.on - date(1970, 1, 1)).days * DAY_US
