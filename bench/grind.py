"""Counting under callgrind: jobs of a process, and the dumps that it leaves.

Each job runs once before anything is counted: imports, caches and compiled code are there then. It runs once into the
first dump and twice into the second; what the two have in common (the word to valgrind, the loop) falls out
of their difference.
"""

from __future__ import annotations

import gc
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.case import require


@dataclass(frozen=True)
class Job:
    """One thing that is counted.

    Attributes:
        run: does it once; every time is the same amount of work.
        count: of units in that.
        unit: what is counted.
        work: in a sentence.
    """

    run: Callable[[], object]
    count: int
    unit: str
    work: str


def control(word: str) -> None:
    """Tells the valgrind around this process something.

    Raises:
        CalledProcessError: it could not.
    """
    subprocess.run(["callgrind_control", word, str(os.getpid())], check=True, capture_output=True)


def count(jobs: list[Job], tell: Callable[[str], None] = control) -> None:
    """Runs jobs one after the other, two dumps each."""
    for job in jobs:
        job.run()
    gc.collect()
    gc.disable()  # when it comes depends on everything before
    tell("--instr=on")
    for runs in _runs(jobs):
        tell("--zero")
        for run in runs:
            run()
        tell("--dump")


def _runs(jobs: list[Job]) -> Iterator[list[Callable[[], object]]]:
    for job in jobs:
        yield [job.run]
        yield [job.run, job.run]


def totals(folder: Path) -> list[int]:
    """Instructions of all dumps, in the order in which they were made; the one without a number is the end's."""
    files = sorted(folder.glob("out.*"), key=lambda file: int(file.suffix[1:]))
    return [total(file.read_text()) for file in files]


def total(dump: str) -> int:
    """Instructions of a dump.

    Raises:
        WrongOutputError: it tells none.
    """
    found = re.search(r"^totals: (\d+)$", dump, re.MULTILINE)
    require(found is not None, "a dump without a total")
    assert found is not None
    return int(found[1])


def each(counts: list[int], dumps: list[int]) -> list[float]:
    """Instructions of a unit of each job, which has so many of them.

    Raises:
        WrongOutputError: dumps are missing, or two runs took less than one.
    """
    require(len(dumps) == 2 * len(counts), f"{len(dumps)} dumps of {len(counts)} jobs")
    require(all(a < b for a, b in zip(dumps[::2], dumps[1::2], strict=True)), f"two runs took less: {dumps}")
    return [(twice - once) / count for count, once, twice in zip(counts, dumps[::2], dumps[1::2], strict=True)]
