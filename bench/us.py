"""36 years of `us` through the full cores, one step within a session after them, and the memory that they leave."""

from __future__ import annotations

import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from bench.case import Figure, require
from bench.step import check
from evaluation import panel
from models.calendars import schedule_of
from models.pipeline import Pipeline
from models.signals.bars import BarFold
from models.signals.step import Floats, State
from schemas.bars import Partial
from schemas.duration import DAY_US
from schemas.instrument import Instrument
from schemas.market import Market
from schemas.market_file import load
from schemas.reading import decode_reading
from schemas.ticks import NO_SEQ, TickBatch

WORK: Final = "made-up daily closes of all instruments of `us` on all sessions of 36 years and made-up macro releases (more bars than the real panel has), through bars, merge, path, volatility, correlation, all indicators, all forms, contributions and publication; CPU seconds of one process, numba compiled"  # noqa: E501
SCORED_WORK: Final = "the same with forecasts, regime, anomaly and drift as `us` has them (their own bars: `scoring`)"
STEP_WORK: Final = "one minute of `us` after those 36 years: fresh one-minute bars of all instruments that trade within the session, from the merge to the published bytes; the median over a session's minutes"  # noqa: E501
STATE_WORK: Final = "what a pipeline allocates that is restored from the state after those 36 years: arrays and all else, by tracemalloc"  # noqa: E501

WARM_FINALS: Final = 500
"""Before those that count: compiled code is loaded, and every learner has learned, by then."""

DAYS: Final = ("1990-01-02", "2026-07-23")
MINUTE_US: Final = 60_000_000
MINUTES: Final = 380


def series(instrument: Instrument, days: pd.DatetimeIndex, common: Floats, seed: int) -> pd.Series[float]:
    """Made-up values: a walk that shares its moves with the others, drawn back to where it began."""
    own = np.random.default_rng(seed).standard_t(4, len(days))
    moves, value = 0.006 * (common + own), 0.0
    path = np.empty(len(days))
    for n, move in enumerate(moves.tolist()):
        value = 0.999 * value + move
        path[n] = value
    return pd.Series(100 * np.exp(path) if instrument.kind == "price" else 3 + 2 * path, days)


def write(market: Market, folder: Path) -> None:
    """`panel.csv` and `macro/NAME.csv`, as `esi evaluate` takes them; a function of the market alone."""
    days = pd.date_range(*DAYS, freq="B")
    common = np.random.default_rng(1).standard_t(4, len(days)) * np.exp(np.sin(np.arange(len(days)) / 200))
    columns = {}
    (folder / "macro").mkdir()
    for seed, instrument in enumerate(market.instrument):
        made = series(instrument, days, common, seed)
        if instrument.covers == "day":
            columns[instrument.name] = made
        else:
            released = made.resample("W-SAT" if instrument.covers == "week" else "MS").first()
            released.rename("value").to_csv(folder / "macro" / f"{instrument.name}.csv", index_label="date")
    pd.DataFrame(columns).to_csv(folder / "panel.csv", index_label="date")


def _market(*, scored: bool, **other: object) -> Market:
    """`us`, with its scores or without."""
    plain = load("us").model_dump()
    return Market.model_validate(plain | {"scores": plain["scores"] | {"enabled": scored}} | other)


@cache
def _made() -> panel.Panel:
    """The made-up panel of `us`."""
    market = load("us")
    with tempfile.TemporaryDirectory() as folder:
        write(market, Path(folder))
        return panel.read(market, Path(folder) / "panel.csv", Path(folder) / "macro")


@cache
def _after(*, scored: bool) -> tuple[State, int, float]:
    """State of the pipeline after all of it, the time that it has reached, and the CPU seconds that it took."""
    market = _market(scored=scored)
    for _ in islice(panel.run(market, _made(), Pipeline(market)), WARM_FINALS):
        pass
    pipeline, began = Pipeline(market), time.process_time()
    said = list(panel.run(market, _made(), pipeline))
    taken = time.process_time() - began
    known = [reading for one in said[-2000:] if (reading := decode_reading(one.reading)).index is not None]
    check(known)
    require(len(known) == 2000, "the last 2000 finals all have an index")
    return pipeline.snapshot(), said[-1].at_us, taken


def history() -> list[Figure]:
    """CPU seconds of 36 years, without scores and with them."""
    plain = _market(scored=False)
    taken = (_after(scored=False)[2], _lived(plain))
    scored = (_after(scored=True)[2],)
    return [
        Figure("us_history", taken, "s", 10.0, higher_is_better=False, work=WORK),
        Figure("us_history/scored", scored, "s", higher_is_better=False, work=SCORED_WORK),
    ]


def _lived(market: Market) -> float:
    """CPU seconds of a fresh pipeline's 36 years."""
    began = time.process_time()
    finals = sum(1 for _ in panel.run(market, _made()))
    taken = time.process_time() - began
    require(finals == len(_made().closes_us), "a final a session was expected")
    return taken


def step() -> list[Figure]:
    """Microseconds of one minute's provisional reading, without scores and with them."""
    return [
        Figure("us_step", _minutes(scored=False), "µs", 200.0, higher_is_better=False, work=STEP_WORK),
        Figure("us_step/scored", _minutes(scored=True), "µs", higher_is_better=False, work=SCORED_WORK),
    ]


def _minutes(*, scored: bool) -> tuple[float, ...]:
    """Microseconds of each minute of a session."""
    state, reached_us, _ = _after(scored=scored)
    market = _market(scored=scored, bar="1m", step="1m")
    pipeline = Pipeline(market)
    for name, one, _ in pipeline.stages[:-1]:  # publication stands under the version of the market without minutes
        one.restore(state[name])
    taken, said = [], []
    for n, partial in enumerate(_session(market, reached_us)):
        began = time.perf_counter_ns()
        given = pipeline.feed(partial)
        if n >= 20:
            taken.append((time.perf_counter_ns() - began) / 1e3)
        said += given
    require(len(said) == MINUTES and not any(one.final for one in said), "a provisional reading a minute was expected")
    check([decode_reading(one.reading) for one in said])
    return tuple(taken)


def _session(market: Market, after_us: int) -> Iterator[Partial]:
    """Minutes of the next session: a tick of each instrument that trades in it, half a minute before its end."""
    traded = np.array([n for n, i in enumerate(market.instrument) if not i.lag], np.int32)
    rng, fold = np.random.default_rng(3), BarFold(market)
    prices = np.full(len(traded), 100.0)
    nothing = np.full(len(traded), np.nan)
    open_us = schedule_of(market).closes_between(after_us, after_us + 7 * DAY_US)[0][0]
    for minute in range(1, MINUTES + 1):
        prices = prices * np.exp(0.0004 * rng.standard_normal(len(traded)))
        end_us = open_us + minute * MINUTE_US
        times = np.full(len(traded), end_us - MINUTE_US // 2)
        ticks = TickBatch(traded, times, prices, nothing, nothing, nothing, np.full(len(traded), NO_SEQ))
        fold.update(ticks)
        closed = fold.update(end_us)
        yield Partial(0, closed.reached_us, closed.bars)


def state() -> list[Figure]:
    """Megabytes that the state takes in memory."""
    kept, *_ = _after(scored=True)
    fresh = Pipeline(_market(scored=True))
    tracemalloc.start()
    try:
        fresh.restore(kept)
        size = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    return [Figure("us_state", (size / 1e6,), "MB", 20.0, higher_is_better=False, work=STATE_WORK)]
