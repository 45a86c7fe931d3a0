"""Windows depend on what the partials say, never on how they arrive."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.calendars import schedule_of
from models.signals.merge import BarMerge, Window
from models.signals.schedule import Schedule
from schemas.bars import GRID, NEVER, BarColumns, Partial
from schemas.control import MODEL_PROMOTED, NOTE, Control
from schemas.market import Market
from schemas.reading import parse_rfc3339
from tests.laws import canonical
from tests.models import tape

S, T0 = tape.SECOND, tape.START
MARKET = tape.market()


def merge(partials: list[Partial], market: Market = MARKET, partitions: int = 3) -> list[Window]:
    step = BarMerge(market, schedule_of(market), partitions)
    return [window for partial in partials for window in step.update(partial)]


def bar(code: int, end_us: int, price: float = 1.0) -> BarColumns:
    return tape.columns([{"code": code, "end_us": end_us, "path": [price] * GRID}])


def reached(partition: int, *times: int, bars: BarColumns | None = None) -> Partial:
    return Partial(partition, np.array(times), BarColumns.none() if bars is None else bars)


def note(text: str, at_us: int) -> Control:
    return Control(NOTE, "desk", text, None, at_us)


def promoted(version: str, at_us: int) -> Control:
    return Control(MODEL_PROMOTED, "lstm", version, None, at_us)


def joined(partials: list[Partial]) -> Partial:
    """Several partials of one partition as one, as a larger batch gives them."""
    times = np.concatenate([p.reached_us for p in partials])
    controls = tuple(control for p in partials for control in p.controls)
    return Partial(partials[0].partition, times, BarColumns.join([p.bars for p in partials]), controls)


def _ordered(partials: list[Partial]) -> list[Partial]:
    """With control records on partition 0, each with nothing else beside it: a promotion, a remark, a promotion."""
    found = []
    for partial in partials:
        found.append(partial)
        second = (partial.newest_us - T0) // S
        if partial.partition == 0 and second in (7, 12, 19):
            at_us = partial.newest_us + S // 3
            given = note("closed early", at_us) if second == 12 else promoted(f"v{second}", at_us)
            found.append(Partial(0, np.empty(0, np.int64), BarColumns.none(), (given,)))
    return found


TAPE = _ordered(tape.partials(40, partitions=3))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_interleaving_and_any_batching_gives_the_same_windows(data: st.DataObject) -> None:
    queues = []
    for partition in range(3):
        own = [p for p in TAPE if p.partition == partition]
        cuts = sorted({0, len(own), *data.draw(st.lists(st.integers(1, len(own) - 1), max_size=10))})
        queues.append([joined(own[i:j]) for i, j in pairwise(cuts)])
    arrived = []
    while any(queues):
        partition = data.draw(st.sampled_from([p for p, queue in enumerate(queues) if queue]))
        arrived.append(queues[partition].pop(0))
    assert canonical(merge(arrived)) == canonical(merge(TAPE))


def test_control_records_take_effect_with_the_first_window_after_their_time() -> None:
    windows = {(w.at_us - T0) // S: w for w in merge(TAPE)}
    in_force = {second: dict(w.models).get("lstm") for second, w in windows.items()}
    assert in_force == {s: None if s <= 7 else "v7" if s <= 19 else "v19" for s in windows}
    close = next(s for s, w in windows.items() if w.final and s > 12)
    assert {s: dict(w.remarks) for s, w in windows.items() if w.remarks} == {
        s: {"desk": "closed early"} for s in windows if 12 < s <= close
    }


def test_a_control_before_the_first_record_waits_for_the_first_window() -> None:
    first = Partial(0, np.empty(0, np.int64), BarColumns.none(), (promoted("v0", NEVER),))
    windows = merge([first, *tape.partials(3, partitions=3)])
    assert windows
    assert all(dict(w.models) == {"lstm": "v0"} for w in windows)


def test_windows_are_their_definition() -> None:
    windows = merge(TAPE)
    ends = [T0 + n * S for n in range(2, 41, 2)]
    assert [w.at_us for w in windows] == ends
    assert [w.final for w in windows] == [end % (10 * S) == 0 for end in ends]
    assert [w.fraction for w in windows] == pytest.approx([(end - T0) % (10 * S) / (10 * S) or 1.0 for end in ends])
    for before, window in pairwise([None, *windows]):
        assert window is not None
        after = T0 if before is None else before.at_us
        expected = {
            (end, code)
            for p in TAPE
            for code, end in zip(p.bars.code.tolist(), p.bars.end_us.tolist(), strict=True)
            if after < end <= window.at_us
        }
        assert list(zip(window.bars.end_us.tolist(), window.bars.code.tolist(), strict=True)) == sorted(expected)


def test_time_is_the_slowest_partition_and_one_never_heard_of_holds_it() -> None:
    step = BarMerge(MARKET, schedule_of(MARKET), 2)
    assert step.update(reached(0, T0 + 60 * S, bars=bar(0, T0 + S))) == []
    windows = step.update(reached(1, T0 + 10 * S))
    assert [(w.at_us, w.final) for w in windows] == [(T0 + 10 * S, True)]


def test_a_jump_gives_a_final_for_each_missed_period_and_one_reading_at_the_last_step() -> None:
    windows = merge([reached(0, T0 + S, bars=bar(0, T0 + S)), reached(0, T0 + 34 * S + 1)], partitions=1)
    assert [((w.at_us - T0) // S, w.final, w.no_data) for w in windows] == [
        (10, True, False), (20, True, True), (30, True, True), (34, False, False),
    ]  # fmt: skip


def test_bars_of_a_provisional_window_count_for_the_final_of_their_period() -> None:
    windows = merge([reached(0, T0 + 2 * S, bars=bar(0, T0 + S)), reached(0, T0 + 10 * S)], partitions=1)
    assert [(len(w.bars), w.no_data) for w in windows] == [(1, False), (0, False)]


def test_nothing_is_said_before_the_first_bar() -> None:
    partials = [reached(0, T0 + 2 * S), reached(0, T0 + 50 * S), reached(0, T0 + 52 * S, bars=bar(0, T0 + 51 * S))]
    assert [w.at_us for w in merge(partials, partitions=1)] == [T0 + 52 * S]


def test_finals_only_where_the_step_is_the_period() -> None:
    windows = merge(TAPE, tape.market(step="period"))
    assert [w.at_us for w in windows] == [T0 + n * S for n in (10, 20, 30, 40)]


def test_steps_are_counted_from_the_open_of_the_period() -> None:
    market = tape.market(period="5s", step="2s")
    windows = merge(tape.partials(10, partitions=1), market, 1)
    assert [(w.at_us - T0) // S for w in windows] == [2, 4, 5, 7, 9, 10]


def test_bars_outside_of_every_period_are_left_out_and_counted() -> None:
    market = tape.market(calendar="XNYS", period="30m", step="10m", bar="1m")
    opened = parse_rfc3339("2013-10-07T13:30:00Z")
    step = BarMerge(market, schedule_of(market), 1)
    early, first = bar(0, opened), bar(1, opened + 60 * S)
    (window,) = step.update(reached(0, opened + 600 * S, bars=BarColumns.join([early, first])))
    assert (window.bars.code.tolist(), step.outside) == ([1], 1)


@pytest.mark.parametrize("change", [{"bar": "1d", "step": "period", "period": "session"}, {"lag": "5m"}])
def test_daily_bars_and_lagged_instruments_enter_with_the_next_window(change: dict[str, str]) -> None:
    lag = {"lag": change.pop("lag")} if "lag" in change else {}
    instruments = [i.model_dump() for i in MARKET.instrument]
    fields = {"calendar": "XNYS", "period": "30m", "step": "10m", "bar": "1m"} | change
    market = tape.market(**fields, instrument=[instruments[0] | lag, *instruments[1:]])
    before, close = parse_rfc3339("2013-10-07T12:00:00Z"), parse_rfc3339("2013-10-07T20:00:00Z")
    step = BarMerge(market, schedule_of(market), 1)
    windows = step.update(reached(0, close, bars=bar(0, before)))
    assert windows[0].bars.code.tolist() == [0]
    assert step.outside == 0


def test_a_partition_far_ahead_waits_in_few_chunks() -> None:
    step = BarMerge(MARKET, Schedule.continuous(10 * S), 2)
    for n in range(1, 300):
        step.update(reached(0, T0 + n * S, bars=bar(0, T0 + n * S)))
    assert len(step.waiting[0]) < 64
    windows = step.update(reached(1, T0 + 300 * S))
    assert windows[-1].at_us == T0 + 298 * S
    assert sum(len(w.bars) for w in windows) == 298
