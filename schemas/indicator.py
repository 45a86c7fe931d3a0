"""What a market file says of its indicators: stress-oriented numbers in their segments."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from schemas.duration import DAY_US, Span
from schemas.market_words import Name, Strict, Text

IndicatorKind = Literal[
    "realized_volatility",
    "range_volatility",
    "jump_share",
    "change",
    "cmax",
    "drawup",
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


class Indicator(Strict):
    """One stress-oriented number.

    Attributes:
        name: unique in its market.
        kind: what is computed (see docs/method.md).
        of: instruments it is computed of.
        window: how far back `change`, `cmax`, `drawup` and `spread_change` look.
        half_life: of `realized_volatility`, where it is another than the market's.
        sign: -1 where more of it means less stress.
        weight: relative to the others of its segment; 0 where it is only watched.
        at: `final` where it is computed at finals only; provisional readings then read its last final.
        replaces: the indicator that it stands in for: it learns from its own first value on, and counts only where
            that one is not live (OFR's rules for inputs that end, index-methods section 2).
        why: one sentence on why it is here.
    """

    name: Annotated[Text, Field(min_length=1, max_length=80)]
    kind: IndicatorKind
    of: tuple[Name, ...]
    window: Span = 504 * DAY_US
    half_life: Span | None = None
    sign: Literal[1, -1] = 1
    weight: float = Field(default=1.0, ge=0)
    at: Literal["step", "final"] = "step"
    replaces: Text | None = None
    why: Text = ""

    @model_validator(mode="after")
    def _takes_the_right_number(self) -> Self:
        least, most = _INPUTS.get(self.kind, (1, 1000))
        if not least <= len(self.of) <= most:
            msg = f"{self.kind} takes {least} to {most} instruments, not {len(self.of)}"
            raise ValueError(msg)
        if len(set(self.of)) < len(self.of):
            raise ValueError("of names an instrument twice")
        return self


class Segment(Strict):
    """Indicators that belong together; `weight` is relative to the other segments'."""

    name: Name
    weight: float = Field(default=1.0, gt=0)
    indicator: tuple[Indicator, ...] = Field(min_length=1)
