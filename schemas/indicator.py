"""What a market file says of its indicators: stress-oriented numbers in their segments."""

from __future__ import annotations

from datetime import date
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
    "deviation",
    "spread_volatility",
    "idiosyncratic_volatility",
    "stock_bond_correlation",
    "illiquidity_amihud",
    "bid_ask_corwin_schultz",
    "rm2006_volatility",
    "garch_volatility",
    "rsi",
    "macd",
    "bollinger_width",
    "absorption_ratio",
    "turbulence",
]

_INPUTS: dict[str, tuple[int, int]] = {
    "spread": (1, 2),
    "spread_change": (1, 2),
    "term_structure": (2, 2),
    "correlation_shift": (2, 1000),
    "spread_volatility": (2, 2),
    "idiosyncratic_volatility": (2, 2),
    "stock_bond_correlation": (2, 2),
    "garch_volatility": (1, 1),
    "absorption_ratio": (2, 1000),
    "turbulence": (2, 1000),
}
"""How many instruments an indicator takes, least and most; the others take 1 to 1000 and average over them."""

_OWN_WINDOW: dict[str, str] = {
    "deviation": 'window = "250d" for a year of sessions',
    "rsi": 'window = "14d" (Wilder)',
    "macd": 'window = "26d" (Appel)',
    "bollinger_width": 'window = "20d" (Bollinger)',
}
"""Kinds whose windows have no common default, with what is usual."""

_OWN_MEMORY = frozenset({
    "realized_volatility", "spread_volatility", "idiosyncratic_volatility", "illiquidity_amihud",
    "bid_ask_corwin_schultz", "absorption_ratio", "turbulence",
})  # fmt: skip
"""Kinds with an exponentially weighted mean of their own; a `half_life` would say nothing to the others."""

OF_PRICES = frozenset({"illiquidity_amihud", "bid_ask_corwin_schultz"})
"""Kinds that need prices above zero: a rate has no turnover in value and no relative spread."""


class Garch(Strict):
    """Fixed parameters of a GARCH(1,1), variances per period in squared logarithms (prices) or units (others).

    Attributes:
        omega: the constant, above zero.
        alpha: weight of the last squared move.
        beta: weight of the last variance; `alpha + beta` is below 1, so that there is a variance to return to.
        fitted_from: first day of the moves that they were fitted on (`esi fit` writes both), None where nobody says.
        fitted_to: last day of them.
    """

    omega: float = Field(gt=0)
    alpha: float = Field(ge=0)
    beta: float = Field(ge=0)
    fitted_from: date | None = None
    fitted_to: date | None = None

    @model_validator(mode="after")
    def _returns_to_its_mean(self) -> Self:
        if self.alpha + self.beta >= 1:
            raise ValueError("alpha + beta must be below 1, or the variance has no level to return to")
        if self.fitted_from and self.fitted_to and self.fitted_from > self.fitted_to:
            raise ValueError("fitted_from must not be after fitted_to")
        return self


class Indicator(Strict):
    """One stress-oriented number.

    Attributes:
        name: unique in its market.
        kind: what is computed (see docs/method.md).
        of: instruments it is computed of.
        window: how far back `change`, `cmax`, `drawup`, `spread_change`, `rsi` and `bollinger_width` look; half-life of
            the mean that `deviation` is from; slow span of `macd`.
        half_life: of the indicator's own exponentially weighted mean, where it is another than the market's.
        parameters: of `garch_volatility`, fixed: fitted beforehand, never in the flow.
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
    parameters: Garch | None = None
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

    @model_validator(mode="after")
    def _says_what_its_kind_needs(self) -> Self:
        if self.kind in _OWN_WINDOW and "window" not in self.model_fields_set:
            msg = f"{self.kind} needs its own window, such as {_OWN_WINDOW[self.kind]}"
            raise ValueError(msg)
        if self.half_life is not None and self.kind not in _OWN_MEMORY:
            msg = f"half_life says nothing to {self.kind}: leave it out; it is for {', '.join(sorted(_OWN_MEMORY))}"
            raise ValueError(msg)
        if (self.parameters is not None) != (self.kind == "garch_volatility"):
            raise ValueError("garch_volatility, and it alone, needs parameters = { omega = .., alpha = .., beta = .. }")
        return self


class Segment(Strict):
    """Indicators that belong together; `weight` is relative to the other segments'."""

    name: Name
    weight: float = Field(default=1.0, gt=0)
    indicator: tuple[Indicator, ...] = Field(min_length=1)
