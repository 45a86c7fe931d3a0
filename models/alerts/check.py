"""Checks a condition against a market: its names, its types, and what it costs to evaluate at most."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Final, Literal

from models.alerts.nodes import Condition, Node, RuleError
from models.alerts.syntax import parse
from schemas.alert_fields import LEVELS, Kind, Named, Path, Vocabulary, fields_of

MAX_NODES: Final = 100
MAX_WINDOWS: Final = 8
"""Parts and windows of one condition at most: its cost is known before it runs."""

Type = Literal["number", "truth", "level", "window"]

FUNCTIONS: Final[dict[str, tuple[tuple[str, ...], Kind]]] = {
    "abs": (("number",), "number"),
    "missing": (("any",), "truth"),
    "rank": (("number", "past"), "number"),
    "change": (("number", "window"), "number"),
    "max": (("number", "window"), "number"),
    "min": (("number", "window"), "number"),
    "mean": (("number", "past"), "number"),
    "quantile": (("number", "share", "past"), "number"),
    "budget": (("number", "positive", "past"), "number"),
}
"""Sorts of their arguments (a `past` is a duration, a `window` may also be `since close`), and their type."""

WINDOWED: Final = frozenset(name for name, (sorts, _) in FUNCTIONS.items() if {"past", "window"} & set(sorts))

USAGE: Final = {
    "abs": "abs(index - 50)", "missing": "missing(percentile)", "rank": "rank(index, 250d)",
    "change": "change(index, 1h) or change(index, since close)", "max": "max(index, 30d) or max(index, since close)",
    "min": "min(index, 30d) or min(index, since close)", "mean": "mean(index, 30d)",
    "quantile": "quantile(index, 0.99, 250d)", "budget": "budget(index, 0.1, 250d)",
}  # fmt: skip
"""How each function is written."""


@lru_cache(maxsize=20_000)
def check(text: str, vocabulary: Vocabulary) -> Condition:
    """A condition whose every name is known and every type fits.

    Raises:
        RuleError: the message says where and what to do.
    """
    condition = parse(text)
    try:
        return replace(condition, node=Checker(vocabulary).truth(condition.node))
    except RuleError as error:
        raise error.within(text) from error


def check_number(text: str, vocabulary: Vocabulary) -> None:
    """Makes sure that a text is a number of this market, such as `contributions.equity / index`.

    Raises:
        RuleError: the message says where and what to do.
    """
    condition = parse(text)
    try:
        if condition.seconds:
            raise RuleError("a number takes no time: leave `for` out", condition.node.place)
        Checker(vocabulary).number(condition.node)
    except RuleError as error:
        raise error.within(text) from error


class Checker:
    """Walks one condition; names become fields or levels, and parts and windows are counted."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._fields = fields_of(vocabulary)
        self._nodes = self._windows = 0
        self._inside = False

    def truth(self, node: Node) -> Node:
        """The checked node, which must be true or false."""
        return self._wanted(node, "truth", "a condition, such as index > 80")

    def number(self, node: Node) -> Node:
        """The checked node, which must be a number."""
        return self._wanted(node, "number", "a number, such as index")

    def _wanted(self, node: Node, kind: Type, example: str) -> Node:
        made, found = self._visit(node)
        if found != kind:
            fault = f"this is a {found}; {example}, is needed here"
            raise RuleError(fault, node.place)
        return made

    def _visit(self, node: Node) -> tuple[Node, Type]:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            fault = f"more than {MAX_NODES} parts: divide it into several rules"
            raise RuleError(fault, node.place)
        return _VISITS.get(node.op, Checker._operator)(self, node)

    def _literal(self, node: Node) -> tuple[Node, Type]:
        return node, "truth" if node.op == "truth" else "number"

    def _field(self, node: Node) -> tuple[Node, Type]:
        if len(node.path) == 1 and node.path[0] in LEVELS:
            return replace(node, op="level", value=float(LEVELS.index(node.path[0]))), "level"
        found = self._known(node)
        return replace(node, path=found.path), found.field.kind

    def _known(self, node: Node) -> Named:
        root = self._fields.get(node.path[:1])
        if root is not None and root.field.needs_scores:
            fault = f"{node.path[0]} is not available in this market: its file asks for no scores"
            raise RuleError(fault, node.place)
        for path in (node.path, (*node.path[:-2], *node.path[-2:][::-1])):  # a pair may be named either way
            if (found := self._fields.get(path)) is not None:
                return found
        raise RuleError(_stranger(node.path, list(self._fields)), node.place)

    def _operator(self, node: Node) -> tuple[Node, Type]:
        if node.op in {"and", "or", "not"}:
            return replace(node, args=tuple(self.truth(arg) for arg in node.args)), "truth"
        if node.op in {"==", "!=", ">=", "<=", ">", "<"}:
            return self._comparison(node), "truth"
        made = replace(node, args=tuple(self.number(arg) for arg in node.args))
        if node.op == "/" and _constant(made.args[1]) == 0:
            raise RuleError("a division by zero", node.args[1].place)
        return made, "number"

    def _comparison(self, node: Node) -> Node:
        (left, kind), (right, other) = map(self._visit, node.args)
        if kind != other:
            fault = f"a {kind} cannot be compared with a {other}"
            raise RuleError(fault, node.place)
        if kind == "truth":
            raise RuleError("true and false are not compared: write final, or not final", node.place)
        return replace(node, args=(left, right))

    def _call(self, node: Node) -> tuple[Node, Type]:
        name = node.path[0]
        if name not in FUNCTIONS:
            fault = f"{name} is no function{_near(name, list(FUNCTIONS))}; there are {', '.join(FUNCTIONS)}"
            raise RuleError(fault, node.place)
        sorts, kind = FUNCTIONS[name]
        if len(node.args) != len(sorts):
            fault = f"{name} takes {len(sorts)} argument{'s' if len(sorts) > 1 else ''}: {USAGE[name]}"
            raise RuleError(fault, node.place)
        if name in WINDOWED:
            self._enter(node)
        made = tuple(_SORTS[sort](self, arg, name) for sort, arg in zip(sorts, node.args, strict=True))
        self._inside = False
        return replace(node, args=made), kind

    def _enter(self, node: Node) -> None:
        self._windows += 1
        if self._inside:
            raise RuleError("a window cannot stand inside another one", node.place)
        if self._windows > MAX_WINDOWS:
            fault = f"more than {MAX_WINDOWS} windows: divide it into several rules"
            raise RuleError(fault, node.place)
        self._inside = True

    def _any(self, node: Node, _name: str) -> Node:
        return self._visit(node)[0]

    def _number(self, node: Node, _name: str) -> Node:
        return self.number(node)

    def _window(self, node: Node, name: str) -> Node:
        return node if node.op == "since_close" else self._past(node, name)

    def _past(self, node: Node, name: str) -> Node:
        if node.op != "duration" or node.value <= 0:
            fault = f"a window is a duration above zero: {USAGE[name]}"
            raise RuleError(fault, node.place)
        return node

    def _share(self, node: Node, name: str) -> Node:
        if not 0 < self._constant(node, name).value < 1:
            fault = f"a share lies between 0 and 1: {USAGE[name]}"
            raise RuleError(fault, node.place)
        return node

    def _positive(self, node: Node, name: str) -> Node:
        if not 0 < self._constant(node, name).value <= 10_000:
            fault = f"a number a day, above 0 and at most 10000: {USAGE[name]}"
            raise RuleError(fault, node.place)
        return node

    def _constant(self, node: Node, name: str) -> Node:
        if node.op != "number":
            fault = f"a plain number is needed here: {USAGE[name]}"
            raise RuleError(fault, node.place)
        return node

    def _misplaced(self, node: Node) -> tuple[Node, Type]:
        raise RuleError("since close is a window: write max(index, since close)", node.place)


