"""The one shape of every step: a pure look ahead, a commit, and plain versioned state."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
import numpy.typing as npt

X = TypeVar("X")
Y = TypeVar("Y")
C = TypeVar("C")

State = dict[str, Any]
"""Plain data: `{"step", "version", "layout", ...}` of tuples, dicts, numbers, text and numpy arrays."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


class StateVersionError(ValueError):
    """A snapshot that this code cannot continue from.

    Attributes:
        step: name of the step that refused.
        found: version and layout that the snapshot has.
        wanted: version and layout that this code has.
    """

    def __init__(self, step: str, found: object, wanted: object) -> None:
        self.step, self.found, self.wanted = step, found, wanted
        super().__init__(
            f"{step}: the saved state is {found}, this code continues {wanted} only; "
            "replay the feed from its start, or run the version that wrote it"
        )


class Step(ABC, Generic[X, Y, C]):
    """A state machine: input X, output Y, and C, the change that a commit applies.

    A subclass gives `advance` (pure) and `commit`, and names the attributes that make up its state in `fields`
    and the steps inside it in `parts`.
    Arrays of the state may be replaced or changed by `commit`; `snapshot` hands out copies.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    fields: ClassVar[tuple[str, ...]] = ()
    parts: ClassVar[tuple[str, ...]] = ()

    layout: tuple[Any, ...] = ()
    """What the state is laid out for, such as the names of the instruments; another layout is not restored."""

    _saved: State | None = None

    @abstractmethod
    def advance(self, x: X) -> tuple[Y, C]:
        """What follows from `x`: the output, and the change to commit. Changes nothing."""

    @abstractmethod
    def commit(self, change: C) -> None:
        """Applies what `advance` found."""

    def peek(self, x: X) -> Y:
        """What `update` would say; nothing changes."""
        return self.advance(x)[0]

    def update(self, x: X) -> Y:
        """Takes `x` in for good."""
        y, change = self.advance(x)
        self.apply(change)
        return y

    def apply(self, change: C) -> None:
        """Commits a change found by `advance` (for steps made of steps)."""
        self._saved = None
        self.commit(change)

    def snapshot(self) -> State:
        """The state as plain data that later updates do not touch; the same object until the next update."""
        if self._saved is None:
            self._saved = self._header() | {name: _plain(getattr(self, name)) for name in self.fields}
        if not self.parts:
            return self._saved
        return self._saved | {name: getattr(self, name).snapshot() for name in self.parts}

    def restore(self, state: State) -> None:
        """Continues from a snapshot.

        Raises:
            StateVersionError: of another step, version or layout, or without the fields that belong to it.
        """
        wanted = self._header()
        found = {key: state.get(key) for key in wanted}
        if found != wanted:
            raise StateVersionError(self.name, found, wanted)
        missing = {*self.fields, *self.parts} - set(state)
        if missing:
            raise StateVersionError(self.name, f"without {sorted(missing)}", wanted)
        for name in self.fields:
            setattr(self, name, _plain(state[name], keep_writable=True))
        for name in self.parts:
            getattr(self, name).restore(state[name])
        self._saved = None
        self._restored()

    def _restored(self) -> None:
        """Rebuilds what is derived from the state."""

    def _header(self) -> State:
        return {"step": self.name, "version": self.version, "layout": self.layout}


def _plain(value: Any, *, keep_writable: bool = False) -> Any:
    """A copy of plain data; arrays come out read-only unless they go back into a step."""
    if isinstance(value, np.ndarray):
        copy = value.copy()
        copy.flags.writeable = keep_writable
        return copy
    if isinstance(value, tuple | list):
        return tuple(_plain(item, keep_writable=keep_writable) for item in value)
    if isinstance(value, dict):
        return {key: _plain(item, keep_writable=keep_writable) for key, item in value.items()}
    return value
