"""Floods and oddities: the same bytes as ever, memory bounded, and what was not used is counted and kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import redis

from schemas import json_wire, names, ticks_wire
from schemas.arrow_schemas import TICKS_SCHEMA
from tests import servers
from tests.dataflows import tape as tapes
from tests.dataflows.flows import Flow, produce, published, rejected, wait_for
from tests.slow import Slow

MOST = 1_500_000_000
"""Bytes of resident memory that a process of a flow may have."""

MILLION = 1_000_000


class Watched:
    """Most resident memory of a flow so far."""

    def __init__(self, flow: Flow) -> None:
        assert flow.process is not None
        self._process, self.most, self.done = psutil.Process(flow.process.pid), 0, threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        while not self.done.wait(0.02):
            self.most = max(self.most, self._process.memory_info().rss)

    def end(self) -> None:
        """Watches no longer."""
        self.done.set()
        self._thread.join()


@contextmanager
def bounded(flow: Flow) -> Iterator[None]:
    """A running flow that stays within its memory."""
    with flow:
        watched = Watched(flow)
        try:
            yield
        finally:
            watched.end()
    assert 100_000_000 < watched.most < MOST


def arrow(at_us: np.ndarray[Any, Any], code: np.ndarray[Any, Any], price: float, known: tuple[str, ...]) -> bytes:
    """A record of ticks at one price: a million of them compress well below the longest record."""
    columns = {"instrument": code, "ts_us": at_us, "price": np.full(len(code), price), "size": np.ones(len(code))}
    return ticks_wire.encode(columns, known, TICKS_SCHEMA)


def numbered(parts: list[list[tuple[str, bytes]]]) -> list[list[tapes.Record]]:
    return [
        [tapes.Record(number, offset, kind, raw) for offset, (kind, raw) in enumerate(part)]
        for number, part in enumerate(parts)
    ]


def tock(second: int) -> tuple[str, bytes]:
    return names.TOCK_JSON, json_wire.encode_tock(tapes.START_US + second * tapes.SECOND_US)


def run_bounded(
    tape: list[list[tapes.Record]], kafka: servers.Kafka, url: str, client: redis.Redis, folder: Path, feed: str
) -> list[Any]:
    """Produces a tape, lets a flow drain it, holds its streams against the pure steps; gives what these reject."""
    want, rejects = tapes.expected(feed, tape)
    produce(kafka.bootstrap, feed, tape)
    flow = Flow(folder, feed, kafka.bootstrap, url)
    with bounded(flow):
        wait_for(client, want, flow, 120)
        assert published(client) == want
        assert flow.stop()[0] == 0, flow.log[-2000:]
    return rejects


def test_records_of_one_tick_and_of_a_million_stand_side_by_side(
    kafka: servers.Kafka, redis_server: servers.Redis, clean_redis: redis.Redis, tmp_path: Path, unique_name: str
) -> None:
    spread, one = np.arange(MILLION, dtype=np.int64) * 2, np.array([0], np.int32)
    parts: list[list[tuple[str, bytes]]] = []
    for number in range(4):
        made = []
        for second in range(0, 12, 2):
            start = tapes.START_US + second * tapes.SECOND_US
            code = np.sort(np.arange(MILLION, dtype=np.int32) % len(tapes.INSTRUMENTS))
            made.append(
                (names.TICKS_ARROW, arrow(start + spread, code, 100 + number + second / 1_000, tapes.INSTRUMENTS))
            )
            last = np.array([start + 2 * tapes.SECOND_US - 1])
            made.append((names.TICKS_ARROW, arrow(last, one, 100 + number + second / 1_000, tapes.INSTRUMENTS)))
        parts.append([*made, tock(14)])
    sizes = sorted(len(raw) for part in parts for _, raw in part)
    assert sizes[-1] > MILLION, "records beyond the size of a fetch, whose ticks take 28 MB each"
    assert run_bounded(numbered(parts), kafka, redis_server.url, clean_redis, tmp_path, unique_name) == []


def test_sixty_four_partitions_on_one_worker(
    kafka: servers.Kafka, redis_server: servers.Redis, clean_redis: redis.Redis, tmp_path: Path, unique_name: str
) -> None:
    content = [part for seed in range(16) for part in tapes.rows(15, seed=seed)]
    tape = tapes.records(content, "mixed", seed=2)
    assert len(tape) == 64
    assert run_bounded(tape, kafka, redis_server.url, clean_redis, tmp_path, unique_name)


def test_one_partition_is_flooded_while_the_others_only_know_the_time(
    kafka: servers.Kafka, redis_server: servers.Redis, clean_redis: redis.Redis, tmp_path: Path, unique_name: str
) -> None:
    flood = tapes.records(tapes.rows(20, per_second=5_000), "arrow", seed=3)[1]
    ticks = [(record.kind, record.raw) for record in flood]
    parts = [[tock(second) for second in range(1, 23)] for _ in range(4)]
    parts[1] = ticks
    assert run_bounded(numbered(parts), kafka, redis_server.url, clean_redis, tmp_path, unique_name)


def test_batches_of_strangers_are_counted_kept_and_forgotten(
    kafka: servers.Kafka, redis_server: servers.Redis, clean_redis: redis.Redis, tmp_path: Path, unique_name: str
) -> None:
    """Twenty records of 65,536 names that nobody knows, others each time, and one of a name too many."""
    count, tape = ticks_wire.MAX_NAMES, tapes.records(tapes.rows(15), "arrow")
    code, records = np.arange(count, dtype=np.int32), [(record.kind, record.raw) for record in tape[0]]
    at_us = np.full(count, tapes.START_US + tapes.SECOND_US)
    for turn in range(20):
        strangers = tuple(f"X{turn}-{number}" for number in range(count))
        records.insert(turn * 2, (names.TICKS_ARROW, arrow(at_us, code, 1.0, strangers)))
    more = tuple(f"Y{number}" for number in range(count + 1))
    records.insert(5, (names.TICKS_ARROW, arrow(at_us, code, 1.0, more)))
    tape[0] = numbered([records])[0]
    rejects = run_bounded(tape, kafka, redis_server.url, clean_redis, tmp_path, unique_name)
    unknown = [one for one in rejects if one.reason == "unknown_instrument" and len(one.rows) == count]
    assert (len(unknown), sum(one.reason == "oversized" for one in rejects)) == (20, 1)
    kept = {(offset, rows) for part, offset, why, rows, _ in rejected(kafka.bootstrap, unique_name) if part == 0}
    assert {(one.offset, f"0-{count - 1}") for one in unknown} <= kept


@pytest.mark.timeout(240)
def test_a_slow_redis_slows_the_flow_and_nothing_else(
    kafka: servers.Kafka, redis_server: servers.Redis, clean_redis: redis.Redis, tmp_path: Path, unique_name: str
) -> None:
    """Half a second an answer: nothing is shed, entries go together, and the end comes as soon as it is asked for."""
    with Slow(redis_server.port, 0.5) as slow:
        url = redis_server.url.replace(str(redis_server.port), str(slow.port))
        tape = tapes.records(tapes.rows(60), "mixed", seed=6)
        want, _ = tapes.expected(unique_name, tape)
        produce(kafka.bootstrap, unique_name, tape)
        flow = Flow(tmp_path, unique_name, kafka.bootstrap, url)
        with bounded(flow):
            began = time.monotonic()
            wait_for(clean_redis, want, flow, 120)
            assert published(clean_redis) == want
            calls = (time.monotonic() - began) / 0.5
            assert calls < len(want["readings"]), "entries share calls"
            assert flow.stop()[0] == 0, flow.log[-2000:]
