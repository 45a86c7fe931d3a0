"""The job by stock Bytewax: its KafkaSource and its fold_window, in one worker (pickling makes two slower)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import answers
import bytewax.operators as op
import bytewax.operators.windowing as windows
import orjson
from bytewax.connectors.kafka import KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, run_main

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Bar = list[Any]


def at(tick: dict[str, Any]) -> datetime:
    """Event time."""
    return EPOCH + timedelta(microseconds=tick["ts_us"])


def added(bar: Bar, tick: dict[str, Any]) -> Bar:
    """A bar (open, high, low, close, volume, count) with one more tick."""
    price = tick["price"]
    if not bar:
        return [price, price, price, price, tick["size"], 1]
    bar[1] = max(price, bar[1])
    bar[2] = min(price, bar[2])
    bar[3] = price
    bar[4] += tick["size"]
    bar[5] += 1
    return bar


def merged(_: Bar, __: Bar) -> Bar:
    """Of two bars of one window: tumbling windows have none."""
    raise NotImplementedError


def flow(told: answers.Job, out: list[Any]) -> Dataflow:
    """From the topic to rows."""
    made = Dataflow("bars")
    source: KafkaSource = KafkaSource([told.source], [told.topic], tail=False, batch_size=10_000)
    ticks = op.map("decode", op.input("in", made, source), lambda message: orjson.loads(message.value))
    keyed = op.key_on("key", ticks, lambda tick: tick["instrument"])
    # event time is pushed on by the wall clock meanwhile: without a wait a replay's ticks come late
    clock = windows.EventClock(at, wait_for_system_duration=timedelta(minutes=1))
    tumbling = windows.TumblingWindower(length=timedelta(minutes=1), align_to=EPOCH)
    closed = windows.fold_window("bars", keyed, clock, tumbling, list, added, merged)

    def row(state: answers.Ewma | None, window: tuple[int, Bar]) -> tuple[answers.Ewma, answers.Row]:
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
