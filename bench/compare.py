"""`python -m bench.compare BASE [NAME...]`: this checkout beside a commit, in turns; fails where this is slower.

The commit is laid out in a temporary worktree and measured by the same Python, so both must want the same packages.
One sample is a whole benchmark in a process of its own, with its own check of what came out. Pairs go A B, B A, A B:
what the machine does meanwhile meets both. A figure fails when the 95 % interval of its median ratio is all on the
worse side and the median is worse by more than 5 %. Then the instructions of the kernels are counted once a side
(`bench.instructions`), which have no noise: one that takes 2 % more fails as well.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench import instructions, pairs, results

FAST: Final = ("engine", "step", "us_step", "decode")
COUNTED: Final = "instructions"
MORE: Final = 1.02
"""Instructions by those of the base beyond which a kernel fails; hashes and addresses move them by less."""

ROOT: Final = results.HERE.parent

_SAMPLE: Final = """
import json, sys
from bench.registry import BENCHMARKS
known = {benchmark.name: benchmark for benchmark in BENCHMARKS}
if sys.argv[1] in known:
    figures = known[sys.argv[1]].measure()
    print(json.dumps([[f.name, f.value, f.unit, f.higher_is_better] for f in figures]))
else:
    print("null")
"""


@dataclass
class Series:
    """One figure's values by side, in the order of the pairs."""

    unit: str
    higher_is_better: bool
    old: list[float] = field(default_factory=list)
    new: list[float] = field(default_factory=list)


class CompareError(Exception):
    """The two cannot be compared; the message says why and what to do."""


def main(arguments: list[str] | None = None) -> int:
    """Measures and tells; the exit status is 1 where something is slower, 2 where nothing can be said."""
    parser = argparse.ArgumentParser(prog="python -m bench.compare", description=__doc__)
    parser.add_argument("base", metavar="BASE", help="the commit to compare with: a hash, a branch, HEAD~1")
    parser.add_argument("name", nargs="*", metavar="NAME", help=f"benchmarks; without a name {', '.join(FAST)}")
    parser.add_argument("--pairs", type=int, default=10, metavar="N", help=f"of runs, {pairs.LEAST_PAIRS} or more (10)")
    parser.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    names = asked.name or [*FAST, COUNTED]
    found: list[tuple[str, Series]] = []
    try:
        pairs.rank(asked.pairs)
        with _laid_out(asked.root, asked.base) as base:
            for name in names:
                found += (
                    _counted(base, asked.root) if name == COUNTED else _compared(name, base, asked.root, asked.pairs)
                ).items()
    except (CompareError, ValueError) as error:
        _tell(f"bench.compare: {error}")
        return 2
    if not found:
        _tell("bench.compare: nothing was compared: neither side knows these benchmarks")
        return 2
    return _told(found)


@contextmanager
def _laid_out(root: Path, base: str) -> Iterator[Path]:
    """The commit in a worktree of its own, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="esi-compare-") as name:
        folder = Path(name) / "base"
        _git(root, "worktree", "add", "--detach", str(folder), base)
        try:
            for wanted in ("constraints.txt",):
                mine, theirs = root / wanted, folder / wanted
                if mine.exists() and theirs.exists() and mine.read_bytes() != theirs.read_bytes():
                    msg = f"{wanted} of {base} differs: one venv cannot serve both. Compare with a later commit"
                    raise CompareError(msg)
            yield folder
        finally:
            _git(root, "worktree", "remove", "--force", str(folder))


def _git(root: Path, *arguments: str) -> None:
    done = subprocess.run(["git", *arguments], cwd=root, check=False, capture_output=True, text=True)
    if done.returncode:
        msg = f"git {' '.join(arguments)}: {done.stderr.strip()}"
        raise CompareError(msg)


def _compared(name: str, base: Path, head: Path, wanted: int) -> dict[str, Series]:
    """All figures of a benchmark that both sides know, after a run of each that only fills caches of compiled code."""
    _tell(f"{name}: {wanted} pairs, load {os.getloadavg()[0]:.1f}")
    if _sample(base, name) is None or _sample(head, name) is None:
        _tell(f"  left out: one side has no benchmark {name}")
        return {}
    found: dict[str, Series] = {}
    for number in range(wanted):
        order = (base, head) if number % 2 == 0 else (head, base)
        for side in order:
            for figure, value, unit, higher in _sample(side, name) or ():
                series = found.setdefault(figure, Series(unit, higher))
                (series.old if side == base else series.new).append(value)
    return {figure: series for figure, series in found.items() if len(series.old) == len(series.new) == wanted}


def _counted(base: Path, head: Path) -> dict[str, Series]:
    """Instructions of every kernel that both sides count, once each: a second time would say the same."""
    _tell(f"{COUNTED}: once a side")
    if why := instructions.absent():
        _tell(f"  left out: {why}")
        return {}
    old, new = (_sample(side, COUNTED) for side in (base, head))
    if old is None or new is None:
        _tell(f"  left out: one side has no benchmark {COUNTED}")
        return {}
    values = {figure: value for figure, value, _, _ in old}
    return {
        figure: Series(unit, higher, [values[figure]], [value])
        for figure, value, unit, higher in new
        if figure in values
    }


def _sample(side: Path, name: str) -> list[tuple[str, float, str, bool]] | None:
    """One run of a benchmark in a checkout; None where it has none of that name.

    Raises:
        CompareError: it failed, or its output was wrong.
    """
    told = {**os.environ, "PYTHONPATH": str(side)}
    command = [sys.executable, "-c", _SAMPLE, name]
    done = subprocess.run(command, cwd=side, env=told, check=False, capture_output=True, text=True)
    if done.returncode:
        msg = f"{name} failed in {side}: {done.stderr[-1500:]}"
        raise CompareError(msg)
    said = json.loads(done.stdout.splitlines()[-1])
    return None if said is None else [(figure, value, unit, higher) for figure, value, unit, higher in said]


def _told(found: list[tuple[str, Series]]) -> int:
    failed = False
    for figure, series in found:
        if figure.startswith(COUNTED):
            worse, said = _told_once(series)
        else:
            worse, said = _told_pairs(series)
        failed |= worse
        print(f"{figure:<28} {said}")
    return int(failed)


def _told_pairs(series: Series) -> tuple[bool, str]:
    """Whether it is slower, and a line that says it."""
    said = pairs.judge(series.old, series.new, higher_is_better=series.higher_is_better)
    word = "SLOWER" if said.worse else "faster" if said.better else "the same"
    span = f"{said.low:.3f} to {said.high:.3f}, {said.pairs} pairs"
    return said.worse, f"cost {said.ratio:.3f} of the base ({span}): {word}"


def _told_once(series: Series) -> tuple[bool, str]:
    """Whether it takes more instructions, and a line that says it."""
    (old,), (new,) = series.old, series.new
    ratio = new / old
    word = "MORE" if ratio > MORE else "fewer" if ratio < 1 / MORE else "the same"
    return ratio > MORE, f"{ratio:.4f} of the base ({old:,.1f} to {new:,.1f} {series.unit}): {word}"


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
