"""A worker's silent partitions wait together, and no longer than they must."""

from __future__ import annotations

import os
import threading
import time

import pytest

from dataflows.doorbell import AT_ONCE, Bell, Doorbell


def test_only_when_all_are_silent_in_turn_they_wait() -> None:
    door = Doorbell(longest_s=0.2)
    bells = [Bell(door, lambda _: True) for _ in range(3)]
    began = time.monotonic()
    for bell in (bells[0], bells[1]):
        bell.silent()
    bells[2].heard()
    for bell in bells[:2]:
        bell.silent()
    assert time.monotonic() - began < 0.1
    bells[2].silent()
    assert time.monotonic() - began >= 0.2
    for bell in bells:
        bell.close()


def test_whoever_rings_ends_the_wait_once() -> None:
    rung: list[int] = []
    door = Doorbell(longest_s=5)
    bell = Bell(door, lambda file: rung.append(file) or True)  # type: ignore[func-returns-value] # appended for its effect
    for _ in range(2):
        threading.Timer(0.05, os.eventfd_write, (rung[0], 1)).start()
        began = time.monotonic()
        bell.silent()
        assert 0.03 < time.monotonic() - began < 3
    bell.close()


def test_what_rang_before_is_not_waited_for() -> None:
    rung: list[int] = []
    bell = Bell(Doorbell(longest_s=5), lambda file: rung.append(file) or True)  # type: ignore[func-returns-value] # as above
    os.eventfd_write(rung[0], 3)
    began = time.monotonic()
    bell.silent()
    assert time.monotonic() - began < 3
    bell.close()


@pytest.mark.parametrize("door", [None, Doorbell(longest_s=60)], ids=["no door", "a lane that cannot ring"])
def test_without_a_bell_the_engine_looks_by_itself(door: Doorbell | None) -> None:
    bell = Bell(door, lambda _: False)
    bell.silent()
    bell.heard()
    assert bell.awake_at is None
    bell.close()


def test_a_bell_asks_to_be_asked_at_once_until_it_is_taken_down() -> None:
    door = Doorbell(longest_s=0)
    bell = Bell(door, lambda _: True)
    assert bell.awake_at == AT_ONCE
    bell.close()
    bell.close()
    assert bell.awake_at is None
    assert door._bells == set()
