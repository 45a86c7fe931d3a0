"""The bridge: commit or look, one machine a market, saved as the step's own plain state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow
from bytewax.operators import StatefulBatchLogic
from bytewax.testing import TestingSink, TestingSource, run_main

from dataflows.hops import UNTRACED
from dataflows.through import AnyStep, _Machine, through
from models.signals.step import StateVersionError, Step


@dataclass(frozen=True)
class Number:
    """A value with what the bridge asks of it."""

    value: int
    final: bool


class Total(Step[Number, Any, int]):
    """Sum of what it took in; `twice` gives each as a list of two."""

    name = "total"
    fields = ("total",)

    def __init__(self, layout: str, twice: bool = False) -> None:
        self.layout, self.twice, self.total = (layout,), twice, 0

    def advance(self, x: Number) -> tuple[Any, int]:
        """The sum with `x`."""
        total = self.total + x.value
        return ([total, -total] if self.twice else total), total

    def commit(self, change: int) -> None:
        """Keeps it."""
        self.total = change


def makers(twice: bool = False) -> dict[str, Callable[[], AnyStep]]:
    return {name: lambda name=name: Total(name, twice) for name in ("a", "b")}  # type: ignore[misc]


MIXED = [("a", Number(1, True), UNTRACED), ("a", Number(10, False), UNTRACED), ("a", Number(100, True), UNTRACED)]


@pytest.mark.parametrize(("always", "said"), [(False, [1, 11, 101]), (True, [1, 11, 111])])
def test_provisional_values_are_only_looked_at_unless_the_step_always_commits(always: bool, said: list[int]) -> None:
    given, discard = _Machine(makers(), always, None).on_batch(MIXED)
    assert list(given) == [("a", value, UNTRACED) for value in said]
    assert discard == StatefulBatchLogic.RETAIN


def test_a_step_that_gives_several_gives_them_one_by_one() -> None:
    given, _ = _Machine(makers(twice=True), True, None).on_batch(MIXED[:2])
    assert [value for _, value, _ in given] == [1, -1, 11, -11]


def test_only_a_door_stamps_traces_and_only_of_what_was_sampled() -> None:
    values = [("a", Number(1, True), (5, 6, 7)), ("a", Number(2, True), UNTRACED)]
    for door, stamps in ((True, 4), (False, 3)):
        traced, untraced = _Machine(makers(twice=True), True, None, door).on_batch(values)[0][::2]  # type: ignore[index]
        assert (traced[2][:3], len(traced[2])) == ((5, 6, 7), stamps)
        assert untraced[2] == UNTRACED


def test_a_machine_goes_on_from_its_snapshot() -> None:
    first = _Machine(makers(), False, None)
    first.on_batch(MIXED)
    second = _Machine(makers(), False, first.snapshot())
    assert second.snapshot() == first.snapshot()
    assert second.snapshot()[0] == "a"
    assert list(second.on_batch([("a", Number(1000, True), UNTRACED)])[0]) == [("a", 1101, UNTRACED)]


def test_the_state_of_a_market_that_has_ended_is_kept() -> None:
    first = _Machine(makers(), False, None)
    first.on_batch(MIXED)
    kept = _Machine({"b": Total}, False, first.snapshot())
    assert kept.snapshot() == first.snapshot()


def test_a_state_of_another_layout_is_refused() -> None:
    state = _Machine(makers(), False, None)
    state.on_batch(MIXED)
    with pytest.raises(StateVersionError):
        _Machine({"a": lambda: Total("grown")}, False, state.snapshot())


def test_every_market_has_a_machine_of_its_own() -> None:
    said: list[Any] = []
    flow = Dataflow("markets")
    values = [
        ("a", MIXED[0]),
        ("b", ("b", Number(5, True), UNTRACED)),
        ("a", MIXED[2]),
        ("b", ("b", Number(6, True), UNTRACED)),
    ]
    keyed = op.input("in", flow, TestingSource(values))
    op.output("out", through("sum", keyed, makers()), TestingSink(said))
    run_main(flow)
    assert [item for key, item in said if key == "a"] == [("a", 1, UNTRACED), ("a", 101, UNTRACED)]
    assert [item for key, item in said if key == "b"] == [("b", 5, UNTRACED), ("b", 11, UNTRACED)]
