"""Tocks that leap are named until enough of them agree."""

from __future__ import annotations

import pytest

from models.signals.leaps import TOCK_LEAP, Leaps
from schemas.bars import NEVER
from tests.models import tape

MARKET = tape.market()
AGREE = MARKET.validation.agree
LONGEST = TOCK_LEAP * MARKET.period_us
NOW = tape.START
FAR = NOW + LONGEST + 1


def _said(*tocks: int, now: int = NOW) -> list[bool]:
    judge = Leaps(MARKET)
    return [judge.leaps(ts_us, now, now) for ts_us in tocks]


def test_a_tock_may_leap_as_far_as_it_may() -> None:
    assert _said(FAR - 1, FAR) == [False, True]


def test_before_the_first_record_any_time_may_begin() -> None:
    assert _said(FAR, now=NEVER) == [False]


def test_as_many_as_agree_tell_of_a_true_gap() -> None:
    assert _said(*(FAR + n for n in range(AGREE))) == [True] * (AGREE - 1) + [False]


@pytest.mark.parametrize("other", [NOW, FAR + LONGEST + 1])
def test_one_that_stands_elsewhere_begins_the_count_anew(other: int) -> None:
    said = _said(*[FAR] * (AGREE - 1), other, *[FAR] * (AGREE - 1))
    assert said[-1]


def test_records_that_move_time_meanwhile_begin_the_count_anew() -> None:
    judge = Leaps(MARKET)
    assert all(judge.leaps(FAR + LONGEST // 2, NOW, NOW + n) for n in range(3 * AGREE))


def test_what_is_remembered_is_its_memory() -> None:
    judge, other = Leaps(MARKET), Leaps(MARKET)
    for _ in range(AGREE - 1):
        assert judge.leaps(FAR, NOW, NOW)
    other.memory[:] = judge.memory
    assert not other.leaps(FAR, NOW, NOW)
