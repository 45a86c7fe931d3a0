"""Two flow processes from real Kafka to Redis by each kind of record, beside bare loops in two processes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench import tape
from bench.case import Figure, require
from bench.drain import BEGAN
from bench.kafka_to_redis import FEED, MINUTES, PARTITIONS, Readings, check, expected, fill, json_records, waited
from bench.servers import running
from schemas import names
from tests import servers

WORK: Final = (
    "ticks of 500 instruments (41 minutes, a reading each) in 4 filled partitions of real Apache Kafka, drained to the "
    "last reading in Redis by two flow processes with recovery on; in turns with bare loops in two processes (consume, "
    "decode and fold; no checks, no state, no output), pair by pair; the broker on the same cores"
)
REPEATS: Final = 3
PROCESSES: Final = 2
ARROW_TICKS: Final = 4096 * tape.ROWS
JSON_TICKS: Final = 6_000_000
ORDINARY_TICKS: Final = 1_500_000
LINES_TICKS: Final = 6_000_000
LINES: Final = 100


@dataclass(frozen=True)
class Lane:
    """A kind of record and a way to read it.

    Attributes:
        name: of the figures.
        content_type: of the records.
        ticks: in all partitions.
        lane: the flow's own, "fast" or "ordinary".
        bare: the loop beside it, if there is one.
        least_ratio: of the bare loop that is promised.
        least_rate: million ticks a second that are promised.
        done: what is done, for people.
    """

    name: str
    content_type: str
    ticks: int
    lane: str
    bare: str | None
    least_ratio: float | None
    least_rate: float | None
    done: str

    def records(self, part: tape.Tape) -> list[bytes]:
        """A partition's ticks as records of this kind."""
        if self.content_type == names.TICKS_ARROW:
            return part.records()
        single = json_records(part)
        if self.bare is not None:
            return single
        return [b"\n".join(single[first : first + LINES]) for first in range(0, len(single), LINES)]


LANES: Final = (
    Lane("lanes/arrow", names.TICKS_ARROW, ARROW_TICKS, "fast", "arrow", 0.5, None, "Arrow records of 8,192 ticks"),
    Lane("lanes/json", names.TICKS_JSON, JSON_TICKS, "fast", "fast", 0.6, None, "single JSON ticks"),
    Lane("lanes/ordinary", names.TICKS_JSON, ORDINARY_TICKS, "ordinary", "ordinary", 0.8, None, "the same, fallback"),
    Lane("lanes/lines", names.TICKS_JSON, LINES_TICKS, "fast", None, None, 5.0, "JSON lines, 100 ticks a record"),
)


def measure() -> list[Figure]:
    """Million ticks a second of each lane, of the bare loop beside it, and their ratio pair by pair."""
    return [figure for lane in LANES for figure in _figures(lane)]


def _figures(lane: Lane) -> list[Figure]:
    whole = tape.make(lane.ticks, MINUTES)
    parts = [whole.partition(number, PARTITIONS) for number in range(PARTITIONS)]
    want, end_us = expected(parts), max(part.end_us for part in parts)
    with running(servers.Kafka()) as kafka:
        fill(kafka.bootstrap, [lane.records(part) for part in parts], lane.content_type, end_us)
        pairs = [_pair(lane, kafka.bootstrap, want, float(whole.size.sum())) for _ in range(REPEATS + 1)][1:]
    ours = tuple(lane.ticks / 1e6 / mine for mine, _ in pairs)
    figures = [Figure(lane.name, ours, "million ticks/s", lane.least_rate, work=lane.done)]
    if lane.bare is not None:
        theirs = tuple(lane.ticks / 1e6 / bare for _, bare in pairs)
        ratio = tuple(a / b for a, b in zip(ours, theirs, strict=True))
        figures.append(Figure(f"{lane.name}/bare", theirs, "million ticks/s", work="the bare loop"))
        figures.append(Figure(f"{lane.name}/ratio", ratio, "of the bare loop", lane.least_ratio, work="pair by pair"))
    return figures


def _pair(lane: Lane, bootstrap: str, want: Readings, volume: float) -> tuple[float, float]:
    """Seconds of the flow, and of the bare loop."""
    bare = _bare(lane, bootstrap, volume) if lane.bare is not None else 0.0
    return _flow(lane, bootstrap, want), bare


def _flow(lane: Lane, bootstrap: str, want: Readings) -> float:
    with running(servers.Redis()) as store, tempfile.TemporaryDirectory(prefix="esi-bench-") as name:
        folder = Path(name)
        addresses = ",".join(f"127.0.0.1:{servers.free_port()}" for _ in range(PROCESSES))
        command = [sys.executable, "-m", "bench.drain", bootstrap, store.url, name, FEED, lane.lane, addresses]
        with (folder / "flow.log").open("ab") as log:
            flows = [
                subprocess.Popen([*command, str(number)], stdout=log, stderr=log, cwd=servers.CHECKOUT)
                for number in range(PROCESSES)
            ]
        try:
            waited(store.client(), want[-1][0], flows, folder)
        finally:
            for flow in flows:
                flow.send_signal(signal.SIGKILL)
                flow.wait()
        with store.client() as client:
            entries: Any = client.xrange(names.stream(FEED, "readings"))
        check([(entry.decode(), fields[b"reading"]) for entry, fields in entries], want)
        return (int(entries[-1][1][b"sent_ns"]) - int((folder / BEGAN).read_text())) / 1e9


def _bare(lane: Lane, bootstrap: str, volume: float) -> float:
    command = [sys.executable, "-m", "bench.bare_lanes", str(lane.bare), bootstrap, FEED, str(MINUTES)]
    loops = [
        subprocess.Popen(
            [*command, ",".join(str(place) for place in range(number, PARTITIONS, PROCESSES))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=servers.CHECKOUT,
        )
        for number in range(PROCESSES)
    ]  # fmt: skip
    for loop in loops:
        assert loop.stdout is not None
        require(loop.stdout.readline() == "ready\n", "a bare loop did not start")
    said = [json.loads(answer) for answer in _told(loops)]
    require(sum(one["ticks"] for one in said) == lane.ticks, f"the bare loop lost ticks: {said}")
    require(abs(sum(one["volume"] for one in said) - volume) < 1, f"the bare loop misread ticks: {said}")
    return float(max(one["ended"] for one in said) - min(one["began"] for one in said)) / 1e9


def _told(loops: list[subprocess.Popen[str]]) -> list[str]:
    """All are let go together; what each says at its end."""
    for loop in loops:
        assert loop.stdin is not None
        loop.stdin.write("go\n")
        loop.stdin.flush()
    return [loop.communicate(timeout=120)[0] for loop in loops]
