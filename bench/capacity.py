"""How many of what a load needs, from measured costs, and what gives way first: `python -m bench.capacity`.

On paper: `plan`. By simulation, with bursts, saves and the slowest partition: `bench.simulation`. The tables that this
prints stand in docs/scaling.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

EPOCH_MS: Final = 250.0
BUSY: Final = 0.6
"""Share of what a worker or a sender can do that is planned for; the rest is for bursts and for catching up."""

COPIES: Final = 3
NETWORK: Final = 1.25e9
"""Bytes a second of a broker's 10 Gbit/s, each way: assumed, like what one partition takes."""
PARTITION: Final = 50e6

READING_MS, READING_US = 1.1, 0.95
"""Of a reading, and of each instrument in it (`instruments/reading_10`, `instruments/reading_10000`)."""
PARTIAL_US: Final = 6.0
"""What the merge takes of a partition's message each step, measured with 4 to 64 of them."""
PUBLISH_MS: Final = 0.77
"""Of a reading in Redis (`latency/hop_redis`)."""
SAVE_MS: Final = 3.2
"""Of a megabyte of state in the recovery store: some 20 ms of a processor for the 6.3 MB of 10,000 instruments."""
OPEN_BYTES, JUDGE_BYTES, MARKET_BYTES = 168, 48, 280
"""State of an instrument: its open bar, what a partition remembers to judge its ticks, and its market's steps."""

MESSAGE_US: Final = 9.0
VIEWERS: Final = 17_116
"""Of a message to a viewer, and viewers of a process with 20,000 open files (`fanout_100k`)."""
VIEWER_BYTES: Final = 6_650
PROCESS_BYTES: Final = 130e6
FRAME: Final = 634


@dataclass(frozen=True)
class Kind:
    """A kind of tick record.

    Attributes:
        name: for people.
        nanoseconds: of a worker's core for a tick, from the broker to the bar, fetching included.
        size: bytes of a tick in the broker.
    """

    name: str
    nanoseconds: float
    size: float


ARROW: Final = Kind("Arrow records of 8,192", 1e3 / 13.38, 28.1)
"""`kafka_to_redis`, one process."""
JSON: Final = Kind("single JSON ticks", 2e3 / 2.937, 120.0)
"""`lanes/json`, two processes and the broker on two cores; bytes with header and framing."""


@dataclass(frozen=True)
class Load:
    """What is asked for: ticks a second of a kind, instruments of one market, readings a second, viewers of each."""

    ticks: float
    kind: Kind = ARROW
    instruments: int = 10_000
    readings: float = 1.0
    viewers: int = 1_000_000


@dataclass(frozen=True)
class Plan:
    """What a load needs.

    Attributes:
        partitions: of the feed's topic; a power of two, so that it can be halved among workers.
        workers: cores that run the flow.
        brokers: of Kafka, three copies of everything.
        senders: cores that write to viewers.
        processes: of the api.
        memory: of the api with the kernel's share, bytes.
        busy: share of what it can do that each part is used for: what can be added to, and what is one of its kind.
    """

    partitions: int
    workers: int
    brokers: int
    senders: int
    processes: int
    memory: float
    busy: dict[str, float]

    @property
    def first(self) -> str:
        """Which of those that are one of their kind gives way first."""
        return max(SINGLE, key=lambda name: self.busy[name])


STORE, KEY, REDIS = "recovery store", "a market's steps", "Redis"
SINGLE: Final = (STORE, KEY, REDIS)
"""What a flow has one of, however many its workers are."""


def save_ms(load: Load, partitions: int) -> float:
    """How long one save of everything holds up the process that writes it."""
    state = load.instruments * (OPEN_BYTES + MARKET_BYTES + JUDGE_BYTES * partitions)
    return state / 1e6 * SAVE_MS


def reading_ms(load: Load, partitions: int) -> float:
    """What one worker takes for a reading of one market."""
    return READING_MS + load.instruments * READING_US / 1e3 + partitions * PARTIAL_US / 1e3 + PUBLISH_MS


def plan(load: Load) -> Plan:
    """The least of everything that leaves room for bursts."""
    rate, messages = load.ticks * load.kind.size, load.viewers * load.readings
    workers = _up(load.ticks * load.kind.nanoseconds / 1e9 / BUSY)
    partitions = 1 << max(2, (max(_up(rate / PARTITION), workers) - 1).bit_length())
    brokers = max(COPIES, _up(COPIES * rate / NETWORK / BUSY))
    senders, processes = _up(messages * MESSAGE_US / 1e6 / BUSY), _up(load.viewers / VIEWERS)
    busy = {
        "workers": load.ticks * load.kind.nanoseconds / 1e9 / workers,
        "brokers": COPIES * rate / NETWORK / brokers,
        "senders": messages * MESSAGE_US / 1e6 / senders,
        STORE: save_ms(load, partitions) / EPOCH_MS,
        KEY: reading_ms(load, partitions) * load.readings / 1e3,
        REDIS: processes * load.readings * FRAME / NETWORK,
    }
    memory = load.viewers * VIEWER_BYTES + processes * PROCESS_BYTES
    return Plan(partitions, workers, brokers, senders, processes, memory, busy)


def _up(needed: float) -> int:
    return max(1, math.ceil(needed))


def most(load: Load) -> float:
    """Ticks a second at which the first single part is full, whatever is added; to the nearest hundredth."""
    low, high = 1e3, 1e13
    while high / low > 1.01:
        middle = math.sqrt(low * high)
        full = max(plan(_with(load, middle)).busy[name] for name in SINGLE) >= 1
        low, high = (low, middle) if full else (middle, high)
    return low


def _with(load: Load, ticks: float) -> Load:
    return Load(ticks, load.kind, load.instruments, load.readings, load.viewers)


LOADS: Final = tuple(
    Load(ticks, kind, instruments)
    for kind in (ARROW, JSON)
    for ticks in (1e6, 1e7, 1e8)
    for instruments in (500, 10_000)
)


def table() -> str:
    """What the loads need, as Markdown."""
    rows = [
        "| ticks/s | as | instruments | partitions | workers | brokers | save | reading | gives way first | full at |",
        "|---:|---|---:|---:|---:|---:|---:|---:|---|---:|",
    ]
    for load in LOADS:
        needs = plan(load)
        rows.append(
            f"| {load.ticks / 1e6:,.0f} M | {load.kind.name} | {load.instruments:,} | {needs.partitions} "
            f"| {needs.workers} | {needs.brokers} | {save_ms(load, needs.partitions):,.0f} ms "
            f"| {reading_ms(load, needs.partitions):,.1f} ms | {needs.first} | {most(load) / 1e6:,.0f} M |"
        )
    return "\n".join(rows)


if __name__ == "__main__":
    from bench import simulation

    print(table(), "\n\n", simulation.table(), sep="")
