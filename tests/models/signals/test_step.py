"""The base of the steps: snapshots are copies, restores are checked."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest

from models.signals.step import StateVersionError, Step


class _Sum(Step[float, float, float]):
    """Adds up, with a history and a part of its own."""

    name: ClassVar[str] = "sum"
    fields: ClassVar[tuple[str, ...]] = ("total", "history", "notes")

    def __init__(self, layout: tuple[Any, ...] = ("a",)) -> None:
        self.layout = layout
        self.total = 0.0
        self.history = np.zeros(3)
        self.notes: dict[str, tuple[float, ...]] = {"seen": ()}

    def advance(self, x: float) -> tuple[float, float]:
        return self.total + x, x

    def commit(self, change: float) -> None:
        self.total += change
        self.history[int(self.total) % 3] += 1.0
        self.notes = {"seen": (*self.notes["seen"], change)}


class _Outer(Step[float, float, float]):
    """A step made of a step."""

    name: ClassVar[str] = "outer"
    parts: ClassVar[tuple[str, ...]] = ("inner",)

    def __init__(self) -> None:
        self.inner = _Sum()

    def advance(self, x: float) -> tuple[float, float]:
        return self.inner.advance(x)

    def commit(self, change: float) -> None:
        self.inner.apply(change)


def test_a_snapshot_is_a_read_only_copy_and_kept_until_the_next_update() -> None:
    step = _Sum()
    step.update(1.0)
    state = step.snapshot()
    assert step.snapshot() is state
    assert not state["history"].flags.writeable
    step.update(2.0)
    assert (state["total"], state["notes"]) == (1.0, {"seen": (1.0,)})
    assert step.snapshot() is not state


def test_a_restored_step_can_go_on() -> None:
    step, other = _Sum(), _Sum()
    step.update(1.0)
    other.restore(step.snapshot())
    assert other.update(2.0) == 3.0
    assert step.snapshot()["total"] == 1.0


def test_parts_are_saved_and_restored_with_the_whole() -> None:
    step, other = _Outer(), _Outer()
    step.update(4.0)
    other.restore(step.snapshot())
    assert other.peek(1.0) == 5.0


@pytest.mark.parametrize("missing", ["total", "history"])
def test_a_snapshot_without_a_field_is_refused(missing: str) -> None:
    state = {key: value for key, value in _Sum().snapshot().items() if key != missing}
    with pytest.raises(StateVersionError, match=missing):
        _Sum().restore(state)


def test_another_layout_is_refused_with_both_named() -> None:
    with pytest.raises(StateVersionError, match=r"'a'.*'b'|'b'.*'a'") as caught:
        _Sum(("b",)).restore(_Sum(("a",)).snapshot())
    assert caught.value.step == "sum"
