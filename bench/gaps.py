"""One flow process that notes how long it does not look at its partitions: `python -m bench.gaps FOLDER`.

The folder holds `market.toml` and `told.json` (bootstrap, redis, feed, port). The times from the end of one look to the
next, in which steps are taken and states are saved, go into `gaps.json` each second: those around a save by themselves,
by the wall clock, and without the time in which others had the processor (by the kernel's own account, schedstat).
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from hdrh.histogram import HdrHistogram

from dataflows import main as flow
from dataflows import source
from dataflows.config import FlowConfig
from models.signals.step import State
from schemas.market_file import parse

GAPS: Final = "gaps.json"
WARM_UP: Final = 8.0
"""Seconds at the beginning that do not count: code is compiled, or loaded."""

LOOKS: Final = 8
"""A save belongs to the round of four looks that it began in and to the next: the store is written there."""

LONGEST_US: Final = 60_000_000


class Noted:
    """Gaps of this process, in microseconds.

    Attributes:
        saves: those in which a save was made, by the wall clock.
        saves_own: the same without the time in which the worker could have run, and others did.
        others: all others, by the wall clock.
    """

    def __init__(self, file: Path) -> None:
        self.file, self.began = file, time.time()
        self.saves, self.saves_own, self.others = (HdrHistogram(1, LONGEST_US, 3) for _ in range(3))
        self._left_ns = self._waited_ns = self._written_ns = self._of_save = 0

    def saving(self) -> None:
        """A partition is saved; what the worker waited before it in this gap counts as its own."""
        if not self._of_save:
            self._waited_ns = waited_ns()
        self._of_save = LOOKS

    def enter(self) -> None:
        """A partition is looked at."""
        gap = time.perf_counter_ns() - self._left_ns
        if time.time() - self.began > WARM_UP:
            if self._of_save:
                self.saves_own.record_value(max((gap - waited_ns() + self._waited_ns) // 1000, 1))
            (self.saves if self._of_save else self.others).record_value(max(gap // 1000, 1))
        self._of_save = max(self._of_save - 1, 0)

    def leave(self) -> None:
        """The look is over."""
        if time.perf_counter_ns() - self._written_ns > 1e9:
            self._written_ns = time.perf_counter_ns()
            found = {"saves": self.saves, "saves_own": self.saves_own, "others": self.others}
            told = {name: told_of(histogram) for name, histogram in found.items()}
            beside = self.file.with_suffix(".new")
            beside.write_text(json.dumps({**told, "began": self.began}))
            beside.rename(self.file)
        if self._of_save:
            self._waited_ns = waited_ns()
        self._left_ns = time.perf_counter_ns()


def waited_ns() -> int:
    """How long this thread has waited for a processor since it began."""
    return int(Path("/proc/thread-self/schedstat").read_text().split()[1])


def told_of(found: HdrHistogram) -> dict[str, float]:
    """Percentiles of a histogram in milliseconds, and how many values there were."""
    at = {f"p{p:g}": found.get_value_at_percentile(p) / 1e3 for p in (50, 99, 99.9, 100)}
    return {**at, "count": float(found.total_count)}


def watched(noted: Noted) -> type[source.FeedPartition]:
    """Partitions that tell when they are looked at and saved."""

    class Watched(source.FeedPartition):
        def next_batch(self) -> Iterable[Any]:
            noted.enter()
            try:
                return super().next_batch()
            finally:
                noted.leave()

        def snapshot(self) -> State:
            noted.saving()
            return super().snapshot()

    return Watched


def main(folder: str) -> None:
    """Runs the flow until it is killed."""
    where = Path(folder)
    told: dict[str, str] = json.loads((where / "told.json").read_text())
    source.FeedPartition = watched(Noted(where / GAPS))  # type: ignore[misc] # the only change to the product: a clock
    market = parse((where / "market.toml").read_bytes(), "market.toml")
    flow.run(
        FlowConfig(
            told["feed"], (market,), told["bootstrap"], told["redis"], where / "state", metrics_port=int(told["port"])
        )
    )


if __name__ == "__main__":
    main(sys.argv[1])
