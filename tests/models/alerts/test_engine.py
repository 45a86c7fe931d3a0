"""All rules of a market over its readings."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.alerts.engine import Engine, TooManyWindowsError
from models.alerts.observe import Observer
from models.alerts.windows import MAX_WINDOWS
from tests.models.alerts import made
from tests.models.alerts.made import SECOND_US, START_US, rule


def test_many_rules_at_once_say_what_each_says_alone() -> None:
    """The sharing of parts and the grouping by shape change nothing."""
    rules = [rule(f"index > {n} and rank(index, {60 + n % 3}s) > {n / 2} for {n % 4}s") for n in range(5, 95, 3)]
    rules += [rule("index > 50 or coverage < 1", until="index < 40"), rule("missing(index)")]
    stream = [None if n % 23 == 0 else made.wave(n) for n in range(300)]
    together = made.told(rules, stream)
    alone = [event for one in rules for event in made.told([one], stream)]
    assert sorted(together) == sorted(alone)
    assert len(together) > 100


def test_a_rule_of_finals_sees_no_provisional_reading() -> None:
    finals = rule("index > 50", every="final", name="finals")
    assert made.told([finals], [60, 60, 40, 60, 40, 40], every=3) == [(5, "resolved", "finals")] or made.told(
        [finals], [60, 60, 60, 60, 40, 40], every=3
    ) == [(2, "fired", "finals"), (5, "resolved", "finals")]


def test_what_only_finals_say_stands_until_the_next_one() -> None:
    alert = rule('indicators["Equity volatility"].score > 0.9 for 2s', name="r")
    engine = made.engine(alert)
    observer, said = Observer(engine.wanted), []
    for n in range(6):
        at_us, final = START_US + n * SECOND_US, n in {1, 5}
        behind = made.details(at_us, score=0.95 if n == 1 else 0.1) if final else None
        verdict = engine.update(observer.reading(made.reading(at_us, 50.0, final=final), behind))
        said.append((verdict.fired.tolist(), verdict.resolved.tolist(), float(verdict.shown[0])))
    assert math.isnan(said[0][2])
    assert said[1:] == [([], [], 0.95), ([], [], 0.95), ([0], [], 0.95), ([], [], 0.95), ([], [0], 0.1)]


def test_a_reading_that_is_not_later_is_not_counted_twice() -> None:
    engine = made.engine(rule("index > 50"))
    observer = Observer(engine.wanted)
    first = observer.reading(made.reading(START_US, 60.0))
    assert engine.update(first).fired.tolist() == [0]
    before = engine.snapshot()
    again = engine.update(observer.reading(made.reading(START_US, 40.0)))
    assert (again.fired.tolist(), again.resolved.tolist()) == ([], [])
    assert engine.snapshot()["last_us"] == before["last_us"]


def test_silence_is_told_by_tocks_and_ended_by_a_reading() -> None:
    engine = made.engine(rule("silence > 5s"), rule("index > 50 for 3s"))
    observer = Observer(engine.wanted)
    assert engine.looks_at_silence
    engine.update(observer.reading(made.reading(START_US, 60.0)))
    assert engine.update(observer.tock(START_US + 4 * SECOND_US, 4.0)).fired.tolist() == []
    assert engine.update(observer.tock(START_US + 6 * SECOND_US, 6.0)).fired.tolist() == [0]
    ended = engine.update(observer.reading(made.reading(START_US + 2 * SECOND_US, 60.0)))
    assert (ended.fired.tolist(), ended.resolved.tolist()) == ([], [0])
    later = engine.update(observer.reading(made.reading(START_US + 3 * SECOND_US, 60.0)))
    assert later.fired.tolist() == [1]


def test_too_many_windows_are_refused() -> None:
    rules = [rule(f"max(index, {n + 1}s) > 1") for n in range(MAX_WINDOWS + 1)]
    with pytest.raises(TooManyWindowsError, match=f"at most {MAX_WINDOWS}"):
        made.engine(*rules)


def test_no_rules_at_all() -> None:
    engine = Engine([])
    verdict = engine.update(Observer(engine.wanted).reading(made.reading(START_US, 1.0)))
    assert np.concatenate([verdict.fired, verdict.resolved]).tolist() == []
