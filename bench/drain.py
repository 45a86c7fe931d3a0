"""One flow process that says when it began to read.

`python -m bench.drain BOOTSTRAP REDIS FOLDER FEED [LANE [ADDRESS,.. NUMBER]]`
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from bench import tape
from dataflows import main as flow
from dataflows.config import FlowConfig
from dataflows.source import FeedPartition, FeedSource
from models.signals.step import State

BEGAN = "began_ns"
"""File in the folder: wall clock, nanoseconds, before the first partition was opened."""


class TimedSource(FeedSource):
    """The feed's source; it notes when the first partition is opened, before anything is fetched."""

    def __init__(self, config: FlowConfig, begun: tuple[State, ...] = ()) -> None:
        super().__init__(config, begun)
        self._file = config.state_dir.parent / BEGAN

    def build_part(self, step_id: str, for_part: str, resume_state: Any) -> FeedPartition:
        """Opens a partition."""
        if not self._file.exists():
            self._file.write_text(str(time.time_ns()))
        return super().build_part(step_id, for_part, resume_state)


def main(bootstrap: str, redis_url: str, folder: str, feed: str, *more: str) -> None:
    """Runs the flow until it is told to stop; `more` are its lane, the addresses of all processes, and which it is."""
    lane, addresses, number = (*more, *("fast", "", "0")[len(more) :])
    flow.FeedSource = TimedSource  # type: ignore[attr-defined] # the only change to the product: a clock at its door
    known = tuple(addresses.split(",")) if addresses else ()
    flow.run(
        FlowConfig(
            feed, (tape.market(),), bootstrap, redis_url, Path(folder) / "state",
            addresses=known, process_id=int(number), lane=lane,
        )
    )  # fmt: skip


if __name__ == "__main__":
    main(*sys.argv[1:])
