"""The engine in one process and one core: Arrow records to judged ticks, bars and volatilities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from bench import tape
from bench.bare_fold import COLUMNS, bare_engine, bare_fold
from bench.case import Figure, require, seconds
from models.calendars import schedule_of
from models.signals.bars import BarFold
from models.signals.merge import BarMerge
from models.signals.path import PeriodPath
from models.signals.volatility import Volatilities, Volatility
from schemas.bars import GRID, BarColumns, Partial
from schemas.instruments import Instruments
from schemas.ticks_wire import TickReader

WORK: Final = (
    "4,096,000 ticks of 500 instruments in uncompressed Arrow records of 8,192, decoded, validated, folded into "
    "one-minute bars (100,000 ticks a minute) and volatilities, in one process on one core"
)
TICKS: Final = 500 * tape.ROWS
MINUTES: Final = 41
REPEATS: Final = 9
BAR: Final = 15.0
RATIO_BAR: Final = 0.7
SAME: Final = (
    "the same job by plain pyarrow and one compiled loop that judges nothing: no reasons, no duplicates, no late "
    "ticks, no bars that are open at the same time"
)
BARE: Final = "the same records opened by plain pyarrow into a compiled OHLC fold that checks nothing"


@dataclass(frozen=True)
class Said:
    """What one pass over the tape gave: all bars, the volatilities of the last minute, ticks refused."""

    bars: BarColumns
    volatilities: Volatilities
    refused: int


def engine(records: list[bytes], end_us: int) -> Said:
    """One pass with fresh state."""
    market = tape.market()
    fold, merge = BarFold(market), BarMerge(market, schedule_of(market), 1)
    path, volatility = PeriodPath(market), Volatility(market)
    reader = TickReader(Instruments(tape.NAMES))
    closed: list[BarColumns] = []
    refused = 0
    last: Volatilities | None = None
    for record in [*records, None]:
        folded = fold.update(end_us if record is None else reader.read(record))
        refused += int(np.count_nonzero(folded.faults))
        if len(folded.reached_us):
            closed.append(folded.bars)
            for window in merge.update(Partial(0, folded.reached_us, folded.bars)):
                last = volatility.update(path.update(window))
    require(last is not None, "the engine gave no volatility")
    assert last is not None
    return Said(BarColumns.join(closed), last, refused)


def bare(records: list[bytes]) -> npt.NDArray[np.float64]:
    """The same ticks into bars by a loop that validates nothing, float64[minutes, instruments, 6]."""
    bars = np.zeros((MINUTES + 1, tape.INSTRUMENTS, COLUMNS))
    for record in records:
        code, ts_us, price, size = _opened(record)
        bare_fold(code, ts_us, price, size, tape.START_US, tape.MINUTE_US, bars)
    return bars


def unjudged(records: list[bytes], end_us: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Bars as `bare` gives them, and the variance of each instrument per minute, float64[instruments]."""
    bars = np.zeros((MINUTES + 1, tape.INSTRUMENTS, COLUMNS))
    grid, variance = np.zeros((tape.INSTRUMENTS, 1 + GRID)), np.zeros(tape.INSTRUMENTS)
    weight, clock = _weight(), np.zeros(1, np.int64)
    end: list[npt.NDArray[Any]] = [np.array([0], np.int32), np.array([end_us], np.int64), np.zeros(1), np.zeros(1)]
    for record in [*records, None]:
        code, ts_us, price, size = end if record is None else _opened(record)
        bare_engine(code, ts_us, price, size, tape.START_US, tape.MINUTE_US, GRID, weight, bars, grid, variance, clock)
    bars[MINUTES] = 0.0  # the tick that closed the last minute
    gathered = 1 - (1 - weight) ** (MINUTES - 1)
    return bars, variance / gathered


def _weight() -> float:
    """Of the newest minute in the means of the market."""
    return 1 - float(0.5 ** (tape.MINUTE_US / tape.market().half_life.volatility))


def _opened(record: bytes) -> list[npt.NDArray[Any]]:
    """Columns of a record by plain pyarrow; positions in its dictionary are taken for instruments as they are."""
    with pa.ipc.open_stream(pa.py_buffer(record)) as reader:
        instrument, *columns = reader.read_next_batch().columns
    return [column.to_numpy() for column in (instrument.indices, *columns)]


def reference_bars(ticks: tape.Tape) -> npt.NDArray[np.float64]:
    """Bars by plain NumPy, float64[minutes, instruments, 6]: open, high, low, close, volume, count."""
    minute = (ticks.ts_us - tape.START_US) // tape.MINUTE_US
    key = minute * tape.INSTRUMENTS + ticks.code
    order = np.argsort(key, kind="stable")
    found, first = np.unique(key[order], return_index=True)
    last = np.append(first[1:], len(order)) - 1
    price, size = ticks.price[order], ticks.size[order]
    bars = np.zeros(((MINUTES + 1) * tape.INSTRUMENTS, COLUMNS))
    bars[found, 0], bars[found, 3] = price[first], price[last]
    bars[found, 1], bars[found, 2] = np.maximum.reduceat(price, first), np.minimum.reduceat(price, first)
    bars[found, 4], bars[found, 5] = np.add.reduceat(size, first), last - first + 1
    return bars.reshape(MINUTES + 1, tape.INSTRUMENTS, COLUMNS)


