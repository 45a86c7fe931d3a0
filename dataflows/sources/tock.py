"""Live time: tells every partition of a feed, four times a second, what the wall clock says."""

from __future__ import annotations

import time
from dataclasses import dataclass

import structlog

from dataflows.sources.sender import Sender, SenderConfig, Stopped
from models.signals.bars import TOCK_US

log = structlog.get_logger()


@dataclass(frozen=True)
class TockConfig:
    """A feed and the pace of its tocks in microseconds."""

    sender: SenderConfig
    every_us: int = TOCK_US


def run(config: TockConfig) -> None:
    """Sends tocks until asked to stop. Times are multiples of the pace, and never go back."""
    sender = Sender(config.sender)
    log.info("tocking", feed=config.sender.feed, every_ms=config.every_us // 1000, partitions=sender.partitions)
    last = 0
    try:
        while not config.sender.stop():
            now = time.time_ns() // 1000
            due = now // config.every_us * config.every_us
            if due > last:
                sender.tock(due)
                last = due
            time.sleep(max(0.001, (due + config.every_us - now) / 1e6))
        sender.flush()
    except Stopped:
        return
