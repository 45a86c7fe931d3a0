"""The whole bridge between pure steps and Bytewax: one state machine a market, saved as plain data."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import bytewax.operators as op
from bytewax.operators import KeyedStream, StatefulBatchLogic

from dataflows.hops import Trace, passed
from models.signals.step import State, Step

AnyStep = Step[Any, Any, Any]
Addressed = tuple[str, Any, Trace]
"""A value with the market it belongs to (Bytewax does not tell a logic its key) and the doors it has passed."""


class _Machine(StatefulBatchLogic[Addressed, Addressed, tuple[str, State]]):
    """One step of one market: `update` where the step always commits or the value is final, `peek` otherwise."""

    def __init__(
        self,
        steps: dict[str, Callable[[], AnyStep]],
        always: bool,
        resume: tuple[str, State] | None,
        door: bool = False,
    ) -> None:
        self._steps, self._always, self._door = steps, always, door
        self._market: str | None = None
        self._step: AnyStep
        self._kept = resume if resume is not None and resume[0] not in steps else None  # of a market that has ended
        if resume is not None and self._kept is None:
            self._build(resume[0])
            self._step.restore(resume[1])

    def _build(self, market: str) -> None:
        self._market, self._step = market, self._steps[market]()

    def on_batch(self, values: list[Addressed]) -> tuple[Iterable[Addressed], bool]:
        """Every value in order; a step that gives several gives them one by one."""
        if self._market is None:
            self._build(values[0][0])
        given: list[Addressed] = []
        for market, value, before in values:
            trace = passed(before) if self._door else before
            said = self._step.update(value) if self._always or value.final else self._step.peek(value)
            given += ((market, one, trace) for one in said) if isinstance(said, list) else ((market, said, trace),)
        return given, StatefulBatchLogic.RETAIN

    def snapshot(self) -> tuple[str, State]:
        """The market's name and the step's own plain state."""
        if self._kept is not None:
            return self._kept
        assert self._market is not None, "a machine is made by its first value or by its state"
        return self._market, self._step.snapshot()


def through(
    name: str,
    up: KeyedStream[Addressed],
    steps: dict[str, Callable[[], AnyStep]],
    *,
    always: bool = False,
    door: bool = False,
) -> KeyedStream[Addressed]:
    """Sends a stream through one step per market.

    Args:
        name: step id; recovery finds the state by it, so it never changes.
        up: values with their markets, keyed by market.
        steps: how to make the step of each market.
        always: commit every value; otherwise only final ones are taken in, the others looked at.
        door: stamp the trace of what comes in.
    """
    return op.stateful_batch(name, up, lambda resume: _Machine(steps, always, resume, door))
