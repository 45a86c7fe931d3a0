"""Each benchmark refuses wrong output, and accepts right output."""

from __future__ import annotations

import dataclasses
import select
import socket
import time
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest

from bench import (
    alert_delivery,
    alert_rules,
    bare_writes,
    convergence,
    engine,
    fanout,
    kafka_to_redis,
    replay_real,
    scoring,
    start,
    step,
    swaps,
    tape,
    us,
)
from bench.case import WrongOutputError
from bench.crowd import Counted, Member, percentile
from evaluation import panel
from models.alerts.observe import Observer
from schemas.market_file import load
from tests.api.publisher import reading

SMALL = 40 * tape.ROWS


@pytest.fixture(scope="module")
def small() -> tuple[tape.Tape, engine.Said]:
    ticks = tape.make(SMALL, 3)
    return ticks, engine.engine(ticks.records(), ticks.end_us)


def test_engine_accepts_what_the_engine_says(small: tuple[tape.Tape, engine.Said]) -> None:
    ticks, said = small
    engine.check(said, ticks)
    np.testing.assert_array_equal(engine.bare(ticks.records()), engine.reference_bars(ticks))


def test_engine_refuses_a_wrong_bar(small: tuple[tape.Tape, engine.Said]) -> None:
    ticks, said = small
    high = said.bars.high.copy()
    high[17] += 0.0001
    with pytest.raises(WrongOutputError, match="bars differ"):
        engine.check(dataclasses.replace(said, bars=dataclasses.replace(said.bars, high=high)), ticks)


def test_engine_refuses_a_wrong_volatility_and_a_refused_tick(small: tuple[tape.Tape, engine.Said]) -> None:
    ticks, said = small
    wrong = dataclasses.replace(said.volatilities, variance=said.volatilities.variance * 1.001)
    with pytest.raises(WrongOutputError, match="volatilities differ"):
        engine.check(dataclasses.replace(said, volatilities=wrong), ticks)
    with pytest.raises(WrongOutputError, match="1 good ticks"):
        engine.check(dataclasses.replace(said, refused=1), ticks)


def test_step_refuses_contributions_that_miss_the_index() -> None:
    right = reading("sim", 3)
    step.check([right])
    for wrong in ({"contributions": {"equity": 1.0}}, {"index": None}, {"index": 100.5}):
        with pytest.raises(WrongOutputError):
            step.check([dataclasses_replace(right, wrong)])
    with pytest.raises(WrongOutputError, match="no reading"):
        step.check([])


def test_us_is_measured_on_every_instrument_of_the_market(tmp_path: Path) -> None:
    market = load("us")
    us.write(market, tmp_path)
    made = panel.read(market, tmp_path / "panel.csv", tmp_path / "macro")
    assert made.missing == made.unknown == []
    assert len(made.closes_us) > 9_200
    assert len(made.bars) > 260_000, "the real panel has 259,368"


def test_scoring_refuses_a_reading_with_a_sleeper() -> None:
    states, taken = scoring.states(load("sim"), 1)
    assert len(states) == len(taken) > 50
    early = scoring.Scoring(load("sim")).peek(states[-1])
    for wrong in ([], [early], [scoring.Unscored().peek(states[-1])]):
        with pytest.raises(WrongOutputError):
            scoring.check(wrong)


def test_swaps_refuse_a_reading_that_is_missing_doubled_or_of_other_models() -> None:
    asked = [(n, {"lstm": str(n)}) for n in range(3)]
    said = [(f"{n}-0", n, {"lstm": str(n)}) for n in range(3)]
    swaps.Ran(asked=asked, said=said).check()
    for wrong in (said[:2], [said[0], said[0], said[2]], [*said[:2], ("2-0", 2, {"lstm": "1"})], said[::-1]):
        with pytest.raises(WrongOutputError):
            swaps.Ran(asked=asked, said=wrong).check()


def dataclasses_replace(one: object, changes: dict[str, object]) -> object:
    import msgspec

    return msgspec.structs.replace(one, **changes)  # type: ignore[type-var]


