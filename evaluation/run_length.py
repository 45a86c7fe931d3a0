"""How long the drift detectors run before a false alarm, and how soon they see a change, by simulation.

`python -m evaluation.run_length` prints the table of docs/forecast.md.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from statistics import median
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from models.online.drift import DETECTORS, detectors, watched

LABELS: Final = 20_000
RUNS: Final = 10
BEFORE: Final = 1_000
"""Labels before a planted change."""

NEVER: Final = 2_000
"""Labels after which a planted change counts as missed."""

Draws = npt.NDArray[np.float64]


def normal(seed: int, labels: int = LABELS) -> Draws:
    """Independent standard normal errors."""
    return np.random.default_rng(seed).standard_normal(labels)


def heavy(seed: int, labels: int = LABELS) -> Draws:
    """Student-t with five degrees of freedom, variance one: the tails that forecast errors have."""
    drawn: Draws = np.random.default_rng(seed).standard_t(5, labels) / np.sqrt(5 / 3)
    return drawn


CHANGES: Final[dict[str, Callable[[Draws], Draws]]] = {
    "mean + 0.5": lambda x: x + 0.5,
    "mean + 1": lambda x: x + 1.0,
    "scale x 1.5": lambda x: 1.5 * x,
    "scale x 2": lambda x: 2.0 * x,
}


def alarms(name: str, errors: Draws, detector: Any = None) -> list[int]:
    """Labels at which a detector fires."""
    watch = detectors()[name] if detector is None else detector
    found = []
    for n, error in enumerate(errors.tolist()):
        watch.update(watched(error)[name])
        if watch.drift_detected:
            found.append(n)
    return found


def run_length(name: str, draw: Callable[[int], Draws], runs: int = RUNS) -> float:
    """Labels for each false alarm; all labels there were, if there was none."""
    drawn = [draw(seed) for seed in range(runs)]
    count = sum(len(alarms(name, errors)) for errors in drawn)
    return sum(map(len, drawn)) / max(count, 1)


def delay(name: str, change: Callable[[Draws], Draws], runs: int = 2 * RUNS) -> float:
    """Median labels from a planted change to the first alarm after it; `NEVER` where it is missed."""
    waits = []
    for seed in range(runs):
        errors = normal(seed, BEFORE + NEVER)
        errors[BEFORE:] = change(errors[BEFORE:])
        after = [n - BEFORE for n in alarms(name, errors) if n >= BEFORE]
        waits.append(after[0] if after else NEVER)
    return median(waits)


def main() -> None:
    """Prints a row for each detector."""
    heads = ["detector", "normal", "heavy tails", *CHANGES]
    sys.stdout.write(" | ".join(heads) + "\n")
    for name in DETECTORS:
        lengths = [run_length(name, draw) for draw in (normal, heavy)]
        delays = [delay(name, change) for change in CHANGES.values()]
        sys.stdout.write(" | ".join([name, *(f"{value:,.0f}" for value in [*lengths, *delays])]) + "\n")


if __name__ == "__main__":
    main()
