"""Daily panels and macro releases as the bars of a feed: each value from the moment it was public."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from evaluation.faults import InputError
from evaluation.release_days import public_us
from evaluation.tables import read_table, read_values
from models.calendars import FIRST_DAY, LAST_DAY, schedule_of
from models.pipeline import Pipeline
from models.publication import Published
from models.signals.bars import BarFold
from schemas.bars import BarColumns, Partial
from schemas.duration import DAY_US
from schemas.instrument import Instrument
from schemas.market import Market
from schemas.ticks import BarBatch

Progress = Callable[[int, int], None]
Columns = dict[str, npt.NDArray[Any]]

_COVERED: Final = {"day": DAY_US, "week": 7 * DAY_US, "month": 28 * DAY_US}
_EXTRAS: Final = ("open", "high", "low", "volume")
"""Optional columns beside an instrument's own, which is its close: `SPX:high`."""


@dataclass(frozen=True)
class Panel:
    """Ready-made bars of a market's instruments in the order in which they became public.

    Attributes:
        bars: columns `code, start_us, end_us, available_us, open, high, low, close, volume`; times in microseconds
            since 1970 (UTC), sorted by `available_us` and `code`.
        closes_us: closes of the market's periods, from the first that can see a bar to the last, int64[P].
        missing: instruments that no file has.
        unknown: columns that are no instrument of the market.
        dropped: values of days that were no session on their instrument's calendar, by instrument.
    """

    bars: pd.DataFrame
    closes_us: npt.NDArray[np.int64]
    missing: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    dropped: dict[str, int] = field(default_factory=dict)

    def between(self, after_us: int, through_us: int) -> Panel:
        """The periods that close then, and what became public since; for runs that end earlier or go on later."""
        public, closes = self.bars.available_us, self.closes_us
        bars = self.bars[(public > after_us) & (public <= through_us)].reset_index(drop=True)
        return replace(self, bars=bars, closes_us=closes[(closes > after_us) & (closes <= through_us)])


def read(market: Market, inputs: Path, macro: Path | None = None) -> Panel:
    """A market's panel from files, as `read_columns` takes them.

    Raises:
        InputError: as `read_columns`, or as `require_sessions`.
    """
    found = arrange(market, read_columns(market, inputs, macro))
    require_sessions(market, found, inputs)
    return found


def require_sessions(market: Market, panel: Panel, inputs: Path) -> None:
    """Makes sure that some period of the market can see a value, and one of a day where such were given.

    Raises:
        InputError: no value belongs to a day that the calendars know.
    """
    daily = [code for code, i in enumerate(market.instrument) if i.covers == "day"]
    if not len(panel.closes_us) or (panel.dropped and not panel.bars.code.isin(daily).any()):
        msg = (
            f"{inputs}: none of its days is a session from {FIRST_DAY} to {LAST_DAY}: give days on which "
            f"{market.calendar} and the instruments' own exchanges traded"
        )
        raise InputError(msg)


def read_columns(market: Market, inputs: Path, macro: Path | None = None) -> dict[str, pd.Series[float]]:
    """Daily values by name: a CSV (first column the date, a column an instrument) and a folder of `NAME.csv`.

    Raises:
        InputError: a folder that is not there, no instrument of the market in the panel, or as `read_table`.
    """
    if macro and not macro.is_dir():
        msg = f"{macro}: no such folder: give one with NAME.csv (date,value) for each release, or leave it out"
        raise InputError(msg)
    table = read_table(inputs)
    names = {i.name for i in market.instrument}
    columns = {name: table[name] for name in table.columns}
    for path in sorted(macro.glob("*.csv")) if macro else []:
        if path.stem in names and path.stem not in columns:
            columns[path.stem] = read_values(path)
    if not names & set(table.columns):
        listed = ", ".join(sorted(names)[:8])
        msg = f"{inputs}:1: none of its columns is an instrument of {market.name}: it reads {listed}, ..."
        raise InputError(msg)
    if not any(table[name].notna().any() for name in names & set(table.columns)):
        msg = f"{inputs}: not one value of an instrument in it: give rows such as 2008-09-15,31.7"
        raise InputError(msg)
    return columns


