"""How a program fares: pauses that double up to the longest, falls that are forgotten, ends in words."""

from __future__ import annotations

import time

from deploy import program
from deploy.program import LONGEST_PAUSE, Program, Service, manner


def service() -> Service:
    """Of a program that nobody starts."""
    return Service(Program("worker", lambda: ["true"]))


def test_pauses_double_up_to_the_longest_however_often_it_falls() -> None:
    one = service()
    assert [one.rest() for _ in range(7)] == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0]
    one.falls = 5_000  # 2 to that power is beyond every float
    assert one.rest() == LONGEST_PAUSE
    assert (one.falls, one.state) == (5_001, "resting")


def test_a_blameless_fall_rests_longest_and_does_not_count() -> None:
    one = service()
    assert one.rest(blameless=True) == LONGEST_PAUSE
    assert one.falls == 0
    assert one.rest_until > time.monotonic() + 9
    one.falls = 3
    one.forgive()
    assert (one.falls, one.rest_until) == (0, 0.0)


def test_whoever_has_run_for_long_enough_is_steady() -> None:
    one = service()
    one.since = time.monotonic()
    assert not one.is_steady
    one.since -= program.STEADY_AFTER + 1
    assert one.is_steady


def test_an_end_in_words() -> None:
    assert manner(3) == "ended with exit status 3"
    assert manner(-9) == "was killed by SIGKILL"
