"""Each benchmark refuses wrong output, and accepts right output."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from bench import engine, fanout, kafka_to_redis, replay_real, scoring, start, step, tape, us
from bench.case import WrongOutputError
from evaluation import panel
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


def test_scoring_refuses_a_reading_with_a_sleeper() -> None:
    states, taken = scoring.states(load("sim"), 1)
    assert len(states) == len(taken) > 50
    early = scoring.Scoring(load("sim")).peek(states[-1])
    for wrong in ([], [early], [scoring.Unscored().peek(states[-1])]):
        with pytest.raises(WrongOutputError):
            scoring.check(wrong)


def test_us_is_measured_on_every_instrument_of_the_market(tmp_path: Path) -> None:
    market = load("us")
    us.write(market, tmp_path)
    made = panel.read(market, tmp_path / "panel.csv", tmp_path / "macro")
    assert made.missing == made.unknown == []
    assert len(made.closes_us) > 9_200
    assert len(made.bars) > 260_000, "the real panel has 259,368"


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


def test_fanout_refuses_a_gap_a_repeat_and_another_order() -> None:
    want = ["1-0", "2-0", "3-0"]
    fanout.check([want, want], want)
    for wrong in (["1-0", "3-0"], ["1-0", "2-0", "2-0", "3-0"], ["2-0", "1-0", "3-0"]):
        with pytest.raises(WrongOutputError, match="1 of 2"):
            fanout.check([want, wrong], want)
    with pytest.raises(WrongOutputError, match="no client"):
        fanout.check([], want)