def arrange(market: Market, columns: dict[str, pd.Series[float]]) -> Panel:
    """Values as bars, each from the moment it was public."""
    frames, missing, dropped = [], [], {}
    for code, instrument in enumerate(market.instrument):
        if instrument.name not in columns:
            missing.append(instrument.name)
            continue
        frame, lost = _bars_of(market, instrument, columns)
        frames.append(frame.assign(code=np.int32(code)))
        if lost:
            dropped[instrument.name] = lost
    bars = pd.concat(frames, ignore_index=True).sort_values(["available_us", "code"], kind="stable", ignore_index=True)
    known = {i.name for i in market.instrument}
    unknown = [name for name in columns if name.split(":")[0] not in known]
    return Panel(bars, _closes(market, bars), missing, unknown, dropped)


def of_bars(market: Market, bars: pd.DataFrame) -> Panel:
    """A panel of bars that are ready-made, with the columns and order of `Panel.bars`; counts of ticks are left out."""
    return Panel(bars.drop(columns="count", errors="ignore"), _closes(market, bars))


def _bars_of(market: Market, instrument: Instrument, columns: dict[str, pd.Series[float]]) -> tuple[pd.DataFrame, int]:
    """One instrument's bars, and how many values belonged to no session."""
    close = columns[instrument.name].dropna()
    midnight = pd.DatetimeIndex(close.index).as_unit("us").asi8
    frame = pd.DataFrame({"start_us": midnight, "close": close.to_numpy()})
    for extra in _EXTRAS:
        other = columns.get(f"{instrument.name}:{extra}")
        fallback = np.zeros(len(close)) if extra == "volume" else close.to_numpy()
        values = fallback if other is None else other.reindex(close.index).to_numpy()
        frame[extra] = np.where(np.isnan(values), fallback, values)
    if instrument.lag:
        available = public_us(midnight, instrument.lag, instrument.working_days)
        return frame.assign(
            end_us=np.minimum(midnight + _COVERED[instrument.covers], available), available_us=available
        ), 0
    ends = _session_closes(instrument.calendar or market.calendar).reindex(midnight)
    kept = ends.notna().to_numpy()
    end_us = ends[kept].to_numpy().astype(np.int64)
    return frame[kept].assign(end_us=end_us, available_us=end_us), int((~kept).sum())


def _session_closes(calendar: str) -> pd.Series[int]:
    """Close of each session of an exchange by midnight UTC of its day, microseconds since 1970."""
    plain = Market.model_construct(calendar=calendar, period="session", cutoff=0)
    closes = np.array(schedule_of(plain).closes)
    return pd.Series(closes, index=closes // DAY_US * DAY_US)


def _closes(market: Market, bars: pd.DataFrame) -> npt.NDArray[np.int64]:
    closes = np.array(schedule_of(market).closes)
    if bars.empty:
        return closes[:0]
    first, last = int(bars.available_us.iloc[0]), int(bars.available_us.iloc[-1])
    return closes[(closes >= first) & (closes <= last + DAY_US)]


def run(
    market: Market,
    panel: Panel,
    pipeline: Pipeline | None = None,
    progress: Progress | None = None,
    *,
    fold: BarFold | None = None,
    refused: Callable[[Columns, npt.NDArray[np.int8]], None] | None = None,
) -> Iterator[Published]:
    """The finals of a panel, by the steps that the flow runs: bars are validated in the order they became public.

    Args:
        market: the market.
        panel: its bars.
        pipeline: where to continue; by default a fresh one.
        progress: told the number of periods done, and of all, now and then.
        fold: the validation that goes with the pipeline; by default a fresh one.
        refused: told the bars of a period and their reason codes where some are not valid.
    """
    pipeline = Pipeline(market) if pipeline is None else pipeline
    fold = BarFold(market) if fold is None else fold
    ends = np.searchsorted(panel.bars.available_us, panel.closes_us, side="right")
    columns = {name: panel.bars[name].to_numpy() for name in panel.bars.columns}
    start = 0
    for n, (close_us, end) in enumerate(zip(panel.closes_us.tolist(), ends.tolist(), strict=True)):
        rows = {name: values[start:end] for name, values in columns.items()}
        parts = [fold.update(_batch(rows))] if end > start else []
        if refused and parts and parts[0].faults.any():
            refused(rows, parts[0].faults)
        parts.append(fold.update(close_us))
        reached = np.concatenate([part.reached_us for part in parts])
        yield from pipeline.feed(Partial(0, reached, BarColumns.join([part.bars for part in parts if len(part.bars)])))
        start = end
        if progress and (n % 250 == 0 or n + 1 == len(ends)):
            progress(n + 1, len(ends))


def _batch(rows: Columns) -> BarBatch:
    return BarBatch(count=np.zeros(len(rows["code"]), np.int64), **rows)
