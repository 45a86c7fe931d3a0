"""Compiles the cores before they are needed (`python -m models.warm`): for images, whose first start would wait."""

from __future__ import annotations

import numpy as np

from models.pipeline import Pipeline
from models.signals.bars import BarFold
from schemas.bars import Partial
from schemas.market import Market
from schemas.market_file import load
from schemas.ticks import NO_SEQ, TickBatch

PERIODS = 5
"""Enough for a first score and what follows from it."""


def warm(market: Market) -> int:
    """Sends some ticks through all steps of a market, and forgets them; returns how many readings they gave."""
    short = market.model_copy(update={"history": market.history.model_copy(update={"warm_up": 2})})
    fold, pipeline = BarFold(short), Pipeline(short)
    readings = 0
    for at_us in range(0, PERIODS * short.period_us, short.period_us // 2):
        for x in (_ticks(short, at_us), at_us + short.period_us // 2):
            folded = fold.update(x)
            if len(folded.reached_us):
                readings += len(pipeline.feed(Partial(0, folded.reached_us, folded.bars)))
    return readings


def _ticks(market: Market, at_us: int) -> TickBatch:
    """Two ticks of each instrument within one bar."""
    code = np.repeat(np.arange(len(market.instrument), dtype=np.int32), 2)
    price = 100 + np.sin(at_us / 1e9 + np.arange(len(code)))
    nothing, one = np.full(len(code), np.nan), np.ones(len(code))
    ts_us = at_us + np.arange(len(code)) * (market.bar // (2 * len(code)))
    return TickBatch(code, ts_us, price, one, nothing, nothing, np.full(len(code), NO_SEQ))


if __name__ == "__main__":
    warm(load("sim"))
