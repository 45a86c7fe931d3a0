"""Two decades of real daily history, from the data that the package `arch` carries, as bar records of a feed.

Licence of the data: as distributed with arch (University of Illinois/NCSA). It is read where it is installed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import structlog

from dataflows.champions import Due
from dataflows.sources.sender import Sender, SenderConfig, Stopped
from models.calendars import schedule_of
from schemas import names, ticks_wire
from schemas.arrow_schemas import BARS_SCHEMA
from schemas.control import PARTITION
from schemas.control_wire import encode_control
from schemas.market import Market

log = structlog.get_logger()

FIRST: Final = "1999-01-04"
LAST: Final = "2018-12-31"

_FILES: Final = {
    "SPX": ("sp500/sp500.csv.gz", "ohlc"),
    "NASDAQ": ("nasdaq/nasdaq.csv.gz", "ohlc"),
    "VIX": ("vix/vix.csv.gz", "vix"),
    "WTI": ("wti/wti.csv.gz", "DCOILWTICO"),
    "AAA": ("default/default.csv.gz", "AAA"),
    "BAA": ("default/default.csv.gz", "BAA"),
}
"""Instrument: file within arch.data, and its column (`ohlc` for Open, High, Low, Close, Volume)."""

_CHUNK: Final = 21
"""Sessions sent at once: about a month."""


@dataclass(frozen=True)
class HistoryConfig:
    """What is replayed, who is told how far it is (sessions sent, sessions in all), and orders at their places."""

    sender: SenderConfig
    market: Market
    progress: Callable[[int, int], None] = lambda _done, _all: None
    orders: Sequence[Due] = ()


def bars(market: Market) -> pd.DataFrame:
    """All bars of the market's instruments, by the time from which they were public.

    Returns:
        Columns `code, start_us, end_us, available_us, open, high, low, close, volume, count`; a day's bar ends at the
        close of its session, a month's at the month's end. Times in microseconds since 1970 (UTC).
    """
    closes = _session_closes(market)
    frames = [
        _bars_of(code, instrument.name, instrument.lag, closes) for code, instrument in enumerate(market.instrument)
    ]
    joined = pd.concat(frames, ignore_index=True)
    first, last = closes.iloc[0], closes.iloc[-1]
    kept = joined[(joined.available_us >= first) & (joined.available_us <= last)]
    return kept.sort_values(["available_us", "code"], kind="stable", ignore_index=True)


def send(config: HistoryConfig) -> int:
    """Sends what the feed does not hold yet, in order, and waits until the flow has made it durable.

    Returns:
        Event time of the last session's close, microseconds since 1970 (UTC).
    """
    table, closes = bars(config.market), _session_closes(config.market).to_numpy()
    sender = Sender(config.sender)
    start = sender.resume(whole_bars=True)
    end_us, begun_us = int(closes[-1]), 0
    for first in range(0, len(closes), _CHUNK):
        chunk = closes[first : first + _CHUNK]
        from_us = 0 if first == 0 else int(closes[first - 1]) + 1
        _order(sender, [one for one in config.orders if begun_us <= one.after_us < from_us], from_us, start[PARTITION])
        _send_chunk(sender, table, from_us, int(chunk[-1]), config.market, start)
        config.progress(min(first + _CHUNK, len(closes)), len(closes))
        begun_us = from_us
    sender.flush()
    sender.wait_until_durable(end_us)
    return end_us


def _order(sender: Sender, orders: Sequence[Due], from_us: int, start: int | None) -> None:
    """Sends what is due before a chunk, unless some of the chunk was sent before: an order said twice is one order."""
    if start is None or start <= from_us:
        for one in orders:
            sender.send(PARTITION, encode_control(one.control), names.CONTROL_JSON, from_us)


def _send_chunk(  # noqa: PLR0917 - a chunk is all of these
    sender: Sender, table: pd.DataFrame, from_us: int, to_us: int, market: Market, start: list[int | None]
) -> None:
    """The bars public in [from, to], by partition, then the time."""
    if all(until is not None and until > to_us for until in start):
        return
    rows = table[(table.available_us >= from_us) & (table.available_us <= to_us)]
    names_of = tuple(i.name for i in market.instrument)
    for partition in range(sender.partitions):
        mine = rows[rows.code % sender.partitions == partition]
        mine = mine[mine.available_us >= (start[partition] or 0)]
        if len(mine):
            columns = {name: mine[name].to_numpy() for name in mine.columns if name != "code"}
            columns["instrument"] = mine.code.to_numpy()
            raw = ticks_wire.encode(columns, names_of, BARS_SCHEMA)
            sender.send(partition, raw, names.BARS_ARROW, to_us + 1, len(mine))
    sender.tock(to_us, to_us + 1)


def _session_closes(market: Market) -> pd.Series[int]:
    """Close of each session of the history, indexed by its date."""
    closes = np.array(schedule_of(market).closes)
    dates = pd.to_datetime(closes, unit="us").date
    series = pd.Series(closes, index=dates)
    first, last = dt.date.fromisoformat(FIRST), dt.date.fromisoformat(LAST)
    return series[(series.index >= first) & (series.index <= last)]


def _bars_of(code: int, name: str, lag_us: int, closes: pd.Series[int]) -> pd.DataFrame:
    file, column = _FILES[name]
    raw = pd.read_csv(_folder() / file, parse_dates=["Date"], date_format="%m/%d/%Y")
    raw = raw.set_index(raw.pop("Date").dt.date)
    if column == "ohlc":
        prices = raw[["Open", "High", "Low", "Close", "Volume"]].set_axis(
            ["open", "high", "low", "close", "volume"], axis=1
        )
    else:
        value = pd.to_numeric(raw[column], errors="coerce").dropna()
        prices = pd.DataFrame(dict.fromkeys(("open", "high", "low", "close"), value)).assign(volume=0.0)
    return _timed(prices.astype(float), lag_us, closes).assign(code=np.int32(code), count=0)


def _timed(prices: pd.DataFrame, lag_us: int, closes: pd.Series[int]) -> pd.DataFrame:
    """Daily values end with their session; monthly ones (dated the first) are public their lag after that day."""
    day_us = 86_400_000_000
    midnight = pd.Series([int(pd.Timestamp(day).value) // 1000 for day in prices.index], index=prices.index)
    if lag_us:
        return prices.assign(start_us=midnight, end_us=midnight + 28 * day_us, available_us=midnight + lag_us)
    daily = prices[prices.index.isin(closes.index)]
    end = closes.loc[daily.index]
    return daily.assign(start_us=midnight.loc[daily.index], end_us=end, available_us=end)


def _folder() -> Path:
    spec = find_spec("arch")
    if spec is None or spec.origin is None:
        msg = "the package `arch`, which carries the history, is not installed: pip install arch"
        raise ModuleNotFoundError(msg)
    return Path(spec.origin).parent / "data"


__all__ = ["FIRST", "LAST", "HistoryConfig", "Stopped", "bars", "send"]
