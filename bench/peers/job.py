"""The job that all do: one-minute bars and EWMA volatilities of 500 instruments, and what is right."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from bench import tape
from bench.bare_fold import COLUMNS
from bench.case import require
from bench.engine import reference_bars
from bench.kafka_to_redis import MINUTES, PARTITIONS, json_records

JSON_TICKS: Final = 4_000_000
ARROW_TICKS: Final = 2048 * tape.ROWS
ROWS: Final = MINUTES * tape.INSTRUMENTS
"""Whole bars: of each instrument one a minute."""

HALF_LIFE_MINUTES: Final = 11.0
WEIGHT: Final = 1 - 0.5 ** (1 / HALF_LIFE_MINUTES)
"""Of the newest squared return: a half-life of 11 minutes, as in the market of the benchmarks."""

LEAST_TICKS: Final = 2_000_000
"""Fewer leave ten seconds of an instrument without a tick, and then engines differ by what they make of those."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Reference:
    """What is right, by plain NumPy.

    Attributes:
        bars: float64[minutes, instruments, 6]: open, high, low, close, volume, count.
        variance: float64[minutes, instruments]: from close to close, NaN in the first minute.
    """

    bars: Floats
    variance: Floats


def reference(ticks: tape.Tape) -> Reference:
    """Bars and variances of a tape.

    Raises:
        WrongOutputError: an instrument has a minute without a tick.
    """
    bars = reference_bars(ticks)[:MINUTES]
    require(bool((bars[:, :, COLUMNS - 1] > 0).all()), f"a minute without a tick: ask for {LEAST_TICKS} ticks or more")
    return Reference(bars, ewma(bars[:, :, 3]))


def ewma(close: Floats) -> Floats:
    """Exponentially weighted mean of squared log returns, free of the bias of its start, float64[minutes, n]."""
    said = np.full_like(close, np.nan)
    total, gathered = np.zeros(close.shape[1]), 0.0
    for minute in range(1, len(close)):
        square = np.log(close[minute] / close[minute - 1]) ** 2
        total, gathered = total + WEIGHT * (square - total), gathered + WEIGHT * (1 - gathered)
        said[minute] = total / gathered
    return said


def partitions(ticks: int) -> list[tape.Tape]:
    """The tape by partition, each in time order."""
    whole = tape.make(ticks, MINUTES)
    return [whole.partition(number, PARTITIONS) for number in range(PARTITIONS)]


def whole(parts: list[tape.Tape]) -> tape.Tape:
    """All partitions as one tape; each instrument's ticks keep their order."""
    columns = ("code", "ts_us", "price", "size")
    return tape.Tape(*[np.concatenate([getattr(part, name) for part in parts]) for name in columns])


def closing(part: tape.Tape) -> tape.Tape:
    """A tick of each instrument of a partition in the minute behind the job: engines that wait for one close by it."""
    code = np.unique(part.code)
    at_us = np.full(len(code), tape.START_US + MINUTES * tape.MINUTE_US)
    return tape.Tape(code, at_us, np.ones(len(code)), np.ones(len(code)))


def write_lines(parts: list[tape.Tape], file: Path) -> None:
    """All ticks as a file of JSON lines, partition after partition."""
    with file.open("wb") as out:
        for part in parts:
            out.write(b"\n".join(json_records(part)) + b"\n")


def read_rows(file: Path) -> list[list[str]]:
    """A peer's rows: instrument, start of the minute, six numbers of the bar, variance."""
    with file.open(newline="") as text:
        return list(csv.reader(text))


def check(rows: Iterable[list[str]], right: Reference, by: str) -> None:
    """Every whole bar once, exactly as it shall be; variances to nine digits; what lies behind the job is left out.

    Raises:
        WrongOutputError: otherwise.
    """
    bars, variance = np.full_like(right.bars, np.nan), np.full_like(right.variance, np.nan)
    seen = np.zeros(right.variance.shape, np.int64)
    for name, start_us, *numbers in rows:
        minute = (int(start_us) - tape.START_US) // tape.MINUTE_US
        if minute >= MINUTES:
            continue
        place = minute, _PLACES[name]
        bars[place], seen[place] = [float(number) for number in numbers[:COLUMNS]], seen[place] + 1
        variance[place] = _number(numbers[COLUMNS])
    require(bool((seen == 1).all()), f"{by}: {int((seen == 0).sum())} bars are missing, {int((seen > 1).sum())} double")
    wrong = int((bars != right.bars).any(axis=2).sum())
    require(wrong == 0, f"{by}: {wrong} of {seen.size} bars differ from the NumPy reference")
    close = np.allclose(variance, right.variance, rtol=1e-9, atol=1e-18, equal_nan=True)
    require(close, f"{by}: variances differ from the NumPy reference")


_PLACES: Final = {name: place for place, name in enumerate(tape.NAMES)}


def _number(text: Any) -> float:
    """Peers have three ways to say that there is no variance yet."""
    return float("nan") if text in ("", "None", "null") else float(text)
