"""The laws bite: a step that breaks one is caught by it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pytest

from models.signals.step import Floats, State, Step
from tests import laws
from tests.laws import Sample


class _Mean(Step[Floats, Floats, Floats]):
    """A lawful step: the running sum of its inputs, of a bounded size."""

    name: ClassVar[str] = "mean"
    fields: ClassVar[tuple[str, ...]] = ("total", "kept")

    def __init__(self) -> None:
        self.total = np.zeros(2)
        self.kept: tuple[float, ...] = ()

    def advance(self, x: Floats) -> tuple[Floats, Floats]:
        return self.total + x, x

    def commit(self, change: Floats) -> None:
        self.total = self.total + change


class _WritesInput(_Mean):
    def commit(self, change: Floats) -> None:
        change += 1
        super().commit(change)


class _PeekCommits(_Mean):
    def peek(self, x: Floats) -> Floats:
        return self.update(x)


class _ForgetsState(_Mean):
    fields: ClassVar[tuple[str, ...]] = ("kept",)


class _LendsState(_Mean):
    def commit(self, change: Floats) -> None:
        self.total += change

    def snapshot(self) -> State:
        return self._header() | {"total": self.total, "kept": self.kept}


class _Grows(_Mean):
    def commit(self, change: Floats) -> None:
        super().commit(change)
        self.kept = (*self.kept, *change.tolist())


class _Restates(_Mean):
    def advance(self, x: Floats) -> tuple[Floats, Floats]:
        return self.total, x

    def commit(self, change: Floats) -> None:
        self.total += change


class _Rolls(_Mean):
    def advance(self, x: Floats) -> tuple[Floats, Floats]:
        return self.total + np.random.default_rng().random(2), x


class _Explodes(_Mean):
    def advance(self, x: Floats) -> tuple[Floats, Floats]:
        with np.errstate(over="ignore"):
            return x * 1e300, x


class _TakesAnything(_Mean):
    def restore(self, state: State) -> None:
        self.total = state.get("total", self.total)


def sample(make: Callable[[], Any]) -> Sample:
    return Sample(make, lambda: [np.full(2, float(n)) for n in range(200)], lambda: [np.full(2, 1e100)] * 3)


@pytest.mark.parametrize("law", laws.LAWS, ids=lambda law: law.__name__)
def test_a_lawful_step_passes(law: Callable[[Sample], None]) -> None:
    law(sample(_Mean))


@pytest.mark.parametrize(
    ("law", "step"),
    [
        (laws.input_is_pure, _WritesInput),
        (laws.peek_is_update_on_a_copy, _PeekCommits),
        (laws.restores_mid_stream, _ForgetsState),
        (laws.snapshots_stand_still, _LendsState),
        (laws.memory_is_bounded, _Grows),
        (laws.past_is_never_touched, _Restates),
        (laws.runs_agree, _Rolls),
        (laws.finite_on_finite_input, _Explodes),
        (laws.refuses_other_versions, _TakesAnything),
    ],
    ids=lambda thing: thing.__name__,
)
def test_a_step_that_breaks_a_law_is_caught(law: Callable[[Sample], None], step: type[_Mean]) -> None:
    with pytest.raises((AssertionError, ValueError, pytest.fail.Exception)):
        law(sample(step))
