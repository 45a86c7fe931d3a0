"""One flow process that notes how long it does not look at its partitions: `python -m bench.gaps FOLDER`.

The folder holds `market.toml` and `told.json` (bootstrap, redis, feed). The time from the end of one look to the next,
in which steps are taken and states are saved, goes into `gaps.json` each second.
"""

from __future__ import annotations

import dataclasses
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


class Noted:
    """Gaps of this process, in microseconds, by the wall clock and by the worker's own processor time."""

    def __init__(self, file: Path) -> None:
        self.file, self.began = file, time.time()
        self.wall, self.own = HdrHistogram(1, 60_000_000, 3), HdrHistogram(1, 60_000_000, 3)
        self._left_ns, self._left_own_ns = time.perf_counter_ns(), time.thread_time_ns()
        self._written_ns = 0
        self.saves = 0

    def enter(self) -> None:
        """A partition is looked at."""
        if time.time() - self.began > WARM_UP:
            self.wall.record_value(max((time.perf_counter_ns() - self._left_ns) // 1000, 1))
            self.own.record_value(max((time.thread_time_ns() - self._left_own_ns) // 1000, 1))

    def leave(self) -> None:
        """The look is over."""
        self._left_ns, self._left_own_ns = time.perf_counter_ns(), time.thread_time_ns()
        if self._left_ns - self._written_ns > 1e9:
            self._written_ns = self._left_ns
            told = {name: _told(found) for name, found in (("wall", self.wall), ("own", self.own))}
            self.file.write_text(json.dumps(told | {"began": self.began, "saves": self.saves}))


def _told(found: HdrHistogram) -> dict[str, float]:
    at = {f"p{p:g}": found.get_value_at_percentile(p) / 1e3 for p in (50, 99, 99.9, 100)}
    return at | {"count": float(found.total_count), "above_10_ms": float(_above(found, 10_000))}


def _above(found: HdrHistogram, us: int) -> int:
    return sum(
        item.count_added_in_this_iter_step for item in found.get_recorded_iterator() if item.value_iterated_to > us
    )


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
            noted.saves += 1
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