_VISITS: Final[dict[str, Callable[[Checker, Node], tuple[Node, Type]]]] = {
    "number": Checker._literal,
    "duration": Checker._literal,
    "truth": Checker._literal,
    "field": Checker._field,
    "call": Checker._call,
    "since_close": Checker._misplaced,
}
_SORTS: Final[dict[str, Callable[[Checker, Node, str], Node]]] = {
    "any": Checker._any,
    "number": Checker._number,
    "window": Checker._window,
    "past": Checker._past,
    "share": Checker._share,
    "positive": Checker._positive,
}


def _constant(node: Node) -> float | None:
    return node.value if node.op in {"number", "duration"} else None


def _near(word: str, words: list[str]) -> str:
    near = difflib.get_close_matches(word, words, n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _stranger(path: Path, known: list[Path]) -> str:
    written, words = _written(path), {_written(one): one for one in known}
    if near := difflib.get_close_matches(written, list(words), n=1, cutoff=0.85):
        return f"{written} is no field of this market; did you mean {near[0]}?"
    within = [_written(one) for one in known if one[0] == path[0] and len(one) > 1]
    told = ", ".join(within[:6] or sorted({one[0] for one in known}))
    return f"{written} is no field of this market; there are {told}{', ...' if len(within) > 6 else ''}"


def _written(path: Path) -> str:
    """`contributions.equity`; names that are not plain words stand in brackets."""
    return path[0] + "".join(f".{part}" if part.isidentifier() else f'["{part}"]' for part in path[1:])
