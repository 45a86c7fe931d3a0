"""The loop over ticks, called as the compiled function it is: full outputs, time, and the memory of prices."""

from __future__ import annotations

import numpy as np
import pytest

from models.signals import fold_kernel as k
from models.signals import fold_layout as layout
from models.signals.bars import BarFold
from schemas.bars import NEVER
from schemas.rejects import Reason
from schemas.ticks import NO_SEQ, UNKNOWN, BarBatch
from tests.models import tape

BAR, INSTRUMENTS = 1_000_000, 2
RING = 4


class Arrays:
    """What the kernel works on: one partition of two instruments, one-second bars, no lateness."""

    def __init__(self, rows: int = 64, reached: int = 64) -> None:
        self.clock = np.array([NEVER, NEVER, NEVER, layout.NONE_OPEN, -1], np.int64)
        self.rules = np.array([BAR, BAR, 0, 0, RING, 3, 0, 0, 10_000 * BAR], np.int64)
        self.flags = np.array([[False, True]] * INSTRUMENTS)
        self.floors = np.full(INSTRUMENTS, 10.0)
        self.ints = np.full((RING * INSTRUMENTS, layout.BAR_INTS), NEVER)
        self.floats = np.zeros((RING * INSTRUMENTS, layout.BAR_FLOATS))
        self.values = np.full((INSTRUMENTS, layout.JUDGE_FLOATS), (np.nan, 0.0, np.nan))
        self.memory = np.full((INSTRUMENTS, layout.JUDGE_INTS), (-1, 0, 0), np.int64)
        self.out_ints = np.empty((rows, 1 + layout.BAR_INTS), np.int64)
        self.out_floats = np.empty((rows, layout.BAR_FLOATS))
        self.out_reached = np.empty(reached, np.int64)

    def fold(self, start: int, ts_us: np.ndarray) -> tuple[int, int, int]:
        """Folds ticks of instrument 0 at price 100 from row `start` on."""
        n = len(ts_us)
        nan, ones = np.full(n, np.nan), np.ones(n)
        return k.fold_ticks(
            start, np.zeros(n, np.int32), ts_us, ones * 100, ones, nan, nan, np.full(n, NO_SEQ),
            self.clock, self.rules, 30.0, self.flags, self.floors, self.ints, self.floats, self.values, self.memory,
            np.zeros(n, np.int8), self.out_ints, self.out_floats, self.out_reached,
        )  # fmt: skip


@pytest.mark.parametrize(("rows", "reached"), [(RING * INSTRUMENTS + 2, 64), (64, 3)])
def test_it_pauses_when_an_output_is_full_and_goes_on_where_it_was(rows: int, reached: int) -> None:
    arrays, ts_us = Arrays(rows, reached), np.arange(40) * BAR
    done, starts, seen = 0, [], []
    while done < len(ts_us):
        starts.append(done)
        done, bars, times = arrays.fold(done, ts_us)
        seen += arrays.out_ints[:bars, 1 + layout.INDEX].tolist()
        assert times <= reached
    assert len(starts) > 2
    assert seen == list(range(39))


def test_time_moves_only_forward_and_only_by_the_pace() -> None:
    clock, rules = Arrays().clock, Arrays().rules
    assert k.advance(clock, rules, 5 * BAR + 1)
    assert clock[layout.CLOSED] == 5 * BAR
    assert not k.advance(clock, rules, 5 * BAR + 7)
    assert not k.advance(clock, rules, 3 * BAR)
    assert clock[layout.TIME] == 5 * BAR + 7


def test_nothing_open_closes_nothing_however_far_time_leaps() -> None:
    arrays = Arrays()
    k.advance(arrays.clock, arrays.rules, layout.LATEST_US)
    closed = k.close_bars(arrays.clock, arrays.rules, arrays.ints, arrays.floats, arrays.out_ints, arrays.out_floats, 0)
    assert closed == 0


def test_the_first_price_is_good_and_the_memory_learns_only_from_good_ones() -> None:
    values, memory = np.array([[np.nan, 0.0, np.nan]]), np.array([[-1, 0, 0]], np.int64)
    assert not k.is_absurd(values, memory, 0, 100.0, True, 0.01, 30.0, 3)
    assert k.is_absurd(values, memory, 0, 150.0, True, 0.01, 30.0, 3)
    assert values[0, layout.LAST] == 100.0
    assert values[0, layout.DEVIATION] == 0.0
    assert not k.is_absurd(values, memory, 0, 100.5, True, 0.01, 30.0, 3)
    assert values[0, layout.DEVIATION] == pytest.approx(0.005 / 64)


GOOD = (0, 5 * BAR, 100.0, 1.0)
ODD = [
    (0, -1.0), (1, BAR * 4), (1, BAR * 6), (1, -5), (1, np.iinfo(np.int64).min), (2, 0.0), (2, -0.0),
    (2, -1.0), (2, np.nan), (2, np.inf), (2, -np.inf), (3, -1.0), (3, np.nan), (3, np.inf), (3, -np.inf), (3, -0.0),
]  # fmt: skip


@pytest.mark.parametrize("row", [0, 5, 1000])
@pytest.mark.parametrize(("column", "value"), ODD)
def test_one_odd_tick_is_found_among_plain_ones(column: int, value: float, row: int) -> None:
    columns = [np.full(1001, good, kind) for good, kind in zip(GOOD, ("i4", "i8", "f8", "f8"), strict=True)]
    assert k._are_plain(*columns, 5 * BAR, 6 * BAR)
    columns[column][row] = value
    assert not k._are_plain(*columns, 5 * BAR, 6 * BAR)


