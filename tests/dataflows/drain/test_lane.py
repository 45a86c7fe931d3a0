"""The fast lane against real Kafka: the same bars, rejects, offsets and ends as the ordinary one."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dataflows.config import FlowConfig, FlowError
from dataflows.drain import lane as fast
from dataflows.drain import plain, scan
from dataflows.drain.lane import FastLane
from dataflows.intake import Intake
from dataflows.lanes import Lane, OrdinaryLane
from models.signals.bars import BarFold
from schemas import names
from schemas.instruments import Instruments
from schemas.rejects import Reject
from tests import servers
from tests.dataflows import tape
from tests.dataflows.flows import produce
from tests.laws import canonical

LANES = [FastLane, OrdinaryLane]


def config(bootstrap: str, feed: str) -> FlowConfig:
    return FlowConfig(feed, (tape.market(feed),), bootstrap, "unused", Path("state"))


class Reading:
    """A lane with what it folds into."""

    def __init__(self, lane: Lane, feed: str) -> None:
        self.lane, self.rejects = lane, list[Reject]()
        self.fold = BarFold(tape.market(feed))
        self.intake = Intake(feed, 0, self.fold, Instruments(tape.INSTRUMENTS), self.rejects.append)
        self.bars: list[Any] = []
        self.offset = 0

    def until(self, offset: int) -> None:
        """Reads as far as an offset."""

        def there() -> bool:
            folded, behind = self.lane.take(self.intake)
            self.bars += [canonical(f.bars) for f in folded if len(f.bars)]
            self.offset = behind or self.offset
            return self.offset >= offset

        servers.wait_until(there, 20, f"offset {offset}")


def test_its_loops_are_compiled_before_it_is_opened() -> None:
    fast.load()
    assert scan.scan.signatures
    assert plain.read.signatures


def patiently(reading: Reading) -> None:
    """Takes for some seconds, whatever comes; what is raised passes."""
    for _ in range(2_000):
        reading.lane.take(reading.intake)
        time.sleep(0.01)


@pytest.mark.parametrize("form", ["json", "mixed"])
def test_both_lanes_say_the_same(kafka: servers.Kafka, unique_name: str, form: str) -> None:
    content = tape.records(tape.rows(20), form, seed=5)
    odd = [(names.TICKS_JSON, b""), (names.TICKS_JSON, b"{"), ("text/strange", b"x"), ("", content[0][0].raw)]
    first = content[0] + [tape.Record(0, len(content[0]) + n, kind, raw) for n, (kind, raw) in enumerate(odd)]
    produce(kafka.bootstrap, unique_name, [first, *content[1:]])
    said = []
    for open_lane in LANES:
        reading = Reading(open_lane(config(kafka.bootstrap, unique_name), 0, 0), unique_name)
        reading.until(len(first))
        assert reading.lane.newest() == len(first)
        reading.lane.close()
        said.append((reading.rejects, canonical(reading.fold.snapshot()), sum(map(len, reading.bars))))
    assert said[0][0] == said[1][0]
    assert said[0][1:] == said[1][1:]
    assert {"malformed", "empty", "unknown_kind", "late"} <= {reject.reason.value for reject in said[0][0]}


@pytest.mark.parametrize("open_lane", LANES)
def test_a_lane_begins_where_it_is_told(kafka: servers.Kafka, unique_name: str, open_lane: Callable[..., Lane]) -> None:
    content = tape.records(tape.rows(5), "json")
    produce(kafka.bootstrap, unique_name, content)
    reading = Reading(open_lane(config(kafka.bootstrap, unique_name), 0, len(content[0]) - 3), unique_name)
    reading.until(len(content[0]))
    assert reading.intake.ticks + sum(len(r.rows) or 1 for r in reading.rejects) <= 3
    assert reading.lane.take(reading.intake) == ([], None)
    assert abs(reading.lane.appended_ms() / 1000 - time.time()) < 60, "the broker's time, though nothing came last"
    reading.lane.close()


@pytest.mark.parametrize("open_lane", LANES)
def test_an_offset_that_is_gone_ends_the_flow(
    kafka: servers.Kafka, unique_name: str, open_lane: Callable[..., Lane]
) -> None:
    produce(kafka.bootstrap, unique_name, tape.records(tape.rows(2), "json"))
    reading = Reading(open_lane(config(kafka.bootstrap, unique_name), 0, 1_000_000), unique_name)
    with pytest.raises(FlowError, match="lost before they were read"):
        patiently(reading)
    reading.lane.close()
