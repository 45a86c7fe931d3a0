"""Many conditions as one program over vectors: what two rules have in common is computed once, and like with like.

Every part of a condition has a slot in one vector of numbers; true is 1, false is 0, unknown is NaN. Parts are grouped
by level and operator, so that ten thousand rules take a few dozen vector operations.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from models.alerts.check import WINDOWED
from models.alerts.nodes import Node
from models.signals.step import Floats, Ints
from schemas.alert_fields import Path

SINCE_CLOSE: Final = 0
"""Length of the window that begins at each final."""

_SECOND_US: Final = 1_000_000
_CONSTANTS: Final = frozenset({"number", "duration", "truth", "level"})


@dataclass(frozen=True, slots=True)
class Window:
    """One look back: function, slot of what is looked at, length in microseconds, parameter, slot of its answer."""

    function: str
    operand: int
    length_us: int
    parameter: float
    out: int
    key: str


@dataclass(frozen=True, slots=True)
class Group:
    """Parts of one level with the same operator: slots of their answers and of what they are made of."""

    op: str
    out: Ints
    left: Ints
    right: Ints


@dataclass(frozen=True, slots=True)
class Program:
    """What to compute for a set of conditions.

    Attributes:
        fields: the fields that are named, in the order of `field_slots`.
        field_slots: where their values go.
        initial: the vector with the constants in it, NaN elsewhere.
        before: groups that need no window, in order.
        windows: the looks back.
        after: groups that need their answers, in order.
        roots: slot of each condition that was given.
    """

    fields: tuple[Path, ...]
    field_slots: Ints
    initial: Floats
    before: tuple[Group, ...]
    windows: tuple[Window, ...]
    after: tuple[Group, ...]
    roots: Ints

    def begin(self, values: Floats) -> Floats:
        """The vector as far as it needs no window; `values` are those of `fields`."""
        vector = self.initial.copy()
        vector[self.field_slots] = values
        _run(self.before, vector)
        return vector

    def end(self, vector: Floats, answers: Floats) -> None:
        """The rest of the vector, from the windows' answers."""
        vector[[window.out for window in self.windows]] = answers
        _run(self.after, vector)


def compile_conditions(nodes: Sequence[Node]) -> Program:
    """A program for checked conditions (or numbers)."""
    return _Compiler().compiled(nodes)


def key_of(node: Node) -> str:
    """A text that two parts share exactly when they compute the same."""
    inner = ",".join(key_of(arg) for arg in node.args)
    return f"{node.op}:{node.value!r}:{'|'.join(node.path)}({inner})"


class _Compiler:
    """Gives each distinct part its slot, and sorts parts by phase, level and operator."""

    def __init__(self) -> None:
        self._slots: dict[Node, int] = {}
        self._levels: dict[int, tuple[int, int]] = {}
        self._groups: dict[tuple[int, int, str], list[tuple[int, int, int]]] = defaultdict(list)
        self._constants: dict[int, float] = {}
        self._fields: dict[Path, int] = {}
        self._windows: list[Window] = []

    def compiled(self, nodes: Sequence[Node]) -> Program:
        roots = np.array([self._slot(node) for node in nodes], np.int64)
        initial = np.full(len(self._slots), np.nan)
        initial[list(self._constants)] = list(self._constants.values())
        slots = np.array(list(self._fields.values()), np.int64)
        return Program(tuple(self._fields), slots, initial, self._phase(0), tuple(self._windows), self._phase(1), roots)

    def _phase(self, phase: int) -> tuple[Group, ...]:
        keys = sorted(key for key in self._groups if key[0] == phase)
        return tuple(_group(key[2], self._groups[key]) for key in keys)

    def _slot(self, node: Node) -> int:
        if (known := self._slots.get(node)) is not None:
            return known
        args = () if node.op == "call" and node.path[0] in WINDOWED else tuple(map(self._slot, node.args))
        operand = self._slot(node.args[0]) if not args and node.args else None
        slot = self._slots[node] = len(self._slots)
        self._levels[slot] = self._place(node, slot, args, operand)
        return slot

    def _place(self, node: Node, slot: int, args: tuple[int, ...], operand: int | None) -> tuple[int, int]:
        """Notes what computes a slot; gives its phase (0 before windows, 1 after) and level."""
        if node.op in _CONSTANTS:
            self._constants[slot] = node.value
            return 0, 0
        if node.op == "field":
            self._fields[node.path] = slot
            return 0, 0
        if operand is not None:
            self._windows.append(_window(node, operand, slot))
            return 1, 0
        phase = max(self._levels[arg][0] for arg in args)
        level = 1 + max(self._levels[arg][1] for arg in args if self._levels[arg][0] == phase)
        op = node.path[0] if node.op == "call" else node.op
        self._groups[phase, level, op].append((slot, args[0], args[-1]))
        return phase, level


def _window(node: Node, operand: int, out: int) -> Window:
    last = node.args[-1]
    length = SINCE_CLOSE if last.op == "since_close" else round(last.value * _SECOND_US)
    parameter = node.args[1].value if len(node.args) == 3 else 0.0
    return Window(node.path[0], operand, length, parameter, out, key_of(node))


def _group(op: str, rows: Iterable[tuple[int, int, int]]) -> Group:
    out, left, right = np.array(list(rows), np.int64).T
    return Group(op, out.copy(), left.copy(), right.copy())


def _run(groups: Sequence[Group], vector: Floats) -> None:
    with np.errstate(all="ignore"):  # what overflows or divides by zero is unknown, which is said below
        for group in groups:
            vector[group.out] = _OPERATORS[group.op](vector[group.left], vector[group.right])


def _known(answer: Floats) -> Floats:
    """Infinities as unknown."""
    answer[np.isinf(answer)] = np.nan
    return answer


def _compared(relation: Callable[[Floats, Floats], object]) -> Callable[[Floats, Floats], Floats]:
    def answer(left: Floats, right: Floats) -> Floats:
        found = np.asarray(relation(left, right), np.float64)
        found[np.isnan(left) | np.isnan(right)] = np.nan
        return found

    return answer


def _both(left: Floats, right: Floats) -> Floats:
    """Kleene's `and`: false if one is, unknown if that depends on an unknown."""
    answer: Floats = np.minimum(left, right)
    answer[(left == 0) | (right == 0)] = 0.0
    return answer


def _either(left: Floats, right: Floats) -> Floats:
    """Kleene's `or`: true if one is, unknown if that depends on an unknown."""
    answer: Floats = np.maximum(left, right)
    answer[(left == 1) | (right == 1)] = 1.0
    return answer


_OPERATORS: Final[dict[str, Callable[[Floats, Floats], Floats]]] = {
    "+": lambda a, b: _known(a + b),
    "-": lambda a, b: _known(a - b),
    "*": lambda a, b: _known(a * b),
    "/": lambda a, b: _known(a / b),
    "negative": lambda a, _: -a,
    "abs": lambda a, _: np.abs(a),
    "missing": lambda a, _: np.isnan(a).astype(np.float64),
    ">": _compared(np.greater),
    ">=": _compared(np.greater_equal),
    "<": _compared(np.less),
    "<=": _compared(np.less_equal),
    "==": _compared(np.equal),
    "!=": _compared(np.not_equal),
    "and": _both,
    "or": _either,
    "not": lambda a, _: 1.0 - a,
}
