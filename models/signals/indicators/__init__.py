"""The indicators of a market, by kind, and the bank that holds them."""

from __future__ import annotations

from typing import Any

from models.signals.indicators.base import IndicatorStep, Measure
from models.signals.indicators.levels import Change, Cmax, Drawup, Level, Spread, SpreadChange, TermStructure
from models.signals.indicators.variability import CorrelationShift, JumpShare, RangeVolatility, RealizedVolatility
from schemas.indicator import Indicator, IndicatorKind
from schemas.market import Market

__all__ = ["KINDS", "IndicatorStep", "Measure", "build"]

KINDS: dict[IndicatorKind, type[IndicatorStep[Any]]] = {
    "realized_volatility": RealizedVolatility,
    "range_volatility": RangeVolatility,
    "jump_share": JumpShare,
    "change": Change,
    "cmax": Cmax,
    "drawup": Drawup,
    "level": Level,
    "spread": Spread,
    "spread_change": SpreadChange,
    "correlation_shift": CorrelationShift,
    "term_structure": TermStructure,
}
"""Every kind that a market file can name."""


def build(market: Market, indicator: Indicator) -> IndicatorStep[Any]:
    """The step of one indicator of a market."""
    return KINDS[indicator.kind](market, indicator)