def reference_variance(ticks: tape.Tape, half_life: float) -> npt.NDArray[np.float64]:
    """Variance per minute by plain NumPy: squared moves from slot to slot of ten seconds, weighted exponentially."""
    slot = (ticks.ts_us - tape.START_US) // (tape.MINUTE_US // GRID)
    slots = int(slot[-1]) // GRID * GRID + GRID
    last = np.full((slots, tape.INSTRUMENTS), np.nan)
    last[slot, ticks.code] = ticks.price  # of several to one place NumPy keeps the last
    moves = np.diff(np.log(last), axis=0, prepend=np.nan)
    by_minute = np.nansum((moves**2).reshape(-1, GRID, tape.INSTRUMENTS), axis=1)
    weight = 1 - 0.5 ** (1 / half_life)
    total, gathered = np.zeros(tape.INSTRUMENTS), 0.0
    for row in by_minute[1:]:  # the first minute has no close before it to be measured from
        total, gathered = total + weight * (row - total), gathered + weight * (1 - gathered)
    return np.asarray(total / gathered, np.float64)


def as_table(bars: BarColumns) -> npt.NDArray[np.float64]:
    """The engine's bars in the reference's shape."""
    table = np.zeros((MINUTES + 1, tape.INSTRUMENTS, COLUMNS))
    minute = (bars.start_us - tape.START_US) // tape.MINUTE_US
    columns: list[Any] = [bars.open, bars.high, bars.low, bars.grid_price[:, -1], bars.volume, bars.count]
    for number, column in enumerate(columns):
        table[minute, bars.code, number] = column
    return table


def check(said: Said, ticks: tape.Tape) -> None:
    """Bars are exactly the reference's; volatilities are its to nine digits; nothing was refused.

    Raises:
        WrongOutputError: otherwise.
    """
    require(said.refused == 0, f"{said.refused} good ticks were refused")
    require(np.array_equal(as_table(said.bars), reference_bars(ticks)), "bars differ from the NumPy reference")
    half_life = tape.market().half_life.volatility / tape.MINUTE_US
    close = np.allclose(said.volatilities.variance, reference_variance(ticks, half_life), rtol=1e-9, atol=0)
    require(close, "volatilities differ from the NumPy reference")


def check_unjudged(said: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]], ticks: tape.Tape) -> None:
    """The loop without judgement does the same job.

    Raises:
        WrongOutputError: otherwise.
    """
    bars, variance = said
    require(np.array_equal(bars, reference_bars(ticks)), "unjudged bars differ from the NumPy reference")
    half_life = tape.market().half_life.volatility / tape.MINUTE_US
    close = np.allclose(variance, reference_variance(ticks, half_life), rtol=1e-9, atol=0)
    require(close, "unjudged volatilities differ from the NumPy reference")


def measure() -> list[Figure]:
    """Million ticks a second of the engine, of two bare loops beside it, and the ratios turn by turn."""
    ticks = tape.make(TICKS, MINUTES)
    records, end_us = ticks.records(), ticks.end_us
    check(engine(records, end_us), ticks)
    require(np.array_equal(bare(records), reference_bars(ticks)), "the bare fold differs from the NumPy reference")
    check_unjudged(unjudged(records, end_us), ticks)
    turns: dict[str, Callable[[], Any]] = {
        "": lambda: engine(records, end_us), "same": lambda: unjudged(records, end_us), "bare": lambda: bare(records),
    }  # fmt: skip
    rates: dict[str, list[float]] = {name: [] for name in turns}
    for _ in range(REPEATS):
        for name, once in turns.items():
            rates[name].append(TICKS / 1e6 / seconds(once, 1, 0)[0])
    ratios = {name: tuple(a / b for a, b in zip(rates[""], rates[name], strict=True)) for name in ("same", "bare")}
    return [
        Figure("engine", tuple(rates[""]), "million ticks/s", BAR, work=WORK),
        Figure("engine/unjudged", tuple(rates["same"]), "million ticks/s", work=SAME),
        Figure("engine/ratio", ratios["same"], "of the unjudged job", RATIO_BAR, work="the two in turns, pair by pair"),
        Figure("engine/bare_fold", tuple(rates["bare"]), "million ticks/s", work=BARE),
        Figure("engine/bare_ratio", ratios["bare"], "of the bare fold", work="likewise"),
    ]
