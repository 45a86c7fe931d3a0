"""From ten to ten thousand instruments: processor time of a tick, of a reading, and of five hundred series' pairs."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Final

import numpy as np

from bench import tape
from bench.case import Figure, require
from bench.heaps import Heap
from models.pipeline import Pipeline
from models.signals.bars import BarFold
from models.signals.correlation import move_pairs, pair_correlations
from schemas.bars import Partial
from schemas.instruments import Instruments
from schemas.market_file import parse
from schemas.ticks_wire import decode_ticks

COUNTS: Final = (10, 100, 1_000, 10_000)
MOST: Final = COUNTS[-1]
MINUTE: Final = 1_000_000
ROWS: Final = 8_192
RECORDS: Final = 500
WARM_UP: Final = 130
SERIES: Final = 500
REPEATS: Final = 3
SEGMENT: Final = 1_000
"""Instruments of one indicator at most."""

TICK: Final = (
    "Arrow records of 8,192 ticks of 10 instruments, each as likely as any other, a million ticks a minute: decoded, "
    "validated and folded into one-minute bars, closing them included; processor time of one core a tick"
)
READING: Final = (
    "what follows at the end of each of these minutes: merged, taken to volatilities, index and bytes of reading, bars "
    "and details"
)
FLAT: Final = "a tick of 10,000 instruments by one of 10, the least of the repeats each"
WHOLE: Final = "the same with the readings: a hundred ticks a bar at 10,000 instruments"
PAIRS: Final = (
    f"EWMA of the products of {SERIES} series over three memories (124,750 pairs each), and their correlations"
)


@dataclass(frozen=True)
class Taken:
    """Nanoseconds of a tick and milliseconds of a reading, by processor time."""

    tick: float
    reading: float

    @property
    def whole(self) -> float:
        """Nanoseconds of a tick with its share of the readings."""
        return self.tick + self.reading * 1e6 / MINUTE


def market_text(count: int, name: str = "bench") -> str:
    """The market of the other benchmarks with so many instruments."""
    listed = [f"I{number:03d}" for number in range(count)]
    size = min(SEGMENT, max(1, count // tape.SEGMENTS))
    parts = [listed[first : first + size] for first in range(0, count, size)]
    head = tape.market_text().partition("[[instrument]]")[0].replace('name = "bench"', f'name = "{name}"')
    instruments = "".join(f'[[instrument]]\nname = "{name}"\n' for name in listed)
    return head + instruments + "".join(_segment(number, part) for number, part in enumerate(parts))


def _segment(number: int, part: list[str]) -> str:
    indicator = f'name = "volatility {number}"\nkind = "realized_volatility"\nof = {json.dumps(part)}\n'
    return f'[[segment]]\nname = "s{number}"\n[[segment.indicator]]\n{indicator}'


def taken(count: int, records: int = RECORDS, warm_up: int = WARM_UP) -> Taken:
    """Time of a tick and of a reading with so many instruments.

    Raises:
        WrongOutputError: a tick was refused, or a reading is missing.
    """
    market, heap = parse(market_text(count).encode(), "bench.toml"), Heap(ROWS, count, MINUTE)
    fold, pipeline, known = BarFold(market), Pipeline(market), Instruments(heap.names)
    folding = reading = readings = counted = 0
    for number in range(records):
        raw, began = heap.record(number), time.thread_time_ns()
        folded = fold.update(decode_ticks(raw, known))
        between = time.thread_time_ns()
        said = pipeline.feed(Partial(0, folded.reached_us, folded.bars)) if len(folded.reached_us) else []
        ended = time.thread_time_ns()
        require(not folded.faults.any(), "good ticks were refused")
        readings += len(said)
        if number >= warm_up:
            folding, reading, counted = folding + between - began, reading + ended - between, counted + len(said)
    require(readings == (records * ROWS - 1) // MINUTE, f"{readings} readings of {records} records")
    return Taken(folding / ((records - warm_up) * ROWS), reading / 1e6 / counted)


def pairs(series: int = SERIES, repeats: int = REPEATS) -> tuple[float, ...]:
    """Milliseconds of one update of all pairs, and of their correlations.

    Raises:
        WrongOutputError: they are not those that NumPy says.
    """
    random = np.random.default_rng(7)
    products, squares, counts = (
        np.zeros((3, series, series)),
        np.zeros((3, series, series)),
        np.zeros((series, series), np.int64),
    )
    weights, wanted = np.array([0.01, 0.05, 0.002]), np.zeros((3, series, series))
    after, matrix, found = (np.empty_like(products), np.empty_like(squares)), np.empty_like(products), list[float]()
    for turn in range(20 + repeats):
        returns = random.standard_normal(series)
        began = time.thread_time_ns()
        move_pairs(products, squares, returns, weights, *after, counts)
        pair_correlations(*after, counts, 0.9, matrix)
        if turn >= 20:
            found.append((time.thread_time_ns() - began) / 1e6)
        (products, squares), after = after, (products, squares)
        wanted += weights[:, None, None] * (np.outer(returns, returns) - wanted)
    scale = np.sqrt(np.diagonal(wanted, axis1=1, axis2=2))
    correlations = 0.9 * wanted / (scale[:, :, None] * scale[:, None, :])
    correlations[:, range(series), range(series)] = 1.0
    require(bool(np.allclose(matrix, correlations, atol=1e-12)), "these are not the correlations")
    return tuple(found)


def measure() -> list[Figure]:
    """Time of a tick and of a reading by instruments, and of pairs."""
    found = {count: [taken(count) for _ in range(REPEATS)] for count in COUNTS}
    made = []
    for count, several in found.items():
        first = count == COUNTS[0]
        made += [
            _figure(f"tick_{count}", tuple(one.tick for one in several), "ns", TICK if first else f"of {count:,}"),
            _figure(f"reading_{count}", tuple(one.reading for one in several), "ms", READING if first else ""),
        ]
    least = {count: min(several, key=lambda one: one.tick) for count, several in found.items()}
    return [
        *made,
        _figure("flat", (least[MOST].tick / least[COUNTS[0]].tick,), "x", FLAT),
        _figure("flat_whole", (least[MOST].whole / least[COUNTS[0]].whole,), "x", WHOLE),
        _figure("pairs", pairs(), "ms", PAIRS),
    ]


def _figure(name: str, values: tuple[float, ...], unit: str, work: str) -> Figure:
    return Figure(f"instruments/{name}", values, unit, higher_is_better=False, work=work)