def _tape(seed: int, rows: int) -> list[np.ndarray]:
    """Good ticks in blocks, and in some blocks odd ones of every kind."""
    random = np.random.default_rng(seed)
    code = random.integers(0, INSTRUMENTS, rows).astype(np.int32)
    ts_us = np.sort(random.integers(0, 12 * BAR, rows))
    price, size = 100 + random.standard_normal(rows).cumsum() * 0.01, random.random(rows)
    seq = np.arange(rows) if seed % 2 else np.full(rows, NO_SEQ)
    odd = np.flatnonzero(random.random(rows) < 0.01 * (np.arange(rows) // 1500 % 2))
    for row, kind in zip(odd, random.integers(0, 9, len(odd)), strict=True):
        column, value = [
            (code, -1), (ts_us, ts_us[row] - random.integers(0, 3 * BAR)), (ts_us, 20_000 * BAR), (size, np.nan),
            (size, -1.0), (seq, seq[max(row - 40, 0)]), (price, random.choice([np.nan, np.inf, 0.0, -3.0])),
            (price, 5_000.0), (price, 6_000.0),
        ][kind]  # fmt: skip
        column[row] = value
    return [code, ts_us, price, size, np.empty(0), np.empty(0), seq]


def _folded(columns: list[np.ndarray], cuts: np.ndarray) -> tuple[Arrays, list[np.ndarray]]:
    """The state after folding the columns, cut at some rows, and all that came out."""
    arrays, out = Arrays(4096, 4096), []
    pieces = [np.split(column, cuts) if len(column) else [column] * (len(cuts) + 1) for column in columns]
    for part in zip(*pieces, strict=True):
        faults = np.zeros(len(part[0]), np.int8)
        _, bars, times = k.fold_ticks(
            0, *part, arrays.clock, arrays.rules, 30.0, arrays.flags, np.full(INSTRUMENTS, 0.05), arrays.ints,
            arrays.floats, arrays.values, arrays.memory, faults,
            arrays.out_ints, arrays.out_floats, arrays.out_reached,
        )  # fmt: skip
        closed = (arrays.out_ints[:bars], arrays.out_floats[:bars], arrays.out_reached[:times])
        out += [faults, *(column.copy() for column in closed)]
    return arrays, out


@pytest.mark.parametrize("seed", range(12))
def test_blocks_give_what_ticks_one_by_one_give(seed: int) -> None:
    """A tick alone never passes in a block of plain ones, so that the two ways are held against each other."""
    columns = _tape(seed, 9000)
    whole, said = _folded(columns, np.empty(0, np.int64))
    single, parts = _folded(columns, np.arange(1, 9000))
    for place in range(4):
        assert said[place].tobytes() == np.concatenate(parts[place::4]).tobytes()
    for name in ("clock", "ints", "floats", "values", "memory"):
        assert getattr(whole, name).tobytes() == getattr(single, name).tobytes(), name
    assert len(set(said[0].tolist())) > 5  # good ones, and reasons of most kinds


SPAN = (0, 10, 20)
PRICES = [2.0, 3.0, 1.0, 2.5]


def _fault(code: int, span: tuple[int, int, int], prices: list[float], *, negative_ok: bool) -> int:
    """What the kernel says of one ready-made bar that is alone in the world."""
    market = tape.market(clock="records")
    fold = BarFold(market)
    fold._flags[0, layout.ALLOW_NEGATIVE] = negative_ok
    ints = [np.array([value], np.int64) for value in span]
    floats = [np.array([price]) for price in prices]
    batch = BarBatch(np.array([code], np.int32), *ints, *floats, np.zeros(1), np.zeros(1, np.int64))
    return int(fold.update(batch).faults[0])


@pytest.mark.parametrize(
    ("code", "span", "prices", "reason"),
    [
        (0, SPAN, PRICES, None),
        (UNKNOWN, SPAN, PRICES, Reason.UNKNOWN_INSTRUMENT),
        (-2, SPAN, PRICES, Reason.BAD_NAME),
        (0, (10, 10, 20), PRICES, Reason.BAD_TIME),
        (0, (0, 10, 9), PRICES, Reason.BAD_TIME),
        (0, (0, 10, 2**62), PRICES, Reason.BAD_TIME),
        (0, SPAN, [2.0, float("inf"), 1.0, 2.0], Reason.NOT_FINITE),
        (0, SPAN, [2.0, 3.0, -1.0, 2.0], Reason.NEGATIVE_PRICE),
        (0, SPAN, [2.0, 2.2, 1.0, 2.5], Reason.BAD_BAR),
        (0, SPAN, [2.0, 3.0, 2.2, 2.5], Reason.BAD_BAR),
    ],
)
def test_what_a_bar_shows_to_be_wrong(
    code: int, span: tuple[int, int, int], prices: list[float], reason: Reason | None
) -> None:
    assert _fault(code, span, prices, negative_ok=False) == (0 if reason is None else reason.code)


def test_negative_prices_pass_where_they_can_be_true() -> None:
    assert _fault(0, SPAN, [-2.0, -1.0, -3.0, -2.5], negative_ok=True) == 0
