"""What the peers in Python share: the words they are told, the mean, and how they answer."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MINUTE_US = 60_000_000
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Job:
    """What a peer is told.

    Attributes:
        source: the broker's address, or a file of JSON lines.
        topic: to be read to its end.
        folder: for its rows.
        runs: how often.
        rows: how many whole bars there are.
        weight: of the newest squared return.
    """

    source: str
    topic: str
    folder: Path
    runs: int
    rows: int
    weight: float


def job() -> Job:
    """The words behind the program's name."""
    source, topic, folder, runs, rows, weight = sys.argv[1:7]
    return Job(source, topic, Path(folder), int(runs), int(rows), float(weight))


def repeat(told: Job, once: Callable[[int], Iterable[Row]]) -> None:
    """Runs the job as often as told; a file of rows and a line of JSON for each."""
    for number in range(told.runs):
        began = time.perf_counter()
        found = list(once(number))
        seconds = time.perf_counter() - began
        (told.folder / f"{number}.csv").write_text("".join(f"{','.join(map(str, row))}\n" for row in found))
        print(json.dumps({"run": number, "seconds": seconds}), flush=True)


class Ewma:
    """Exponentially weighted mean of squared log returns from close to close, free of the bias of its start."""

    def __init__(self, weight: float) -> None:
        self._weight = weight
        self._close = math.nan
        self._total = self._gathered = 0.0

    def add(self, close: float) -> float:
        """The variance after one more close; NaN before there is a return."""
        if not math.isnan(self._close):
            move = math.log(close / self._close)
            self._total += self._weight * (move * move - self._total)
            self._gathered += self._weight * (1 - self._gathered)
        self._close = close
        return self._total / self._gathered if self._gathered else math.nan
