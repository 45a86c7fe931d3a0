"""What every benchmark shares: its figures, its repeats, and the two ways to give none."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any


class WrongOutputError(AssertionError):
    """What was measured did not do its work; there is no figure then."""


class AbsentPartError(Exception):
    """What the benchmark needs is not on this machine; the message says what."""


@dataclass(frozen=True)
class Figure:
    """One measured number, by its repeats.

    Attributes:
        name: of the number; begins with its benchmark's name.
        values: one for each repeat.
        unit: of the values.
        bar: what it shall reach, None without such a promise.
        higher_is_better: the direction.
        work: what was done to get it, in one sentence.
    """

    name: str
    values: tuple[float, ...]
    unit: str
    bar: float | None = None
    higher_is_better: bool = True
    work: str = ""

    @property
    def value(self) -> float:
        """The median of the repeats."""
        return median(self.values)

    @property
    def reached(self) -> bool | None:
        """Whether the bar is reached; None without a bar."""
        if self.bar is None:
            return None
        return self.value >= self.bar if self.higher_is_better else self.value <= self.bar

    def line(self) -> str:
        """For people: median, least and greatest, bar."""
        spread = f"min {min(self.values):.4g}, max {max(self.values):.4g}, {len(self.values)} repeats"
        bar = "" if self.bar is None else f"; bar {self.bar:g}: {'reached' if self.reached else 'not reached'}"
        return f"{self.name:<28} {self.value:>10.4g} {self.unit:<18} ({spread}{bar})"


@dataclass(frozen=True)
class Benchmark:
    """A benchmark.

    Attributes:
        name: of it.
        work: what it does, in a sentence.
        measure: does it.
        kafka: whether it uses the broker that benchmarks share; before one that does not, that is ended.
    """

    name: str
    work: str
    measure: Callable[[], list[Figure]]
    kafka: bool = False


def seconds(action: Callable[[], Any], repeats: int, warm_up: int = 1) -> tuple[float, ...]:
    """Wall seconds of each repeat, after `warm_up` that do not count."""
    for _ in range(warm_up):
        action()
    taken = []
    for _ in range(repeats):
        began = time.perf_counter()
        action()
        taken.append(time.perf_counter() - began)
    return tuple(taken)


def require(holds: bool, sentence: str) -> None:
    """Ends the benchmark where its output is wrong.

    Raises:
        WrongOutputError: it does not hold.
    """
    if not holds:
        raise WrongOutputError(sentence)
