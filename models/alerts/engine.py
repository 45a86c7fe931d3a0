"""All rules of one market over its readings: what is known, what is remembered, which alerts begin and end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Final

import numpy as np

from models.alerts.kinds import Checked, shown_node
from models.alerts.nodes import Node
from models.alerts.phases import Phases, Timing, Truths
from models.alerts.program import Program, compile_conditions
from models.alerts.windows import MAX_WINDOWS, Looked, Windows
from models.signals.step import Flags, Floats, Ints, Step
from schemas.alert_fields import Path, of_finals

SILENCE: Final[Path] = ("silence",)
_SECOND_US: Final = 1_000_000


class TooManyWindowsError(ValueError):
    """The rules of a market look back in more ways than are allowed."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """One rule as the engine takes it: its key (rule and version), conditions, and what it looks at."""

    key: str
    checked: Checked
    keep_us: int = 0
    finals_only: bool = False


@dataclass(frozen=True, slots=True)
class Observation:
    """What the engine is told.

    Attributes:
        at_us: end of the step in event time, or of the silence; microseconds since 1970 (UTC).
        final: whether the reading closes a period.
        values: of the engine's `fields`, NaN where the reading does not say.
        tock: whether this is no reading, but a tock that says that none came.
    """

    at_us: int
    final: bool
    values: Floats
    tock: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """Which alerts began and ended, as indices of rules, and the number that each rule looks at (NaN if unknown)."""

    fired: Ints
    resolved: Ints
    shown: Floats


@dataclass(frozen=True, slots=True)
class Advance:
    """What to keep of an observation; `remembered` is None for a tock."""

    at_us: int
    held: Floats
    remembered: Any
    stand: Any


class Engine(Step[Observation, Verdict, Advance]):
    """The rules of one market.

    A reading that is not later than the last one changes nothing and says nothing. Fields of finals keep their last
    known value between finals. A tock is seen only by rules that ask for `silence`.

    Raises:
        TooManyWindowsError: the rules have more different windows than one market may have.
    """

    name: ClassVar[str] = "alert_engine"
    fields: ClassVar[tuple[str, ...]] = ("last_us", "held")
    parts: ClassVar[tuple[str, ...]] = ("windows", "phases")

    def __init__(self, rules: Sequence[Compiled]) -> None:
        self.keys = tuple(rule.key for rule in rules)
        nodes = [node for rule in rules for node in _conditions(rule.checked)]
        self.program: Program = compile_conditions(nodes)
        if (count := len(self.program.windows)) > MAX_WINDOWS:
            msg = f"the rules of this market look back in {count} different ways; at most {MAX_WINDOWS} are kept"
            raise TooManyWindowsError(msg)
        self.layout = self.program.fields
        self._when, self._until, self._shown = self.program.roots.reshape(-1, 3).T
        self._finals_only = np.array([rule.finals_only for rule in rules], np.bool_)
        self._silent: Flags = np.array([_names_silence(rule.checked) for rule in rules], np.bool_)
        self._held_fields = np.array([of_finals(path) for path in self.program.fields], np.bool_)
        self._operands = np.array([window.operand for window in self.program.windows], np.int64)
        self.windows = Windows(self.program.windows)
        timings = [Timing(r.key, round(r.checked.when.seconds * _SECOND_US), r.keep_us) for r in rules]
        self.phases = Phases(timings)
        self.last_us = np.array([np.iinfo(np.int64).min])
        self.held: Floats = np.full(len(self.program.fields), np.nan)

    @property
    def wanted(self) -> tuple[Path, ...]:
        """The fields whose values an observation gives, in order."""
        return self.program.fields

    @property
    def wants_details(self) -> bool:
        """Whether some rule looks at what only the details of finals say."""
        return bool(self._held_fields.any())

    @property
    def looks_at_silence(self) -> bool:
        """Whether any rule asks for tocks."""
        return bool(self._silent.any())

    def advance(self, x: Observation) -> tuple[Verdict, Advance]:
        """Which alerts begin and end with an observation."""
        if x.at_us <= self.last_us[0]:
            nothing = np.zeros(0, np.int64)
            return Verdict(nothing, nothing, np.full(len(self.keys), np.nan)), Advance(0, self.held, None, None)
        held = np.where(np.isnan(x.values) & (self._held_fields | x.tock), self.held, x.values)
        vector = self.program.begin(held)
        answers, remembered = self.windows.advance(Looked(x.at_us, x.final, vector[self._operands]))
        self.program.end(vector, answers)
        looking = self._silent if x.tock else (x.final | ~self._finals_only)
        turn, stand = self.phases.advance(Truths(x.at_us, looking, vector[self._when], vector[self._until]))
        kept = None if x.tock else remembered
        return Verdict(turn.fired, turn.resolved, vector[self._shown]), Advance(x.at_us, held, kept, stand)

    def commit(self, change: Advance) -> None:
        """Takes in what `advance` found."""
        if change.stand is None:
            return
        self.phases.apply(change.stand)
        if change.remembered is None:
            return  # a tock: time has not moved for readings, which may still come with an earlier one
        self.windows.apply(change.remembered)
        self.held = change.held
        self.last_us = np.array([change.at_us])

    def alerting(self) -> Ints:
        """Indices of the rules that alert."""
        return np.flatnonzero(self.phases.phase == 2)


_NOTHING: Final = Node("number", value=float("nan"))


def _conditions(checked: Checked) -> tuple[Node, Node, Node]:
    """Begin, end, and the number to show."""
    when = checked.when.node
    until = checked.until.node if checked.until is not None else Node("not", (when,))
    return when, until, shown_node(checked.when) or _NOTHING


@lru_cache(maxsize=20_000)
def windows_of(checked: Checked) -> frozenset[str]:
    """Keys of the windows by which a rule looks back."""
    return frozenset(window.key for window in compile_conditions(_conditions(checked)).windows)


def with_room(rules: Iterable[Checked]) -> list[bool]:
    """Which of some rules, the first ones first, find room for their windows in one market; one without needs none."""
    taken: frozenset[str] = frozenset()
    found = []
    for rule in rules:
        more = taken | windows_of(rule)
        found.append(len(more) <= MAX_WINDOWS)
        taken = more if found[-1] else taken
    return found


def _names_silence(checked: Checked) -> bool:
    nodes = [checked.when.node, *([checked.until.node] if checked.until is not None else [])]
    while nodes:
        node = nodes.pop()
        if node.path == SILENCE:
            return True
        nodes.extend(node.args)
    return False
