"""How far a value moved: logarithms for prices, differences for rates and spreads."""

from __future__ import annotations

from typing import Final

import numpy as np

from models.signals.step import Flags, Floats
from schemas.market import Market

LIMIT: Final = 1e100
"""Values beyond this are no market's; they are cut so that squares and products of moves stay finite."""


def logarithmic(market: Market) -> Flags:
    """Which instruments move by logarithms, bool[N]: prices that cannot be negative."""
    return np.array([i.kind == "price" and not i.allow_negative for i in market.instrument], np.bool_)


def move(new: Floats, old: Floats, by_log: Flags) -> Floats:
    """`ln(new / old)` or `new - old`, elementwise; NaN where either is unknown or a logarithm has no meaning."""
    positive = (new > 0) & (old > 0)
    with np.errstate(over="ignore"):  # a ratio beyond all numbers is no move that can be known
        ratio = np.divide(new, old, out=np.full(np.shape(new), np.nan), where=positive & by_log)
    logs = np.log(ratio, out=ratio, where=ratio > 0)
    logs = np.where(np.isfinite(logs), logs, np.nan)
    return np.where(by_log, logs, new - old)


def bounded(values: Floats) -> Floats:
    """The values, cut at plus and minus `LIMIT`."""
    return np.clip(values, -LIMIT, LIMIT)
