"""One reading of `sim` through all steps, provisional and final."""

from __future__ import annotations

import time
from itertools import islice
from typing import Final

import numpy as np

from bench.case import Figure, require
from dataflows.sources.synthetic import SECOND_US, Synthetic
from models.calendars import schedule_of
from models.pipeline import Pipeline
from models.publication import Published
from models.signals.bars import BarFold
from models.signals.merge import BarMerge, Window
from schemas.bars import Partial
from schemas.market import Market
from schemas.market_file import load
from schemas.market_parts import Scoring
from schemas.reading import Reading, decode_reading
from schemas.ticks import NO_SEQ, TickBatch

WORK: Final = "one window of `sim` (50 instruments, one-second steps) through path, volatility, correlation, indicators, index and publication; the median over ten minutes of windows"  # noqa: E501
MINUTES: Final = 40
COUNTED: Final = 10
START_S: Final = 1_700_000_040 // 60 * 60


def windows(market: Market, seconds: int) -> list[Window]:
    """Windows of so many synthetic seconds at 5,000 ticks a second."""
    source = Synthetic(market, 1, 5000, START_S * SECOND_US)
    fold, merge = BarFold(market), BarMerge(market, schedule_of(market), 1)
    found: list[Window] = []
    for second in range(START_S, START_S + seconds):
        folded = fold.update(_batch(source, second))
        if len(folded.reached_us):
            found += merge.update(Partial(0, folded.reached_us, folded.bars))
    return found


def _batch(source: Synthetic, second: int) -> TickBatch:
    ticks = source.second(second)
    n = len(ticks["ts_us"])
    empty = np.full(n, np.nan)
    return TickBatch(
        ticks["instrument"], ticks["ts_us"], ticks["price"], ticks["size"], empty, empty, np.full(n, NO_SEQ)
    )


def check(readings: list[Reading]) -> None:
    """Every reading has an index within 0..100 whose contributions sum to it.

    Raises:
        WrongOutputError: otherwise.
    """
    require(bool(readings), "no reading was published")
    for reading in readings:
        index = reading.index
        require(index is not None and 0 <= index <= 100, f"{reading.at}: index is {index}")
        assert index is not None
        off = abs(sum(reading.contributions.values()) - index)
        require(off < 1e-9, f"{reading.at}: contributions miss the index by {off}")


def measure() -> list[Figure]:
    """Median microseconds of provisional and of final steps."""
    market = load("sim").model_copy(update={"scores": Scoring()})  # `scoring` measures those
    pipeline = Pipeline(market)
    given = windows(market, MINUTES * 60)
    warm = len(given) - COUNTED * 60
    for window in islice(given, warm):
        pipeline.follow(window)
    taken: dict[bool, list[float]] = {False: [], True: []}
    said: list[Published] = []
    for window in given[warm:]:
        began = time.perf_counter_ns()
        said.append(pipeline.follow(window))
        taken[window.final].append((time.perf_counter_ns() - began) / 1e3)
    check([decode_reading(one.reading) for one in said])
    require(bool(taken[True]) and bool(taken[False]), "provisional and final windows were expected")
    return [
        Figure("step/provisional", tuple(taken[False]), "µs", higher_is_better=False, work=WORK),
        Figure("step/final", tuple(taken[True]), "µs", higher_is_better=False, work="the same for the closing window"),
    ]
