"""A synthetic market, ticking for as long as it is let: a function of seed and event time, and nothing else.

Whoever starts it again, at whatever time, sends the same ticks for the same event times; so a broker that lost its
memory can be filled again. Before its genesis it ticks once a second and instrument, after it at full rate.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import structlog

from dataflows.sources.sender import Sender, SenderConfig, Stopped
from dataflows.sources.synthetic import SECOND_US, Synthetic
from schemas import names, ticks_wire
from schemas.arrow_schemas import TICKS_SCHEMA
from schemas.market import Market

log = structlog.get_logger()

SLICES: Final = 10
"""Records a second and partition in live time: a tick waits at most a tenth of a second."""

CATCH_UP_US: Final = 300 * SECOND_US
"""After a longer pause than this, only so much of it is sent: the rest is a gap, and said to be one."""


@dataclass(frozen=True)
class SimulatorConfig:
    """A synthetic feed.

    Attributes:
        sender: where it writes.
        market: whose instruments tick.
        seed: two seeds, two markets.
        rate: ticks a second from genesis on.
        genesis_us: event time from which it ticks at full rate; the same for ever in one data folder.
        warm_up_us: how long before genesis it begins, so that there is a past to compare with.
    """

    sender: SenderConfig
    market: Market
    seed: int
    rate: int
    genesis_us: int
    warm_up_us: int = 3000 * SECOND_US


def run(config: SimulatorConfig) -> None:
    """Sends what is missing up to now as fast as the flow takes it, then ticks with the wall clock until stopped."""
    sender = Sender(config.sender)
    source = Synthetic(config.market, config.seed, config.rate, config.genesis_us)
    try:
        start = _start(config, sender.resume())
        log.info("simulating", feed=config.sender.feed, from_us=min(start), rate=config.rate, seed=config.seed)
        second = min(start) // SECOND_US
        while not config.sender.stop():
            behind = time.time() - second
            _send_second(sender, source, second, start, live=behind < 2)
            second += 1
        sender.flush()
    except Stopped:
        return


def _start(config: SimulatorConfig, until: list[int | None]) -> list[int]:
    """Event time from which each partition is to be sent, on whole seconds where nothing was sent."""
    genesis = config.genesis_us - config.warm_up_us
    oldest = time.time_ns() // 1000 // SECOND_US * SECOND_US - CATCH_UP_US
    known = [u for u in until if u is not None]
    if not known:
        return [genesis] * len(until)
    if max(known) < oldest:
        return [oldest] * len(until)
    return [genesis if u is None else u for u in until]


def _send_second(sender: Sender, source: Synthetic, second: int, start: list[int], *, live: bool) -> None:
    """One second of ticks: at once when catching up, in slices as the wall clock reaches them otherwise."""
    ticks = source.second(second)
    slices = SLICES if live else 1
    width = SECOND_US // slices
    for part in range(slices):
        from_us = second * SECOND_US + part * width
        to_us = from_us + width
        if live:
            _sleep_until(to_us, sender)
        if to_us <= min(start):
            continue
        for partition in range(sender.partitions):
            if to_us > start[partition]:
                _send_slice(sender, source, ticks, partition, max(from_us, start[partition]), to_us)
        sender.tock(to_us)


def _send_slice(  # noqa: PLR0917 - a slice is all of these
    sender: Sender, source: Synthetic, ticks: dict[str, Any], partition: int, from_us: int, to_us: int
) -> None:
    times, codes = ticks["ts_us"], ticks["instrument"]
    mine = np.flatnonzero((times >= from_us) & (times < to_us) & (codes % sender.partitions == partition))
    if mine.size:
        columns = {name: column[mine] for name, column in ticks.items()}
        raw = ticks_wire.encode(columns, source.names, TICKS_SCHEMA)
        sender.send(partition, raw, names.TICKS_ARROW, to_us, len(mine))


def _sleep_until(at_us: int, sender: Sender) -> None:
    """Sleeps in short naps, so that a stop is heard.

    Raises:
        Stopped: asked to stop meanwhile.
    """
    while (left := at_us / 1e6 - time.time()) > 0:
        if sender.config.stop():
            raise Stopped
        time.sleep(min(left, 0.2))
