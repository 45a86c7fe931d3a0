"""What a market file says of its instruments: the things with ticks."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from schemas.duration import Duration, Span
from schemas.market_words import Name, Strict, Text

Kind = Literal["price", "rate", "spread"]


class Instrument(Strict):
    """A thing with ticks.

    Attributes:
        name: as it stands in ticks.
        kind: prices move by logarithms; rates and spreads by differences.
        unit: for people, such as `index points` or `percent`.
        allow_negative: whether zero and below can be true.
        lag: how long after the beginning (midnight UTC) of the day that a value is dated it becomes public; it
            enters only then. 0: with the close of its day.
        working_days: whose working days the whole days of `lag` are: `US` for the federal government's; by default
            every day counts.
        covers: what a value speaks of, from the day it is dated: the day itself, a week, or a month.
        calendar: exchange whose closes date its values and whose holidays explain its gaps; by default the market's.
        source: where a live feed finds it, identifier by provider: `{ fred = "BAA10Y" }`.
        stale_after: age at which it no longer counts as live; by default five periods.
        max_move: a tick this far from the last good one (relative for prices, absolute for others) is looked at twice.
        public: whether anybody may be shown its values; windows of others may not stand in a reference artifact.
        why: one sentence on why it is here.
    """

    name: Name
    kind: Kind = "price"
    unit: Text = ""
    allow_negative: bool = False
    lag: Duration = 0
    working_days: Literal["US"] | None = None
    covers: Literal["day", "week", "month"] = "day"
    calendar: Text | None = None
    source: dict[Name, Text] = Field(default_factory=dict)
    stale_after: Span | None = None
    max_move: float | None = Field(default=None, gt=0)
    public: bool = False
    why: Text = ""
