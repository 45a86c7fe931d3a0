"""Bars of one partition, against a plain loop over ticks, and every rule by which a tick is judged."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.signals.bars import FUTURE_US, LEAP, TOCK_US, BarFold, Folded
from models.signals.step import StateVersionError
from schemas.bars import GRID, NEVER, BarColumns
from schemas.market import Market
from schemas.rejects import REASONS, Reason
from schemas.ticks import NO_SEQ, UNKNOWN, BarBatch, TickBatch

SECOND = 1_000_000
T0 = 1_700_000_000 * SECOND
NAMES = ("AAA", "BBB", "CCC")


def market(**changes: Any) -> Market:
    described: dict[str, Any] = {
        "version": 1, "name": "m", "feed": "f", "period": "1m", "step": "1s", "bar": "1s", "clock": "records",
        "instrument": [{"name": n} for n in NAMES],
        "segment": [{"name": "s", "indicator": [{"name": "i", "kind": "cmax", "of": ["AAA"]}]}],
    }  # fmt: skip
    return Market.model_validate(described | changes)


def ticks(*rows: tuple[int, float, float] | dict[str, Any]) -> TickBatch:
    """Rows of (code, seconds after T0, price), or dicts with more."""
    whole = [dict(zip(("code", "at", "price"), r, strict=True)) if isinstance(r, tuple) else r for r in rows]
    nan = float("nan")
    return TickBatch(
        np.array([r.get("code", 0) for r in whole], np.int32),
        np.array([r.get("ts_us", T0 + round(r.get("at", 0) * SECOND)) for r in whole], np.int64),
        np.array([r.get("price", nan) for r in whole], np.float64),
        np.array([r.get("size", 1.0) for r in whole], np.float64),
        np.array([r.get("bid", nan) for r in whole], np.float64),
        np.array([r.get("ask", nan) for r in whole], np.float64),
        np.array([r.get("seq", NO_SEQ) for r in whole], np.int64),
    )


def reasons(folded: Folded) -> list[Reason | None]:
    return [REASONS[f - 1] if f else None for f in folded.faults.tolist()]


def random_ticks(seed: int, count: int = 400, late: float = 0.05) -> TickBatch:
    random = np.random.default_rng(seed)
    at = T0 + np.sort(random.integers(0, 20 * SECOND, count))
    at -= np.where(random.random(count) < late, 700_000, 0)
    nan = np.full(count, np.nan)
    return TickBatch(
        random.integers(0, 3, count).astype(np.int32), at, 100 + random.normal(0, 0.1, count),
        random.integers(1, 9, count).astype(float), nan, nan, np.full(count, NO_SEQ, np.int64),
    )  # fmt: skip


def cut(batch: TickBatch, places: list[int]) -> Iterator[TickBatch]:
    edges = [0, *sorted(p % (len(batch) + 1) for p in places), len(batch)]
    for first, last in pairwise(edges):
        yield TickBatch(*(column[first:last] for column in batch.columns()))


def together(folded: list[Folded]) -> tuple[list[int], BarColumns, list[int]]:
    return (
        [int(t) for f in folded for t in f.reached_us],
        BarColumns.join([f.bars for f in folded]),
        [int(x) for f in folded for x in f.faults],
    )


def plain_bars(batch: TickBatch, lateness: int) -> tuple[dict[tuple[int, int], dict[str, Any]], list[bool]]:
    """The definition, one tick at a time: bars by (end, code), and which ticks were late."""
    bars: dict[tuple[int, int], dict[str, Any]] = {}
    closed, late = NEVER, []
    for code, at, price, size in zip(batch.code, batch.ts_us, batch.price, batch.size, strict=True):
        end = (int(at) // SECOND + 1) * SECOND
        late.append(end <= closed)
        if late[-1]:
            continue
        bar = bars.setdefault((end, int(code)), {"ticks": []})
        bar["ticks"].append((int(at), len(bar["ticks"]), float(price), float(size)))
        closed = max(closed, (int(at) - lateness) // SECOND * SECOND)
    return bars, late


@pytest.mark.parametrize("lateness", [0, 500_000, 2_300_000])
@pytest.mark.parametrize("seed", range(4))
def test_bars_are_those_of_a_plain_loop(seed: int, lateness: int) -> None:
    batch = random_ticks(seed)
    fold = BarFold(market(lateness=lateness))
    _, bars, faults = together([fold.update(batch), fold.update(T0 + 60 * SECOND)])
    want, late = plain_bars(batch, lateness)
    assert [f == Reason.LATE.code for f in faults[: len(batch)]] == late
    assert {(int(e), int(c)) for e, c in zip(bars.end_us, bars.code, strict=True)} == set(want)
    assert len(bars) == len(want)
    for row in range(len(bars)):
        made = want[int(bars.end_us[row]), int(bars.code[row])]["ticks"]
        assert bars.open[row] == min(made, key=lambda t: (t[0], t[1]))[2]
        assert bars.high[row] == max(t[2] for t in made)
        assert bars.low[row] == min(t[2] for t in made)
        assert bars.count[row] == len(made)
        assert bars.volume[row] == sum(t[3] for t in made)
        filled = bars.grid_price[row][bars.grid_us[row] != NEVER]
        assert filled[-1] == max(made, key=lambda t: (t[0], t[1]))[2]
        for slot in range(GRID):
            mine = [t for t in made if (t[0] - int(bars.start_us[row])) * GRID // SECOND == slot]
            assert (bars.grid_us[row, slot] == NEVER) == (not mine)
            if mine:
                assert bars.grid_price[row, slot] == max(mine, key=lambda t: (t[0], t[1]))[2]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 99), places=st.lists(st.integers(0, 10_000), max_size=30))
def test_another_batching_gives_the_same_bits(seed: int, places: list[int]) -> None:
    batch = random_ticks(seed)
    whole, parts = BarFold(market(lateness="500ms")), BarFold(market(lateness="500ms"))
    one, many = together([whole.update(batch)]), together([parts.update(b) for b in cut(batch, places)])
    assert one[0] == many[0]
    assert one[2] == many[2]
    for a, b in zip(one[1].columns(), many[1].columns(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_peek_says_what_update_would_and_changes_nothing() -> None:
    batch = random_ticks(1)
    fold, twin = BarFold(market()), BarFold(market())
    for part in cut(batch, [50, 170, 300]):
        looked, said = fold.peek(part), twin.update(part)
        np.testing.assert_array_equal(looked.reached_us, said.reached_us)
        np.testing.assert_array_equal(looked.bars.open, said.bars.open)
        np.testing.assert_array_equal(looked.faults, said.faults)
        fold.update(part)
    for column, other in zip(fold.snapshot()["waiting"], twin.snapshot()["waiting"], strict=True):
        np.testing.assert_array_equal(column, other)


def test_a_restored_fold_goes_on_with_the_same_bits() -> None:
    batch = random_ticks(3)
    first, second = cut(batch, [211])
    fold = BarFold(market(lateness="500ms"))
    fold.update(first)
    resumed = BarFold(market(lateness="500ms"))
    resumed.restore(fold.snapshot())
    said, again = together([fold.update(second)]), together([resumed.update(second)])
    assert said[0] == again[0]
    for a, b in zip(said[1].columns(), again[1].columns(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_snapshot_of_other_instruments_is_refused() -> None:
    with pytest.raises(StateVersionError, match="bars"):
        BarFold(market(bar="2s", step="2s")).restore(BarFold(market()).snapshot())


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"code": UNKNOWN, "price": 1.0}, Reason.UNKNOWN_INSTRUMENT),
        ({"code": -2, "price": 1.0}, Reason.BAD_NAME),
        ({"ts_us": -5, "price": 1.0}, Reason.BAD_TIME),
        ({"ts_us": 2**62, "price": 1.0}, Reason.BAD_TIME),
        ({}, Reason.NO_PRICE),
        ({"price": float("inf")}, Reason.NOT_FINITE),
        ({"price": 1.0, "size": float("nan")}, Reason.NOT_FINITE),
        ({"price": 0.0}, Reason.NEGATIVE_PRICE),
        ({"price": -3.0}, Reason.NEGATIVE_PRICE),
        ({"price": 1.0, "size": -1.0}, Reason.NEGATIVE_SIZE),
        ({"bid": 2.0, "ask": 1.0}, Reason.CROSSED_QUOTE),
        ({"bid": 1.0, "ask": 1.0}, None),
        ({"price": 5.0}, None),
    ],
)
def test_a_tick_is_judged_by_what_it_shows(row: dict[str, Any], reason: Reason | None) -> None:
    assert reasons(BarFold(market()).update(ticks(row))) == [reason]


def test_a_quote_is_worth_its_middle() -> None:
    fold = BarFold(market())
    fold.update(ticks({"bid": 1.0, "ask": 2.0}))
    assert fold.update(T0 + 5 * SECOND).bars.open.tolist() == [1.5]


def test_negative_prices_are_true_where_the_market_says_so() -> None:
    allowed = [{"name": "AAA", "kind": "spread", "allow_negative": True}, {"name": "BBB"}, {"name": "CCC"}]
    fold = BarFold(market(instrument=allowed))
    assert reasons(fold.update(ticks((0, 0, -37.63), (1, 0, -1.0)))) == [None, Reason.NEGATIVE_PRICE]


def test_a_bad_print_is_left_out_and_a_true_jump_is_believed_in_the_end() -> None:
    fold = BarFold(market(validation={"deviations": 30, "floor": 0.01, "agree": 3}))
    calm = fold.update(ticks(*((0, 0.01 * n, 100 + 0.001 * (n % 3)) for n in range(50))))
    assert reasons(calm) == [None] * 50
    assert reasons(fold.update(ticks((0, 1, 103.0), (0, 1.1, 100.0)))) == [Reason.ABSURD_PRICE, None]
    jumped = fold.update(ticks((0, 2, 90.0), (0, 2.1, 90.1), (0, 2.2, 90.05), (0, 2.3, 90.0)))
    assert reasons(jumped) == [Reason.ABSURD_PRICE, Reason.ABSURD_PRICE, None, None]
    assert reasons(fold.update(ticks((0, 3, 100.0)))) == [Reason.ABSURD_PRICE]


def test_prints_that_disagree_with_each_other_are_never_believed() -> None:
    fold = BarFold(market(validation={"deviations": 30, "floor": 0.01, "agree": 3}))
    fold.update(ticks((0, 0, 100.0)))
    wild = fold.update(ticks(*((0, 1 + 0.1 * n, price) for n, price in enumerate([50.0, 200.0, 70.0, 300.0, 20.0]))))
    assert set(reasons(wild)) == {Reason.ABSURD_PRICE}


def test_a_sequence_number_counts_once_and_out_of_order_ones_are_welcome() -> None:
    rows = [{"price": 1.0, "seq": seq} for seq in (5, 7, 6, 7, 5, 8, 200, 100)]
    assert reasons(BarFold(market()).update(ticks(*rows))) == [
        None, None, None, Reason.DUPLICATE, Reason.DUPLICATE, None, None, Reason.DUPLICATE,
    ]  # fmt: skip


def test_a_rejected_tick_does_not_use_up_its_sequence_number() -> None:
    rows = [{"price": -1.0, "seq": 5}, {"price": 1.0, "seq": 5}]
    assert reasons(BarFold(market()).update(ticks(*rows))) == [Reason.NEGATIVE_PRICE, None]


def test_a_live_feed_has_no_future_and_no_time_without_tocks() -> None:
    fold = BarFold(market(clock="wall"))
    assert reasons(fold.update(ticks((0, 0, 1.0)))) == [Reason.FUTURE]
    fold.update(T0)
    soon, far = FUTURE_US / SECOND, FUTURE_US / SECOND + 0.001
    assert reasons(fold.update(ticks((0, soon, 1.0), (0, far, 1.0)))) == [None, Reason.FUTURE]
    assert fold.time_us == T0 + TOCK_US


def test_ties_in_time_the_first_opens_and_the_last_closes() -> None:
    fold = BarFold(market())
    fold.update(ticks((0, 0.5, 100.0), (0, 0.5, 100.1), (0, 0.5, 100.2)))
    bars = fold.update(T0 + 2 * SECOND).bars
    assert bars.open.tolist() == [100.0]
    assert bars.grid_price[0][bars.grid_us[0] != NEVER].tolist() == [100.2]


def test_a_leap_over_years_closes_what_is_open_at_once() -> None:
    fold = BarFold(market(period="1h"))
    fold.update(ticks((0, 0, 100.0)))
    leap = fold.update(ticks((0, 365 * 86_400, 100.0)))
    assert leap.bars.end_us.tolist() == [T0 + SECOND]
    assert leap.reached_us.tolist() == [T0 + 365 * 86_400 * SECOND]


def test_one_wrong_date_does_not_move_time_and_tocks_that_agree_do() -> None:
    described = market()
    fold = BarFold(described)
    fold.update(ticks((0, 0, 100.0)))
    beyond = LEAP * 60 + 1
    assert reasons(fold.update(ticks((0, beyond, 100.0)))) == [Reason.FUTURE]
    assert reasons(fold.update(ready(1, beyond, beyond))) == [Reason.FUTURE]
    for _ in range(described.validation.agree - 1):
        assert reasons(fold.update(T0 + beyond * SECOND)) == [Reason.FUTURE]
        restored = BarFold(described)
        restored.restore(fold.snapshot())
        fold = restored
    assert fold.time_us == T0
    assert reasons(fold.update(T0 + beyond * SECOND)) == [None]
    assert reasons(fold.update(ticks((0, beyond, 100.0)))) == [None]


def ready(code: int, end: float, available: float, close: float = 10.0, **changes: float) -> BarBatch:
    prices = {"open": close, "high": close, "low": close, "close": close} | changes
    one = {n: np.array([p], np.float64) for n, p in prices.items()}
    at = [np.array([T0 + round(s * SECOND)], np.int64) for s in (end - 1, end, available)]
    return BarBatch(np.array([code], np.int32), *at, **one, volume=np.zeros(1), count=np.zeros(1, np.int64))


def test_a_ready_made_bar_enters_when_it_was_public() -> None:
    fold = BarFold(market())
    assert len(fold.update(ready(0, 1, 10)).bars) == 0
    assert len(fold.update(T0 + 9 * SECOND).bars) == 0
    bars = fold.update(T0 + 10 * SECOND).bars
    assert bars.end_us.tolist() == [T0 + 10 * SECOND]
    assert bars.grid_price[0, -1] == 10.0


def test_bars_public_at_the_same_time_enter_together() -> None:
    fold = BarFold(market())
    assert reasons(fold.update(ready(0, 1, 1))) == [None]
    assert reasons(fold.update(ready(1, 1, 1))) == [None]
    assert fold.update(T0 + SECOND).bars.code.tolist() == [0, 1]
    assert reasons(fold.update(ready(2, 1, 1))) == [Reason.LATE]


@pytest.mark.parametrize(
    ("batch", "reason"),
    [
        (ready(0, 2, 1), Reason.BAD_TIME),
        (ready(UNKNOWN, 1, 1), Reason.UNKNOWN_INSTRUMENT),
        (ready(0, 1, 1, high=9.0), Reason.BAD_BAR),
        (ready(0, 1, 1, low=11.0), Reason.BAD_BAR),
        (ready(0, 1, 1, low=-1.0), Reason.NEGATIVE_PRICE),
        (ready(0, 1, 1, close=float("nan")), Reason.NOT_FINITE),
    ],
)
def test_a_ready_made_bar_is_judged(batch: BarBatch, reason: Reason) -> None:
    assert reasons(BarFold(market()).update(batch)) == [reason]


def test_a_tock_out_of_this_world_is_refused() -> None:
    fold = BarFold(market())
    assert reasons(fold.update(2**62)) == [Reason.BAD_TIME]
    assert fold.time_us == NEVER


def wandering_ticks(seed: int, count: int = 2_000) -> TickBatch:
    """In order; prices that wander quickly, jump for good and are misprinted."""
    random = np.random.default_rng(seed)
    moves = random.normal(0, 0.004, (count, 3)) + np.where(random.random((count, 3)) < 0.003, 0.3, 0)
    prices = 100 * np.exp(np.cumsum(moves, axis=0))
    code = random.integers(0, 3, count).astype(np.int32)
    price = prices[np.arange(count), code] * np.where(random.random(count) < 0.02, 1.5, 1)
    nan = np.full(count, np.nan)
    return TickBatch(
        code, T0 + np.sort(random.integers(0, 20 * SECOND, count)), price, np.ones(count), nan, nan,
        np.full(count, NO_SEQ, np.int64),
    )  # fmt: skip


@given(st.integers(0, 2**32 - 1), st.integers(1, 1_999), st.booleans())
@settings(max_examples=60, deadline=None)
def test_forgetting_what_is_open_lets_the_feed_be_sent_again(seed: int, place: int, restored: bool) -> None:
    """As if nothing had been: the same bars, and each tick that comes again is judged as it was."""
    strict = market(validation={"floor": 0.01, "deviations": 8.0, "agree": 3})
    batch = wandering_ticks(seed)
    undisturbed = BarFold(strict)
    want, judged = together([undisturbed.update(batch), undisturbed.update(T0 + 60 * SECOND)])[1:]
    fold = BarFold(strict)
    before = fold.update(next(cut(batch, [place]))).bars
    if restored:
        kept, fold = fold.snapshot(), BarFold(strict)
        fold.restore(kept)
    fold.forget_open()
    again = batch.ts_us >= fold.closed_us
    resent = fold.update(TickBatch(*(column[again] for column in batch.columns())))
    assert resent.faults.tolist() == np.array(judged[:-1])[again].tolist()
    after = together([resent, fold.update(T0 + 60 * SECOND)])[1]
    joined = BarColumns.join([before, after])
    for a, b in zip(joined.columns(), want.columns(), strict=True):
        np.testing.assert_array_equal(a, b)
