"""What an index has to be measured beside: implied and realized volatility, and a plain mean of its own scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
import numpy as np
import pandas as pd

VIX: Final = "VIX"
EQUITY_VOLATILITY: Final = "equity volatility"
PLAIN_MEAN: Final = "plain mean"

EQUITIES: Final = ("SPX", "SPY_adj", "SPY")
"""Columns of which equity volatility is taken: the first that is there."""

WINDOW: Final = 22
"""Sessions of equity volatility: a month."""


class _Row(msgspec.Struct):
    score: float | None
    weight: float


class _Scores(msgspec.Struct):
    """Of a final's details, what the plain mean needs; the rest is skipped unread."""

    indicators: list[_Row]


def volatility(closes: pd.Series[float], window: int = WINDOW) -> pd.Series[float]:
    """Of the last `window` daily log returns, around zero, per cent a year; closes of zero and below are left out."""
    known = closes[closes > 0].dropna()
    squares = known.map(np.log).diff() ** 2
    return 100 * (252 * squares.rolling(window).mean()) ** 0.5


def market_baselines(columns: Mapping[str, pd.Series[float]]) -> dict[str, pd.Series[float]]:
    """VIX and equity volatility by name, as far as the panel has their columns."""
    found = {VIX: columns[VIX]} if VIX in columns else {}
    equity = next((name for name in EQUITIES if name in columns), None)
    return found if equity is None else found | {EQUITY_VOLATILITY: volatility(columns[equity])}


def plain_mean(details: bytes) -> float:
    """100 times the mean score of all indicators that count in a final, each alike; NaN if none does."""
    rows = msgspec.json.decode(details, type=_Scores).indicators
    return mean_score((row.score, row.weight) for row in rows)


def mean_score(rows: Iterable[tuple[float | None, float]]) -> float:
    """As `plain_mean`, of (score, weight)."""
    scores = [score for score, weight in rows if score is not None and weight > 0]
    return 100 * sum(scores) / len(scores) if scores else float("nan")
