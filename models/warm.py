"""Compiles the cores, or loads them compiled, before they are needed: the first reading does not wait for that.

A flow does it before it opens its feed. `python -m models.warm` does it for images, whose first start would compile.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from models.calendars import schedule_of
from models.pipeline import Pipeline
from models.signals.bars import BarFold
from models.signals.schedule import Period
from schemas.bars import Partial
from schemas.market import Market
from schemas.market_file import load
from schemas.ticks import NO_QUOTES, NO_SEQ, TickBatch

PERIODS = 5
"""Enough for a first score and what follows from it."""


def warm_all(markets: Iterable[Market]) -> None:
    """Warms one market of each kind: those that compute the same things share their code."""
    for market in {_kind(market): market for market in markets}.values():
        warm(market)


def warm(market: Market) -> int:
    """Sends some ticks through all steps of a market, and forgets them; returns how many readings they gave."""
    short = market.model_copy(update={"history": market.history.model_copy(update={"warm_up": 2})})
    fold, pipeline = BarFold(short), Pipeline(short)
    readings = 0
    for opens, closes in _periods(short):
        half = (closes - opens) // 2
        for at_us in (opens, opens + half):
            for x in (_ticks(short, at_us), at_us + half):
                folded = fold.update(x)
                if len(folded.reached_us):
                    readings += len(pipeline.feed(Partial(0, folded.reached_us, folded.bars)))
    return readings


def _kind(market: Market) -> tuple[object, ...]:
    """What decides which code a market runs."""
    kinds = frozenset(indicator.kind for segment in market.segment for indicator in segment.indicator)
    return kinds, market.form, market.forms, market.step_forms, market.scores.enabled, market.diurnal is None


def _periods(market: Market) -> list[Period]:
    """Some periods in a row."""
    schedule = schedule_of(market)
    if schedule.period_us:
        return [(n * schedule.period_us, (n + 1) * schedule.period_us) for n in range(PERIODS)]
    return list(zip(schedule.opens[:PERIODS], schedule.closes[:PERIODS], strict=True))


def _ticks(market: Market, at_us: int) -> TickBatch:
    """Two ticks of each instrument within one bar."""
    code = np.repeat(np.arange(len(market.instrument), dtype=np.int32), 2)
    price = 100 + np.sin(at_us / 1e9 + np.arange(len(code)))
    ts_us = at_us + np.arange(len(code)) * (market.bar // (2 * len(code)))
    size, seq = np.ones(len(code)), np.full(len(code), NO_SEQ)
    return TickBatch(code, ts_us, price, size, NO_QUOTES, NO_QUOTES, seq)


if __name__ == "__main__":
    warm(load("sim"))
