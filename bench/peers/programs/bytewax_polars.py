"""Arrow records in Bytewax: Polars makes partial bars of a batch of them, fold_window puts these together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import answers
import bytewax.operators as op
import bytewax.operators.windowing as windows
import polars as pl
import pyarrow as pa
from bytewax.connectors.kafka import KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, run_main

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Part = list[Any]


def parts(messages: list[Any]) -> list[tuple[str, Part]]:
    """Partial bars (start, open, high, low, close, volume, count) of a batch of messages, oldest first."""
    tables = [pa.ipc.open_stream(message.value).read_all() for message in messages if message.value]
    frame = pl.concat([pl.from_arrow(table) for table in tables])
    price = pl.col("price")
    found = (
        frame.lazy()
        .with_columns(pl.col("instrument").cast(pl.String), start=pl.col("ts_us") // answers.MINUTE_US)
        .group_by("instrument", "start")
        .agg(
            price.first().alias("open"), price.max().alias("high"), price.min().alias("low"),
            price.last().alias("close"), pl.col("size").sum().alias("volume"), pl.len().alias("count"),
        )
        .sort("start")
        .collect()
    )  # fmt: skip
    return [(row[0], list(row[1:])) for row in found.rows()]


def at(part: Part) -> datetime:
    """The minute's start stands for event time."""
    return EPOCH + timedelta(minutes=part[0])


def added(bar: Part, part: Part) -> Part:
    """A bar with a later part."""
    if not bar:
        return part[1:]
    return [bar[0], max(bar[1], part[2]), min(bar[2], part[3]), part[4], bar[4] + part[5], bar[5] + part[6]]


def merged(_: Part, __: Part) -> Part:
    """Of two bars of one window: tumbling windows have none."""
    raise NotImplementedError


def flow(told: answers.Job, out: list[Any]) -> Dataflow:
    """From the topic to rows."""
    made = Dataflow("bars")
    source: KafkaSource = KafkaSource(
        [told.source], [told.topic], tail=False, batch_size=64, add_config={"queued.max.messages.kbytes": "65536"}
    )
    partial = op.flat_map_batch("parts", op.input("in", made, source), parts)
    clock = windows.EventClock(at, wait_for_system_duration=timedelta(minutes=1))
    tumbling = windows.TumblingWindower(length=timedelta(minutes=1), align_to=EPOCH)
    closed = windows.fold_window("bars", partial, clock, tumbling, list, added, merged)

    def row(state: answers.Ewma | None, window: tuple[int, Part]) -> tuple[answers.Ewma, answers.Row]:
        mean = state or answers.Ewma(told.weight)
        number, bar = window
        return mean, (number * answers.MINUTE_US, *bar, mean.add(bar[3]))

    op.output("out", op.stateful_map("volatility", closed.down, row), TestingSink(out))
    return made


def once(told: answers.Job) -> list[answers.Row]:
    """One drain of the topic."""
    out: list[Any] = []
    run_main(flow(told, out))
    return [(instrument, *row) for instrument, row in out]


if __name__ == "__main__":
    asked = answers.job()
    answers.repeat(asked, lambda _: once(asked))
