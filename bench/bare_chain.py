"""The least between a record and Redis: Bytewax as its users would write it, without a step that thinks.

`python -m bench.bare_chain FOLDER BOOTSTRAP REDIS TOPIC` copies records into a stream, recovery on; without the last
three it has no Kafka and no Redis: a thread puts down the time, the source picks it up, and the sink says how old it
was (percentiles in ms as JSON).
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final

import bytewax.operators as op
import redis
from bytewax._bytewax import cli_main, init_db_dir
from bytewax.dataflow import Dataflow
from bytewax.inputs import AbortExecution, FixedPartitionedSource, StatefulSourcePartition
from bytewax.operators import StatefulBatchLogic
from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition
from bytewax.recovery import RecoveryConfig
from confluent_kafka import Consumer, TopicPartition
from hdrh.histogram import HdrHistogram

from bench.steady import PARTITIONS
from dataflows.kafka import consumer_settings

STREAM: Final = "bare"
COUNT: Final = 2_000
GAP_S: Final = 0.0053


class _Records(StatefulSourcePartition[Any, int]):
    def __init__(self, bootstrap: str, topic: str, number: int) -> None:
        self._reader, self._at = Consumer(dict(consumer_settings(bootstrap, "bare"))), 0
        self._reader.assign([TopicPartition(topic, number, 0)])

    def next_batch(self) -> Iterable[Any]:
        got = self._reader.consume(1_000, 0)
        self._at += len(got)
        return [("m", record.value()) for record in got]

    def snapshot(self) -> int:
        return self._at


class _Times(StatefulSourcePartition[Any, None]):
    """What a thread puts down every few milliseconds."""

    def __init__(self) -> None:
        self._left, self._there = COUNT, deque[int]()
        threading.Thread(target=self._put, daemon=True).start()

    def _put(self) -> None:
        while True:
            time.sleep(GAP_S)
            self._there.append(time.perf_counter_ns())

    def next_batch(self) -> Iterable[Any]:
        if self._left <= 0:
            raise AbortExecution
        got = [("m", self._there.popleft()) for _ in range(len(self._there))]
        self._left -= len(got)
        return got

    def snapshot(self) -> None:
        return None


class _Source(FixedPartitionedSource[Any, Any]):
    def __init__(self, told: list[str]) -> None:
        self._told = told

    def list_parts(self) -> list[str]:
        return [str(number) for number in range(PARTITIONS if self._told else 1)]

    def build_part(self, _step_id: str, for_part: str, _resume: Any) -> StatefulSourcePartition[Any, Any]:
        return _Records(self._told[0], self._told[2], int(for_part)) if self._told else _Times()


class _Through(StatefulBatchLogic[Any, Any, None]):
    def on_batch(self, values: list[Any]) -> tuple[Iterable[Any], bool]:
        return values, False

    def snapshot(self) -> None:
        return None


class _Added(StatefulSinkPartition[Any, None]):
    def __init__(self, url: str) -> None:
        self._client = redis.Redis.from_url(url)

    def write_batch(self, values: list[Any]) -> None:
        for value in values:
            self._client.xadd(STREAM, {"record": value})

    def snapshot(self) -> None:
        return None


class _Aged(StatefulSinkPartition[Any, None]):
    def __init__(self) -> None:
        self.taken = HdrHistogram(1, 60_000_000, 3)

    def write_batch(self, values: list[Any]) -> None:
        for value in values:
            self.taken.record_value(max((time.perf_counter_ns() - value) // 1000, 1))

    def snapshot(self) -> None:
        return None


class _Sink(FixedPartitionedSink[Any, None]):
    def __init__(self, told: list[str]) -> None:
        self._told, self.aged = told, _Aged()

    def list_parts(self) -> list[str]:
        return ["m"]

    def build_part(self, _step_id: str, _for_part: str, _resume: None) -> StatefulSinkPartition[Any, None]:
        return _Added(self._told[1]) if self._told else self.aged


def main(folder: str, *told: str) -> None:
    """Runs until it is killed, or has seen enough times."""
    flow, sink = Dataflow("bare"), _Sink(list(told))
    stream = op.input("read", flow, _Source(list(told)))
    op.output("write", op.stateful_batch("step", stream, lambda _resume: _Through()), sink)
    init_db_dir(folder, 1)  # type: ignore[no-untyped-call] # Bytewax leaves its engine untyped
    cli_main(  # type: ignore[no-untyped-call] # as above
        flow,
        epoch_interval=timedelta(milliseconds=250),
        recovery_config=RecoveryConfig(folder, timedelta(0)),  # type: ignore[no-untyped-call] # as above
    )
    print(json.dumps({str(p): sink.aged.taken.get_value_at_percentile(p) / 1e3 for p in (50, 99, 99.9)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
