"""The indicators of a market, by kind."""

from __future__ import annotations

from typing import Any

from models.signals.indicators.base import Kind, Measures
from models.signals.indicators.conditional import GarchVolatility, RiskMetrics2006Volatility
from models.signals.indicators.cross_section import AbsorptionRatio, Turbulence
from models.signals.indicators.extremes import Cmax, Drawup
from models.signals.indicators.levels import Change, Deviation, Level, Spread, SpreadChange, TermStructure
from models.signals.indicators.liquidity import BidAskCorwinSchultz, IlliquidityAmihud
from models.signals.indicators.relative import IdiosyncraticVolatility, SpreadVolatility
from models.signals.indicators.technical import BollingerWidth, Macd, Rsi
from models.signals.indicators.variability import (
    CorrelationShift,
    JumpShare,
    RangeVolatility,
    RealizedVolatility,
    StockBondCorrelation,
)
from schemas.indicator import Indicator, IndicatorKind
from schemas.market import Market

__all__ = ["KINDS", "Kind", "Measures", "build"]

KINDS: dict[IndicatorKind, type[Kind[Any]]] = {
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
    "deviation": Deviation,
    "spread_volatility": SpreadVolatility,
    "idiosyncratic_volatility": IdiosyncraticVolatility,
    "stock_bond_correlation": StockBondCorrelation,
    "illiquidity_amihud": IlliquidityAmihud,
    "bid_ask_corwin_schultz": BidAskCorwinSchultz,
    "rm2006_volatility": RiskMetrics2006Volatility,
    "garch_volatility": GarchVolatility,
    "rsi": Rsi,
    "macd": Macd,
    "bollinger_width": BollingerWidth,
    "absorption_ratio": AbsorptionRatio,
    "turbulence": Turbulence,
}
"""Every kind that a market file can name."""


def build(market: Market, *indicators: Indicator) -> Kind[Any]:
    """The step of some indicators of a market that are of one kind."""
    return KINDS[indicators[0].kind](market, indicators)
