"""Odd inputs: silent, frozen, leaping, each by its own past."""

from __future__ import annotations

import numpy as np
import pytest

from models.signals.inputs import LEARNED, InputWatch, Oddities
from models.signals.path import Observation
from schemas.bars import Partial
from tests.models import tape

MARKET = tape.market(step="period")


def run(values: list[float | None]) -> list[Oddities]:
    """What is said of P1 when it closes its periods at these values; P2 speaks in every period."""
    partials = []
    for n, value in enumerate(values, start=1):
        at_us = tape.START + n * MARKET.period_us
        rows = [{"code": 1, "end_us": at_us, "path": [50.0 + n % 3] * 6}]
        if value is not None:
            rows.append({"code": 0, "end_us": at_us, "path": [value] * 6})
        partials.append(Partial(0, np.array([at_us]), tape.columns(rows)))
    step, found = InputWatch(MARKET), []
    for x in tape.inputs("volatility", partials, MARKET, partitions=1):
        seen: Observation = x
        found.append(step.update(seen))
    return found


def walk(n: int, seed: int = 3) -> list[float | None]:
    moves = np.random.default_rng(seed).choice([-0.01, 0.01], n)
    return [float(v) for v in np.round(100 * np.exp(np.cumsum(moves)), 6)]


def test_an_ordinary_input_is_never_odd() -> None:
    for said in run(walk(300)):
        assert not said.silent.any()
        assert not said.frozen.any()
        assert not said.leap.any()


def test_silence_is_counted_in_periods_and_ends_with_a_value() -> None:
    said = run([*walk(100), None, None, None, *walk(3, 4)])
    assert [int(s.silent[0]) for s in said[98:]] == [0, 0, 1, 2, 3, 0, 0, 0]


def test_nobody_misses_who_is_seldom_there_while_it_is_young() -> None:
    seldom = [v if n % 4 == 0 else None for n, v in enumerate(walk(600))]
    assert not any(s.silent[0] for s in run(seldom))


def test_a_stale_input_is_missed_however_seldom_it_speaks_and_forgotten_when_it_is_gone() -> None:
    seldom = [v if n % 4 == 0 else None for n, v in enumerate(walk(400))]
    said = [int(s.silent[0]) for s in run([*seldom[:397], *[None] * 260])]
    assert said[396:403] == [0, 0, 0, 0, 0, 0, 6]
    assert said[396 + 249] == 249
    assert said[-1] == 0


def test_a_value_stands_oddly_long_only_where_it_seldom_does() -> None:
    said = run([*walk(100), *[77.0] * 8, *walk(20, 5)])
    runs = [int(s.frozen[0]) for s in said]
    assert runs[100:108] == [0, 0, 3, 4, 5, 6, 7, 8]
    assert not any(runs[:100] + runs[108:])
    steps = np.repeat(walk(100), 4).tolist()
    lazy = [int(s.frozen[0]) for s in run([*steps, *[steps[-1]] * 3])]
    assert not any(lazy[:402]), "it stands four finals each time"
    assert lazy[402] == 7, "and never did longer"


def test_a_rate_that_is_set_now_and_then_may_stand_as_it_did() -> None:
    """Weeks of daily moves and months at one value, as policy rates have."""
    weeks = [float(v) for n in range(12) for v in [*np.array(walk(20, n)), *[50.0 + n] * 40]]
    said = [int(s.frozen[0]) for s in run([*weeks, *[61.0] * 60])]
    assert not any(said[4 * 60 : 12 * 60])
    assert said[-1] == 100
    assert next(n for n, frozen in enumerate(said[12 * 60 :]) if frozen) < 50


def test_what_ended_lately_is_remembered_for_two_half_lives() -> None:
    said = run([*walk(100), *[77.0] * 8, *walk(14, 5)])
    assert [int(s.lately[0]) for s in said[106:]] == [0, 0, *[8] * 10, 0, 0, 0, 0]
    silent = run([*walk(100), None, None, None, *walk(3, 5)])
    assert [int(s.lately[0]) for s in silent[101:]] == [0, 0, 3, 3, 3]
    once = run([*walk(100), None, *walk(3, 5)])
    assert not any(s.lately[0] for s in once), "a holiday is no gap"


def test_gaps_are_remembered_for_three_half_lives_with_their_age() -> None:
    said = run([*walk(100), None, None, None, *walk(18, 5)])
    assert [int(s.gap[0]) for s in said[102:]] == [0, *[3] * 15, 0, 0, 0]
    assert [int(s.ago[0]) for s in said[102:]] == [0, *range(1, 16), 0, 0, 0]
    assert [int(s.lately[0]) for s in said[102:]] == [0, *[3] * 10, *[0] * 8]


def test_a_lost_period_is_a_gap_too_and_never_in_the_place_of_a_longer_one() -> None:
    once = run([*walk(100), None, *walk(3, 5)])
    assert [(int(s.gap[0]), int(s.ago[0])) for s in once[100:]] == [(0, 0), (1, 1), (1, 2), (1, 3)]
    both = run([*walk(100), None, None, *walk(3, 5), None, *walk(9, 6)])
    assert [int(s.lately[0]) for s in both[101:]] == [0, *[2] * 10, *[0] * 3]
    assert [int(s.gap[0]) for s in both[101:]] == [0, 2, 2, 2, 0, *[2] * 9], "while it is silent it has not ended"


def test_a_value_that_stands_longer_than_once_in_twenty_is_still() -> None:
    said = run([*walk(100), *[77.0] * 4])
    assert [(int(s.still[0]), int(s.frozen[0])) for s in said[99:]] == [(0, 0), (0, 0), (2, 0), (0, 3), (0, 4)]


def test_a_leap_is_told_by_the_furthest_move_before() -> None:
    values = walk(100)
    last = values[-1]
    assert last is not None
    said = run([*values, last * 100, last])
    assert said[100].leap[0] == pytest.approx(np.log(100) / 0.01, rel=1e-3)
    assert said[101].leap[0] == 0.0, "the way back is as far as the way there"


def test_nothing_is_odd_before_enough_is_known() -> None:
    said = run([*walk(LEARNED - 8), 1.0, None, *[2.0] * 6])
    assert not any(s.leap[0] or s.silent[0] or s.frozen[0] for s in said)
