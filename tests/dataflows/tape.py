"""A recorded feed in miniature: ticks good and bad, tocks, and what the pure steps say they must lead to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from dataflows.entries import entries_of
from dataflows.intake import Intake
from models.pipeline import Pipeline
from models.publication import Published, version_of
from models.reference import Reference
from models.serving.seats import Shelf
from models.signals.bars import BarFold
from schemas import json_wire, names, ticks_wire
from schemas.arrow_schemas import TICKS_SCHEMA
from schemas.bars import Partial
from schemas.instruments import Instruments
from schemas.market import Market
from schemas.market_file import parse
from schemas.names import CHANNELS
from schemas.reference import FORMAT, Manifest
from schemas.rejects import Reject

PARTITIONS = 4
START_US = 1_700_000_000_000_000
CONTROLS = {
    (0, 8): [b'{"kind":"model_promoted","name":"lstm","version":"1"}', b'{"kind":"note","value":"halted"}'],
    (0, 14): [b'{"kind":"model_promoted","name":"lstm","version":"2","market":"tape"}'],
    (0, 15): [b'{"kind":"dance"}', b'{"kind":"note","value":""}', b'{"kind":"note","value":"x","market":"other"}'],
    (1, 16): [b'{"kind":"note","value":"on the wrong partition"}'],
}
"""Control records by partition and second; those of the last two seconds are wrong."""

ROGUE_US = START_US + 1_000_000_000_000
"""A tock from a wrong clock, eleven days ahead."""
SECOND_US = 1_000_000
INSTRUMENTS = ("AAA", "BBB", "CCC", "DDD", "EEE", "FFF", "GGG")


def market_text(feed: str) -> str:
    """A small market file that reads `feed`."""
    instruments = "".join(f'[[instrument]]\nname = "{name}"\n' for name in INSTRUMENTS)
    return f"""