@pytest.mark.parametrize("content", ["arrow", "json"])
def test_drains_refuse_a_missing_and_a_changed_reading(content: str) -> None:
    ticks = tape.make(SMALL // 8, 3)
    want = kafka_to_redis.expected([ticks.partition(p, 4) for p in range(4)])
    assert len(want) == 3
    kafka_to_redis.check(list(want), want)
    wrong = want[:-1] if content == "arrow" else [*want[:-1], (want[-1][0], want[-1][1] + b" ")]
    with pytest.raises(WrongOutputError):
        kafka_to_redis.check(wrong, want)


def test_json_records_say_what_the_tape_says() -> None:
    import json

    ticks = tape.make(100, 1)
    first = json.loads(kafka_to_redis.json_records(ticks)[0])
    assert first == {
        "instrument": tape.NAMES[ticks.code[0]],
        "ts_us": ticks.ts_us[0],
        "price": ticks.price[0],
        "size": ticks.size[0],
    }


def test_replay_refuses_another_moment_and_another_index() -> None:
    want = reading("week~r", 3, final=True)
    right = {"at": want.at, "final": True, "index": want.index}
    replay_real.check(right, want)
    for wrong in ({"at": "2013-10-07T14:00:00Z"}, {"final": False}, {"index": 50.0}, {"index": None}):
        with pytest.raises(WrongOutputError):
            replay_real.check(right | wrong, want)


def test_start_refuses_what_is_not_the_last_final() -> None:
    right = {"market": "us-open", "final": True, "at": "2018-12-31T21:00:00Z"}
    start.check(start.Start(1.0, 2.0, right))
    for wrong in ({"final": False}, {"market": "sim"}, {"at": "2018-12-28T21:00:00Z"}):
        with pytest.raises(WrongOutputError):
            start.check(start.Start(1.0, 2.0, right | wrong))
    with pytest.raises(WrongOutputError, match="before its first"):
        start.check(start.Start(3.0, 2.0, right))


def test_fanout_refuses_a_gap_a_loss_and_a_message_too_few() -> None:
    size = fanout.Size(clients=100, hz=1, processes=1, seconds=10, p99_ms=1)
    right = fanout.Run(Counted(messages=1_000), 100, 10, 1.0, 1.0, 1.0, 1.0)
    right.check(size)
    for wrong in (Counted(999, gaps=1), Counted(1_000, conflated=1), Counted(1_000, lost=1), Counted(700)):
        with pytest.raises(WrongOutputError):
            dataclasses.replace(right, counted=wrong).check(size)
    with pytest.raises(WrongOutputError, match="99 of 100"):
        dataclasses.replace(right, clients=99).check(size)


def test_a_size_is_scaled_down_to_what_files_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fanout, "files_allowed", lambda: 20_000)
    assert fanout.HUNDRED_K.fitted() == fanout.HUNDRED_K
    monkeypatch.setattr(fanout, "files_allowed", lambda: 4_096)
    assert fanout.HUNDRED_K.fitted().clients < 10_000


@pytest.mark.parametrize("places", [(), (5,), (700, 701, 1_400), tuple(range(1, 2_000, 7))])
def test_the_crowd_counts_what_it_reads_however_it_is_cut(places: tuple[int, ...]) -> None:
    member = Member(("127.0.0.1", 1), "/", "127.0.0.1")
    data = b"".join(bare_writes.frame(number, 1_000_000 * number, 634) for number in (1, 2, 4))
    marks = [0, *places, len(data)]
    for begin, end in pairwise(marks):
        member._take(7, data[begin:end], 9_000_000)
    assert (member.counted.messages, member.counted.gaps) == (3, 1)
    assert sorted(member.counted.bins) == [50, 70, 80]
    assert percentile(member.counted.bins, 0.5) == 7.1


def test_the_crowd_counts_what_is_known_in_its_compiled_loop() -> None:
    member = Member(("127.0.0.1", 1), "/", "127.0.0.1")
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        member._sockets[ours.fileno()] = ours
        member._epoll.register(ours.fileno(), select.EPOLLIN)
        for number in (1, 1, 1, 2, 4):  # the first one is learnt from, the others are known, then two unknown
            theirs.send(bare_writes.frame(number, time.time_ns() // 10**9 * 10**9, 634))
            member.listen(0.02)
        assert (member.counted.messages, member.counted.gaps, member.counted.lost) == (5, 3, 0)
        assert all(0 <= place < 20_000 for place in member.counted.bins)
        theirs.shutdown(socket.SHUT_WR)
        member.listen(0.02)
    assert (member.counted.lost, member.connected) == (1, 0)


def test_alert_rules_refuse_thresholds_that_alert_otherwise() -> None:
    made = alert_rules.engine(100)
    observer = Observer(made.wanted)
    for number in range(60):
        made.update(observer.reading(alert_rules.reading(number)))
    alert_rules.check(made, alert_rules.reading(59), 100)
    with pytest.raises(WrongOutputError, match="other thresholds"):
        alert_rules.check(made, alert_rules.reading(64), 100)


def test_alert_delivery_refuses_what_is_missing_or_came_twice() -> None:
    alert_delivery.check(["a", "b"], 2)
    for wrong in (["a"], ["a", "a"], ["a", "b", "c"]):
        with pytest.raises(WrongOutputError):
            alert_delivery.check(wrong, 2)


def test_convergence_leaves_out_what_has_no_index_on_both_sides() -> None:
    near, far, unknown = (
        msgspec.structs.replace(reading("m", 1, final=True), index=index) for index in (40.0, 43.5, None)
    )
    assert convergence.distances([(near, far), (far, near), (near, unknown), (None, far)]) == (3.5, 3.5)
