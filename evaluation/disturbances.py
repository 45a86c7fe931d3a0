"""What can go wrong with inputs, done to the bars of a panel. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd

from schemas.duration import DAY_US
from schemas.market import Market

Kind = Literal["instrument", "segment", "days", "week", "print", "freeze"]

TITLES: Final[dict[Kind, str]] = {
    "instrument": "An instrument ends",
    "segment": "All instruments of a segment end",
    "days": "One day in ten is missing, at random",
    "week": "A week of all data is missing",
    "print": "One value is multiplied by 100",
    "freeze": "An input stands still for a month",
}

LOST_DAYS: Final = 0.1
DRAWS: Final = 5
"""Random choices of lost days."""

BAD_PRINT: Final = 100.0
WEEK_US: Final = 7 * DAY_US
MONTH_US: Final = 30 * DAY_US

_PRICES: Final = ["open", "high", "low", "close"]


@dataclass(frozen=True)
class Case:
    """One thing that goes wrong: its kind, and with which instrument or segment, or the number of the random draw."""

    kind: Kind
    of: str


def cases(market: Market) -> list[Case]:
    """All cases of a market; instruments that are only watched cannot move the headline and are left out."""
    names = [i.name for i in market.instrument if i.name in _weighty(market)]
    segments = [Case("segment", s.name) for s in market.segment] if len(market.segment) > 1 else []
    days = [Case("days", str(n + 1)) for n in range(DRAWS)]
    prints, freezes = [Case("print", n) for n in names], [Case("freeze", n) for n in names]
    return [*(Case("instrument", n) for n in names), *segments, *days, Case("week", "all"), *prints, *freezes]


def _weighty(market: Market) -> set[str]:
    return {name for s in market.segment for i in s.indicator if i.weight for name in i.of}


def disturbed(market: Market, bars: pd.DataFrame, case: Case, at_us: int) -> pd.DataFrame:
    """The bars of a stretch of a panel with a case done to them.

    Args:
        market: whose instruments the bars are of.
        bars: as in `evaluation.panel.Panel`.
        case: what goes wrong; inputs that end do so at the beginning of the stretch.
        at_us: when the week, the bad print or the month begins, microseconds since 1970 (UTC).
    """
    codes = _codes(market, case)
    match case.kind:
        case "instrument" | "segment":
            return _without(bars, bars.code.isin(codes))
        case "days":
            return _without(bars, bars.start_us.isin(_lost_days(bars, int(case.of))))
        case "week":
            return _without(bars, bars.start_us.between(at_us, at_us + WEEK_US - 1))
        case "print":
            return _misprinted(bars, bars.code.isin(codes) & (bars.start_us >= at_us))
        case "freeze":
            return _frozen(bars, bars.code.isin(codes), at_us)


def _codes(market: Market, case: Case) -> list[int]:
    """Positions of the instruments that a case is about."""
    read = {name for s in market.segment if s.name == case.of for i in s.indicator for name in i.of}
    wanted = read if case.kind == "segment" else {case.of}
    return [code for code, i in enumerate(market.instrument) if i.name in wanted]


def _without(bars: pd.DataFrame, gone: pd.Series[bool]) -> pd.DataFrame:
    return bars[~gone].reset_index(drop=True)


def _lost_days(bars: pd.DataFrame, seed: int) -> list[int]:
    days = np.unique(bars.start_us.to_numpy())
    lost = np.random.default_rng(seed).random(len(days)) < LOST_DAYS
    return [int(day) for day in days[lost]]


def _misprinted(bars: pd.DataFrame, later: pd.Series[bool]) -> pd.DataFrame:
    """The first of the rows with its prices a hundredfold."""
    rows = bars.index[later][:1]
    bars = bars.copy()
    bars.loc[rows, _PRICES] *= BAD_PRINT
    return bars


def _frozen(bars: pd.DataFrame, own: pd.Series[bool], at_us: int) -> pd.DataFrame:
    """The rows of a month with the last value before it."""
    before = bars.index[own & (bars.start_us < at_us)]
    if not len(before):
        return bars
    bars, still = bars.copy(), own & bars.start_us.between(at_us, at_us + MONTH_US - 1)
    bars.loc[still, _PRICES] = bars.close[before[-1]]
    return bars