version = 1
name = "tape"
feed = "{feed}"
calendar = "24x7"
period = "10s"
step = "1s"
bar = "1s"
lateness = "500ms"
clock = "records"
[half_life]
volatility = "30s"
correlation = "60s"
correlation_short = "20s"
correlation_long = "120s"
[history]
warm_up = 3
capacity = 50
{instruments}
[[segment]]
name = "one"
[[segment.indicator]]
name = "volatility"
kind = "realized_volatility"
of = ["AAA", "BBB"]
[[segment.indicator]]
name = "fall"
kind = "cmax"
of = ["AAA", "CCC"]
window = "60s"
[[segment]]
name = "two"
[[segment.indicator]]
name = "other volatility"
kind = "realized_volatility"
of = ["DDD", "EEE", "FFF"]
[[segment.indicator]]
name = "together"
kind = "correlation_shift"
of = ["AAA", "DDD", "FFF"]
"""


def market(feed: str) -> Market:
    """The market of `market_text`."""
    return parse(market_text(feed).encode(), "tape.toml")


@dataclass(frozen=True)
class Record:
    """One Kafka record of the tape; the methods are those of a Kafka message."""

    partition: int
    number: int
    kind: str
    raw: bytes

    def value(self) -> bytes:
        """Its bytes."""
        return self.raw

    def offset(self) -> int:
        """Where it stands."""
        return self.number

    def headers(self) -> list[tuple[str, bytes]]:
        """Its kind."""
        return [(names.CONTENT_TYPE, self.kind.encode())]


@dataclass(frozen=True)
class Rows:
    """Ticks of one partition between two tocks, as columns in record order."""

    columns: dict[str, Any]
    tock_us: int


def rows(seconds: int, seed: int = 7, per_second: int = 60) -> list[list[Rows]]:
    """The tape's content: for every partition, its ticks second by second, each with the tock behind it.

    Some ticks come late, twice, from unknown instruments, with prices that are absurd, negative or missing; one
    tock comes from a wrong clock. The control records of `CONTROLS` stand between them.
    """
    random = np.random.default_rng(seed)
    prices = 100 + np.cumsum(random.normal(0, 0.02, (seconds * per_second, len(INSTRUMENTS))), axis=0)
    tape: list[list[Rows]] = [[] for _ in range(PARTITIONS)]
    for second in range(seconds):
        count = per_second
        code = random.integers(0, len(INSTRUMENTS) + 1, count)  # the last one nobody knows
        at_us = START_US + second * SECOND_US + np.sort(random.integers(0, SECOND_US, count))
        at_us -= np.where(random.random(count) < 0.02, 3 * SECOND_US, 0)  # late
        price = prices[second * per_second : (second + 1) * per_second, 0:1] * np.ones((1, len(INSTRUMENTS) + 1))
        price = price[np.arange(count), code] + code
        price = np.where(random.random(count) < 0.01, price * 3, price)  # absurd
        price = np.where(random.random(count) < 0.01, -price, price)  # negative
        price = np.where(random.random(count) < 0.01, np.nan, price)  # missing
        seq = second * per_second + np.arange(count)
        seq = np.where(random.random(count) < 0.02, np.maximum(seq - 5, 0), seq)  # twice, some of them
        size = random.integers(1, 9, count).astype(float)
        partition = (code + random.integers(0, 2, count)) % PARTITIONS  # an instrument may come on any partition
        for number in range(PARTITIONS):
            mine = partition == number
            columns = {"instrument": code, "ts_us": at_us, "price": price, "size": size, "seq": seq}
            tape[number].append(Rows({k: v[mine] for k, v in columns.items()}, START_US + (second + 1) * SECOND_US))
    for number in range(PARTITIONS):
        tape[number].append(Rows({}, START_US + (seconds + 2) * SECOND_US))  # the end passes the last step
    return tape


def records(tape: list[list[Rows]], form: str, seed: int = 0) -> list[list[Record]]:
    """The tape as records, by partition.

    Args:
        tape: of `rows`.
        form: `arrow`, `json` (one tick a record), `lines` (several), or `mixed`.
        seed: how ticks are cut into records.
    """
    random = np.random.default_rng(seed)
    return [_partition_records(number, parts, form, random) for number, parts in enumerate(tape)]


def _partition_records(number: int, parts: list[Rows], form: str, random: np.random.Generator) -> list[Record]:
    made: list[tuple[str, bytes]] = []
    for second, part in enumerate(parts):
        count = len(part.columns.get("ts_us", ()))
        first = 0
        while first < count:
            last = min(count, first + int(random.integers(1, 20)))
            chosen = form if form != "mixed" else str(random.choice(["arrow", "json", "lines"]))
            made += _encoded({k: v[first:last] for k, v in part.columns.items()}, chosen)
            first = last
        made.append((names.TOCK_JSON, json_wire.encode_tock(part.tock_us)))
        if number == 2 and second == len(parts) // 3:
            made.append((names.TOCK_JSON, json_wire.encode_tock(ROGUE_US)))
        made += [(names.CONTROL_JSON, raw) for raw in CONTROLS.get((number, second), ())]
    return [Record(number, offset, kind, raw) for offset, (kind, raw) in enumerate(made)]


def _encoded(columns: dict[str, Any], form: str) -> list[tuple[str, bytes]]:
    if form == "arrow":
        known = (*INSTRUMENTS, "NOBODY")
        return [(names.TICKS_ARROW, ticks_wire.encode(columns, known, TICKS_SCHEMA))]
    lines = [_line(columns, row) for row in range(len(columns["ts_us"]))]
    return [(names.TICKS_JSON, line) for line in lines] if form == "json" else [(names.TICKS_JSON, b"\n".join(lines))]


def _line(columns: dict[str, Any], row: int) -> bytes:
    tick = {name: column[row].item() for name, column in columns.items()}
    tick["instrument"] = (*INSTRUMENTS, "NOBODY")[tick["instrument"]]
    if tick["price"] != tick["price"]:
        del tick["price"]
    # every other line as a person would write it: that is the ordinary decoder's in both lanes
    return json.dumps(tick, separators=(",", ":") if row % 2 else None).encode()


def expected(
    feed: str, tape: list[list[Record]], described: Market | None = None, shelf: Shelf | None = None
) -> tuple[dict[str, list[tuple[str, bytes]]], list[Reject]]:
    """What the pure steps publish for the tape, by channel: (id, body) in order; and what they reject.

    `described` is another market of the same instruments; models come from the shelf.
    """
    described = market(feed) if described is None else described
    streams: dict[str, list[tuple[str, bytes]]] = {channel: [] for channel in CHANNELS}
    rejects: list[Reject] = []
    pipeline = Pipeline(described, len(tape), shelf=shelf)
    for number, part in enumerate(tape):
        fold = BarFold(described)
        intake = Intake(feed, number, fold, Instruments(INSTRUMENTS), rejects.append, markets=(described.name,))
        for folded in intake.take(list(part)):
            if not len(folded.reached_us) and not folded.controls:
                continue
            for published in pipeline.feed(Partial(number, folded.reached_us, folded.bars, folded.controls)):
                for entry in entries_of(published):
                    streams[CHANNELS[entry.channel - 1]].append((entry.id, entry.body))
    return streams, rejects


def reference(described: Market, through_us: int) -> Reference:
    """An artifact of the tape's market: bars of one partition, a second each, up to a time."""
    pipeline, fold = Pipeline(described), BarFold(described)
    said = [p for p in _bars_said(pipeline, fold, START_US, through_us) if p.final]
    manifest = Manifest(
        format=FORMAT, market=described.name, version=version_of(described), finals=len(said), first="", last="",
        head=pipeline.snapshot()["publication"]["prev_hash"], inputs={}, release="", sources="", cpu="", python="",
        libraries={},
    )  # fmt: skip
    state = {"fold": fold.snapshot(), "pipeline": pipeline.snapshot()}
    return Reference(manifest, state, tuple(p.reading for p in said), said[-1].details or b"")


