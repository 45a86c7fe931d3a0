"""What `bench.instructions` counts: `python -m bench.counted [--once] NAME...`, to be run under callgrind.

Each job checks what comes out of it when it is made.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable
from typing import Any, Final

import msgspec
import numpy as np
from confluent_kafka import Message

from api.audience import Audience, Manner
from api.config import ApiConfig
from api.encodings import JSON
from api.frames import Channel
from api.metrics import Metrics
from api.room import Room
from api.streams import EMPTY, Entry, Id
from api.viewer import Viewer
from bench import engine, step, tape
from bench.case import require
from bench.grind import Job, count
from bench.kafka_to_redis import json_records
from dataflows.intake import Intake
from models.pipeline import Pipeline
from models.signals.bars import BarFold
from schemas import json_wire
from schemas.bars import BarColumns
from schemas.instruments import Instruments
from schemas.market_file import load
from schemas.market_parts import Scoring
from schemas.reading import canonical, decode_reading
from schemas.ticks_wire import decode_ticks
from tests.api.publisher import reading

TICKS: Final = 20 * tape.ROWS
SINGLES: Final = 4_000
VIEWERS: Final = 1_000
WINDOWS: Final = 60
"""A minute of `sim`: 59 provisional readings and their final."""


class Nowhere(asyncio.Transport):
    """Takes bytes and forgets them: what is left of a message without its system call."""

    def __init__(self) -> None:
        super().__init__()
        self.taken = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Counts a write."""
        self.taken += 1


def arrow() -> Job:
    """Arrow records to bars."""
    market, known, ticks = tape.market(), Instruments(tape.NAMES), tape.make(TICKS, 2)
    records, end_us = ticks.records(), ticks.end_us

    def run() -> BarColumns:
        fold = BarFold(market)
        given = [fold.update(decode_ticks(record, known)) for record in records] + [fold.update(end_us)]
        return BarColumns.join([folded.bars for folded in given])

    require(np.array_equal(engine.as_table(run()), engine.reference_bars(ticks)), "bars differ from the reference")
    return Job(run, TICKS, "tick", "ticks of 500 instruments in Arrow records of 8,192, decoded, validated and folded")


def json() -> Job:
    """Single JSON ticks to open bars, as the ordinary lane takes them from its consumer."""
    market, known = tape.market(), Instruments(tape.NAMES)
    records = [Message(value=raw) for raw in json_records(tape.make(SINGLES, 1))]

    def run() -> int:
        intake = Intake("bench", 0, BarFold(market), known, lambda reject: require(False, str(reject)))
        intake.take(records)
        return intake.ticks

    require(run() == SINGLES, "not every JSON tick was folded")
    return Job(run, SINGLES, "tick", "single JSON ticks of 500 instruments, read in one go, validated and folded")


def decode() -> Job:
    """Single JSON ticks by the ordinary decoder."""
    known, few = Instruments(tape.NAMES), tape.make(SINGLES, 1)
    raws = json_records(few)
    require(np.array_equal(json_wire.decode_ticks(raws, known).batch.price, few.price), "other prices were decoded")
    work = "single JSON ticks of 500 instruments, decoded by the ordinary decoder"
    return Job(lambda: json_wire.decode_ticks(raws, known), SINGLES, "tick", work)


def readings() -> Job:
    """Windows of `sim` to published bytes."""
    sim = load("sim")
    market = sim.model_copy(update={"scores": Scoring(), "history": sim.history.model_copy(update={"warm_up": 2})})
    pipeline, given = Pipeline(market), iter(step.windows(market, (4 + 6) * WINDOWS))

    def run(minutes: int = 1) -> list[Any]:
        return [pipeline.follow(next(given)) for _ in range(minutes * WINDOWS)]

    step.check([decode_reading(one.reading) for one in run(4)[-WINDOWS:]])
    work = "windows of `sim` (50 instruments) through all steps but scores to bytes, a final in sixty"
    return Job(run, WINDOWS, "reading", work)


def fanout() -> Job:
    """A reading to a thousand viewers that are all there."""
    numbers = iter(range(1, 1_000))
    config, metrics = ApiConfig("redis://127.0.0.1:1/0"), Metrics()
    channel = Channel("bench", "readings", config.ring_frames, config.ring_bytes)
    channel.load("e", [], EMPTY)
    audience, transports = Audience(channel, Manner()), [Nowhere() for _ in range(VIEWERS)]

    async def come() -> None:
        room = Room(config, metrics, VIEWERS + 1_000)
        for transport in transports:
            audience.join(Viewer(room, transport, JSON), channel.last)

    def run() -> None:
        number = next(numbers)
        entry = Entry(Id(number, 0), canonical(reading("bench", number)), 1)
        with contextlib.suppress(StopIteration):  # it waits for nobody, so it needs no loop
            audience.offer(channel.add([entry]), 0.0).send(None)

    asyncio.run(come())
    run()
    require({transport.taken for transport in transports} == {1}, "not every viewer was written to")
    work = "a reading framed and written to 1,000 viewers whose sockets take it, without the system calls"
    return Job(run, VIEWERS, "message", work)


JOBS: Final[dict[str, Callable[[], Job]]] = {
    "arrow": arrow, "json": json, "decode": decode, "readings": readings, "fanout": fanout,
}  # fmt: skip


def main(arguments: list[str]) -> None:
    """Counts jobs one after the other; with `--once` it runs each, and tells what it is (count, unit, work)."""
    names = [argument for argument in arguments if argument != "--once"]
    jobs = [JOBS[name]() for name in names]
    if len(names) == len(arguments):
        count(jobs)
        return
    for job in jobs:
        job.run()
    print(msgspec.json.encode([(job.count, job.unit, job.work) for job in jobs]).decode())


if __name__ == "__main__":
    main(sys.argv[1:])
