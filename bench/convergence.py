"""How near a provisional reading comes to the final: real trades through `week`, with and without the time of day."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from bench.case import Figure, require
from bench.servers import trade_files
from dataflows.sources import trade_table
from models.calendars import sessions_of
from models.pipeline import Pipeline
from models.signals.bars import BarFold
from schemas.bars import Partial
from schemas.instruments import Instruments
from schemas.market import Market
from schemas.market_file import load
from schemas.reading import Reading, decode_reading, parse_rfc3339
from schemas.ticks import NO_SEQ, TickBatch

WORK: Final = "the real trades of three days through `week`; distance in points of the index between the reading one hour before the session's close and the session's last final, one value a session"  # noqa: E501
FLAT_WORK: Final = "the same without the profile of the time of day"
HALF_WORK: Final = "the same trades; distance between the reading half-way through a period of half an hour and its final, one value a period"  # noqa: E501
DAYS: Final = 3
MINUTE_US: Final = 60_000_000
HOUR_US: Final = 60 * MINUTE_US


def readings(market: Market, read: trade_table.Trades) -> Iterator[Reading]:
    """What the market says along the trades, tocks behind them, with an index."""
    fold, pipeline = BarFold(market), Pipeline(market)
    for piece in (_batch(market, read), (int(read.ts_us.max()) // HOUR_US + 2) * HOUR_US):
        folded = fold.update(piece)
        if len(folded.reached_us):
            said = pipeline.feed(Partial(0, folded.reached_us, folded.bars))
            yield from (one for one in map(decode_reading, (s.reading for s in said)) if one.index is not None)


def _batch(market: Market, read: trade_table.Trades) -> TickBatch:
    known = Instruments(tuple(i.name for i in market.instrument))
    codes = np.array([known.code(symbol) for symbol in read.symbols], np.int32)[read.code]
    nothing = np.full(len(codes), np.nan)
    size = read.columns["size"].astype(np.float64)
    return TickBatch(
        codes, read.ts_us, read.columns["price"], size, nothing, nothing, np.full(len(codes), NO_SEQ)
    )  # fmt: skip


def distances(pairs: list[tuple[Reading | None, Reading | None]]) -> tuple[float, ...]:
    """How far the two readings of each pair are apart, where both have an index."""
    return tuple(abs(a.index - b.index) for a, b in pairs if a and b and a.index is not None and b.index is not None)


def before_the_close(market: Market, said: dict[int, Reading]) -> tuple[float, ...]:
    """By session: the reading an hour before its close, and the final at it."""
    sessions = sessions_of(market).closes_between(min(said) - 1, max(said))
    return distances([(said.get(close - HOUR_US), said.get(close)) for _, close in sessions])


def half_way(market: Market, said: dict[int, Reading]) -> tuple[float, ...]:
    """By period: the reading half-way through it, and its final."""
    return distances([(said.get(at - market.period_us // 2), one) for at, one in said.items() if one.final])


def measure() -> list[Figure]:
    """Points between provisional and final readings."""
    read, figures = trade_table.read(tuple(trade_files(DAYS))), []
    for name, market, works in (
        ("", load("week"), (WORK, HALF_WORK)),
        ("/flat", load("week").model_copy(update={"diurnal": None}), (FLAT_WORK, FLAT_WORK)),
    ):
        said = {parse_rfc3339(one.at): one for one in readings(market, read)}
        close, half = before_the_close(market, said), half_way(market, said)
        require(len(close) >= DAYS - 1 and len(half) > DAYS * 8, "readings before and at the closes were expected")
        figures.append(Figure(f"convergence/close{name}", close, "points", higher_is_better=False, work=works[0]))
        figures.append(Figure(f"convergence/half_way{name}", half, "points", higher_is_better=False, work=works[1]))
    return figures
