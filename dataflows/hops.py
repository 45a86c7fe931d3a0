"""How long a reading takes from hop to hop: stamps travel beside sampled values and end in histograms.

A trace is the wall clock in nanoseconds at each door that a value has passed. It belongs to no value and no state: the
same input gives the same bytes, traced or not. What is measured beyond one machine is as good as its clocks agree.
"""

from __future__ import annotations

import time
from itertools import pairwise
from typing import Final

from dataflows import metrics

Trace = tuple[int, ...]
"""Doors passed so far: the broker's clock on the record, taken, left its partition, and so on; empty: not sampled."""

UNTRACED: Final[Trace] = ()

HOPS: Final = ("broker", "fold", "epoch", "kernel", "index", "redis")
"""From the record in the broker to the flow's hands; validation and bars; the engine's turn, other partitions and
processes included; merge to indicators; index, scores and bytes; Redis until it says yes."""

EVERY_NS: Final = 10_000_000
"""Pace of samples: one of a partition in a hundredth of a second, which is every step of the fastest market."""


class Sampler:
    """Chooses which of a partition's values carry a trace."""

    def __init__(self, every_ns: int = EVERY_NS) -> None:
        self._every_ns, self._next_ns = every_ns, 0

    def begin(self, appended_ms: int, taken_ns: int) -> Trace:
        """The trace of what leaves a partition now.

        Args:
            appended_ms: the broker's time of the oldest record that led to it, milliseconds; below 0 if unknown.
            taken_ns: when the records were taken.
        """
        if taken_ns < self._next_ns:
            return UNTRACED
        self._next_ns = taken_ns + self._every_ns
        return max(appended_ms * 1_000_000, 0), taken_ns, time.time_ns()


def passed(trace: Trace) -> Trace:
    """A trace one door further."""
    return (*trace, time.time_ns()) if trace else trace


def observe(market: str, trace: Trace) -> None:
    """Counts a trace that has passed all doors; clocks that were set back count as no time at all."""
    if len(trace) != len(HOPS) + 1:
        return
    for hop, (before, after) in zip(HOPS, pairwise(trace), strict=True):
        if before:
            metrics.HOPS.labels(market, hop).observe(max(after - before, 0) / 1e9)
    if trace[0]:
        metrics.WHOLE.labels(market).observe(max(trace[-1] - trace[0], 0) / 1e9)
