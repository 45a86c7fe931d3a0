"""What a parsed condition is made of, and how a fault in one is shown where it stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

MAX_DEPTH: Final = 64
"""Levels of nesting at most."""

SHOWN: Final = 100
"""Characters of a line that a message shows at most."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in a text: line and column from 1 on, and how many characters it has."""

    line: int
    column: int
    length: int = 1


NOWHERE: Final = Place(1, 1)


@dataclass(frozen=True, slots=True)
class Node:
    """A part of a condition. Two that say the same are equal, wherever they stand.

    Attributes:
        op: an operator, `number`, `duration`, `truth`, `field`, `level`, `since_close`, or `call`.
        args: the parts it is made of.
        value: of a literal; seconds of a duration.
        path: of a field, or the name of what is called.
        place: where it stands.
        depth: levels of nesting below and including this one.
    """

    op: str
    args: tuple[Node, ...] = ()
    value: float = 0.0
    path: tuple[str, ...] = ()
    place: Place = field(default=NOWHERE, compare=False)
    depth: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Condition:
    """A whole condition: what must hold, and for how many seconds of the market's time."""

    node: Node
    seconds: float


class RuleError(ValueError):
    """A condition that cannot be used; the message shows the place.

    Attributes:
        fault: what is wrong, and what to do.
        place: where.
        text: the whole condition.
    """

    def __init__(self, fault: str, place: Place, text: str = "") -> None:
        self.fault, self.place, self.text = fault, place, text
        super().__init__(self._shown())

    def _shown(self) -> str:
        lines = self.text.splitlines()
        said = f"line {self.place.line}, column {self.place.column}: {self.fault}"
        if not 1 <= self.place.line <= len(lines):
            return said
        line, begin = _around(lines[self.place.line - 1], self.place.column - 1)
        indent = "".join("\t" if character == "\t" else " " for character in line[:begin])
        marks = "^" * max(1, min(self.place.length, len(line) - begin))
        return f"{said}\n  {line}\n  {indent}{marks}"

    def within(self, text: str) -> RuleError:
        """The same fault, shown in its text."""
        return RuleError(self.fault, self.place, text)


def _around(line: str, begin: int) -> tuple[str, int]:
    """The part of a line around a place, and where the place is in it."""
    first = max(0, begin - SHOWN // 2) if len(line) > SHOWN else 0
    part = line[first : first + SHOWN]
    return part, min(begin - first, len(part))
