"""How far a value moved: logarithms for prices, differences for rates and spreads."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from models.signals.compiled import compiled
from models.signals.step import Flags, Floats
from schemas.market import Market

LIMIT: Final = 1e100
"""Values beyond this are no market's; they are cut so that squares and products of moves stay finite."""


def logarithmic(market: Market) -> Flags:
    """Which instruments move by logarithms, bool[N]: prices that cannot be negative."""
    return np.array([i.kind == "price" and not i.allow_negative for i in market.instrument], np.bool_)


@compiled
def move(new: float, old: float, by_log: bool) -> float:
    """`ln(new / old)` or `new - old`; NaN where either is unknown or a logarithm has no meaning."""
    if not by_log:
        return new - old
    if not (new > 0 and old > 0):
        return math.nan
    ratio = new / old
    return math.log(ratio) if 0 < ratio < math.inf else math.nan


@compiled
def moves(new: Floats, old: Floats, by_log: Flags) -> Floats:
    """`move`, elementwise, float64[n]."""
    out = np.empty_like(new)
    for i in range(len(new)):
        out[i] = move(new[i], old[i], by_log[i])
    return out


@compiled
def moves_into(new: Floats, old: Floats, by_log: Flags, out: Floats) -> None:
    """`moves` into `out`: numpy makes room for it far faster than compiled code hands out a new array."""
    for i in range(len(new)):
        out[i] = move(new[i], old[i], by_log[i])


@compiled
def bounded(value: float) -> float:
    """The value, cut at plus and minus `LIMIT`."""
    return min(max(value, -LIMIT), LIMIT) if value == value else value  # noqa: PLR0124  (not a number stays so)