def whole(described: Market, through_us: int) -> list[Published]:
    """What the steps publish for the same bars from the beginning to a later time."""
    return _bars_said(Pipeline(described), BarFold(described), START_US, through_us)


def bars_between(after_us: int, through_us: int) -> list[tuple[str, bytes]]:
    """The bars that end then as records with their tocks: kind and bytes."""
    found = []
    for end_us in range(after_us + SECOND_US, through_us + 1, SECOND_US):
        lines = [json.dumps(_bar(name, n, end_us)).encode() for n, name in enumerate(INSTRUMENTS)]
        found += [(names.BARS_JSON, b"\n".join(lines)), (names.TOCK_JSON, json_wire.encode_tock(end_us + SECOND_US))]
    return found


def _bar(name: str, number: int, end_us: int) -> dict[str, Any]:
    random = np.random.default_rng(end_us // SECOND_US + number)
    price = 100 + number + float(random.normal(0, 0.05))
    times = {"start_us": end_us - SECOND_US, "end_us": end_us, "available_us": end_us}
    prices = {"open": price, "high": price + 0.01, "low": price - 0.01, "close": price, "volume": 3.0}
    return {"instrument": name, **times, **prices}


def _bars_said(pipeline: Pipeline, fold: BarFold, after_us: int, through_us: int) -> list[Published]:
    intake = Intake("tape", 0, fold, Instruments(INSTRUMENTS), _refuse)
    made = [Record(0, n, kind, raw) for n, (kind, raw) in enumerate(bars_between(after_us, through_us))]
    folded = [f for record in made for f in intake.take([record]) if len(f.reached_us)]
    return [said for f in folded for said in pipeline.feed(Partial(0, f.reached_us, f.bars))]


def _refuse(reject: Reject) -> None:
    msg = f"the bars are good, yet {reject.reason}"
    raise AssertionError(msg)
