"""A rush is swept up once, when it is over; single newcomers never stop anybody."""

from __future__ import annotations

import gc
import weakref

from api.broom import CALM, RUSH, Broom, sweep


def swept(*came: int) -> list[int]:
    """Which looks sweep, when so many come before each."""
    done: list[int] = []
    now = 0
    broom = Broom(lambda: done.append(now))
    for now, count in enumerate(came):  # noqa: B007 - `now` is read where it sweeps
        for _ in range(count):
            broom.note()
        broom.look()
    return done


def test_a_rush_is_swept_once_when_it_is_over() -> None:
    assert swept(0, RUSH, RUSH, CALM, CALM - 1, 0, 0) == [4]
    assert swept(RUSH, 0, 0, RUSH, 0, 0) == [1, 4]


def test_a_few_at_a_time_are_swept_seldom() -> None:
    assert swept(*[CALM - 1] * 200) == [RUSH // (CALM - 1), 2 * (RUSH // (CALM - 1)) + 1, 3 * (RUSH // (CALM - 1)) + 2]
    assert swept(RUSH - 1, 0, 0, 0) == []


def test_circles_are_gone_afterwards() -> None:
    class One:
        me: One

    one = One()
    one.me, known = one, weakref.ref(one)
    gc.disable()
    try:
        del one
        assert known() is not None
        sweep()
        assert known() is None
    finally:
        gc.enable()
