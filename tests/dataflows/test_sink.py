"""The writer of streams on a real Redis: what the script answers, and what it leaves."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import redis
from prometheus_client import REGISTRY

from dataflows import metrics, sink
from dataflows.config import FlowConfig, FlowError
from dataflows.ended import EndedStreams
from dataflows.entries import Entry
from dataflows.hops import HOPS, UNTRACED
from dataflows.sink import MarketStreams, StreamsSink, announce
from models.publication import Published
from schemas import names
from tests import servers
from tests.dataflows import tape

STREAM = names.stream("m", "readings")


@pytest.fixture
def writer(redis_server: servers.Redis, clean_redis: redis.Redis) -> Iterator[MarketStreams]:
    made = MarketStreams(config(redis_server), "m")
    yield made
    made.close()


def config(redis_server: servers.Redis, **more: Any) -> FlowConfig:
    return FlowConfig("f", (tape.market("f"),), "unused", redis_server.url, Path("unused"), **more)


def reading(ms: int, body: bytes = b"{}", final: bool = False) -> Entry:
    return Entry(1, f"{ms}-{int(final)}", "final" if final else "provisional", body)


def clock(sleep: Callable[[float], object]) -> SimpleNamespace:
    """The clock as the sink sees it; instead of sleeping it does something."""
    return SimpleNamespace(sleep=sleep, time_ns=time.time_ns, monotonic=time.monotonic)


def said(writer: MarketStreams, *entries: Entry) -> list[str]:
    return writer._call(list(entries))


def test_what_is_new_is_added_and_set_as_latest(writer: MarketStreams, clean_redis: redis.Redis) -> None:
    entries = [reading(1, b"one"), Entry(2, "2-0", "other", b"bars"), Entry(3, "2-1", "other", b"details"),
               reading(2, b"two", final=True), reading(3, b"three")]  # fmt: skip
    assert said(writer, *entries) == ["added"] * 5
    stored = clean_redis.xrange(STREAM)
    assert [(i, f[b"reading"]) for i, f in stored] == [(b"1-0", b"one"), (b"2-1", b"two"), (b"3-0", b"three")]
    assert clean_redis.xrange(names.stream("m", "bars"))[0][1][b"bars"] == b"bars"
    assert clean_redis.xrange(names.stream("m", "details"))[0][0] == b"2-1"
    latest = clean_redis.hgetall(names.latest_key("m"))
    assert latest.pop(b"sent_ns") == stored[-1][1][b"sent_ns"]
    assert latest == {b"id": b"3-0", b"reading": b"three", b"final_id": b"2-1", b"final": b"two"}


def test_what_is_there_already_is_the_same_and_the_rest_goes_on(
    writer: MarketStreams, clean_redis: redis.Redis
) -> None:
    said(writer, reading(1), reading(2))
    before = clean_redis.xrange(STREAM)
    assert said(writer, reading(1), reading(2), reading(3)) == ["same", "same", "added"]
    assert clean_redis.xrange(STREAM)[:2] == before


@pytest.mark.parametrize("keep", [0, 1])
def test_what_the_archiver_has_trimmed_is_trimmed(writer: MarketStreams, clean_redis: redis.Redis, keep: int) -> None:
    said(writer, reading(1), reading(2), reading(3))
    clean_redis.xtrim(STREAM, maxlen=keep, approximate=False)
    assert said(writer, reading(1), reading(2), reading(4)) == ["trimmed", "trimmed", "added"]
    assert clean_redis.xlen(STREAM) == keep + 1


@pytest.mark.parametrize("clash", [reading(2, b"other"), reading(3)], ids=["other bytes", "an id passed over"])
def test_a_conflict_ends_the_call_and_writes_nothing_more(
    writer: MarketStreams, clean_redis: redis.Redis, clash: Entry
) -> None:
    said(writer, reading(1), reading(2), reading(4))
    latest = clean_redis.hgetall(names.latest_key("m"))
    assert said(writer, reading(1), clash, reading(5), reading(6)) == ["same", "conflict"]
    assert [i for i, _ in clean_redis.xrange(STREAM)] == [b"1-0", b"2-0", b"4-0"]
    assert clean_redis.hgetall(names.latest_key("m")) == latest


def test_a_fenced_writer_writes_nothing(
    writer: MarketStreams, redis_server: servers.Redis, clean_redis: redis.Redis
) -> None:
    said(writer, reading(1))
    second = MarketStreams(config(redis_server), "m")
    assert said(writer, reading(2), reading(3)) == ["fenced"]
    assert clean_redis.xlen(STREAM) == 1
    assert clean_redis.hget(names.latest_key("m"), "id") == b"1-0"
    assert said(second, reading(2)) == ["added"]
    second.close()


def test_a_wrong_type_stops_where_it_stands_and_says_so(writer: MarketStreams, clean_redis: redis.Redis) -> None:
    clean_redis.set(names.stream("m", "bars"), "no stream")
    entries = [reading(1), Entry(2, "2-0", "other", b"b"), reading(2)]
    answer = said(writer, *entries)
    assert answer[0] == "added"
    assert "WRONGTYPE" in answer[1]
    assert len(answer) == 2
    assert clean_redis.xlen(STREAM) == 1
    with pytest.raises(FlowError, match="Redis refuses entries of m"):
        writer._judge(entries[1], answer[1])


def test_what_the_cap_cuts_is_counted(redis_server: servers.Redis, clean_redis: redis.Redis) -> None:
    writer = MarketStreams(config(redis_server, cap=200), "m")
    for first in range(0, 1000, 100):
        assert set(said(writer, *(reading(ms) for ms in range(first + 1, first + 101)))) == {"added"}
    left = clean_redis.xlen(STREAM)
    assert 200 <= left < 400
    assert int(clean_redis.get(names.cut_key("m", "readings")) or 0) == 1000 - left
    assert clean_redis.xrange(STREAM, count=1)[0][0] == b"%d-0" % (1001 - left)
    assert clean_redis.get(names.cut_key("m", "bars")) is None
    writer.close()


def test_without_memory_nothing_is_half_written(own_redis: servers.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    """The call is refused as a whole, repeated, and leaves stream and hash in step."""
    writer = MarketStreams(config(own_redis), "m")
    with own_redis.client() as client:
        said(writer, reading(1))
        client.config_set("maxmemory", 1)
        with pytest.raises(redis.ResponseError):
            said(writer, reading(2), reading(3))
        assert client.xlen(STREAM) == 1
        assert client.hget(names.latest_key("m"), "id") == b"1-0"
        monkeypatch.setattr(sink, "time", clock(lambda _s: client.config_set("maxmemory", 0)))
        writer._write([reading(2), reading(3)])
        assert client.xlen(STREAM) == 3
        assert client.hget(names.latest_key("m"), "id") == b"3-0"
    writer.close()


def test_redis_away_is_waited_for_and_counted(own_redis: servers.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = MarketStreams(config(own_redis), "away")
    own_redis.kill()
    monkeypatch.setattr(sink, "time", clock(lambda _s: own_redis.restart()))
    writer._write([reading(1)])
    with own_redis.client() as client:
        assert client.xlen(names.stream("away", "readings")) == 1
    waits = [m for m in metrics.REDIS_WAITS.collect()[0].samples if m.labels["market"] == "away"]
    assert sum(m.value for m in waits if m.name.endswith("_total")) == 1
    writer.close()


def published(at_us: int, **more: Any) -> Published:
    values = {"at_us": at_us, "final": False, "reading": b"r", "bars": None, "details": None}
    return Published(**{name: (values | more).get(name) for name in Published.__dataclass_fields__})


def test_a_batch_is_written_in_order_and_counted(writer: MarketStreams, clean_redis: redis.Redis) -> None:
    batch = [("m", published(n * 1000, bars=b"b%d" % n), UNTRACED) for n in range(1, 251)]
    writer.write_batch(batch)
    writer.write_batch(batch)  # as after a crash
    assert [i for i, _ in clean_redis.xrange(STREAM)] == [b"%d-0" % n for n in range(1, 251)]
    assert clean_redis.xlen(names.stream("m", "bars")) == 250
    assert metrics.REFUSALS.labels("m", "same")._value.get() >= 500


@pytest.mark.parametrize("clock", ["wall", "records"])
def test_a_trace_ends_here_and_a_step_that_the_clock_ends_is_timed(
    redis_server: servers.Redis, clean_redis: redis.Redis, clock: str
) -> None:
    name = f"hops-{clock}"
    market = tape.market("f").model_copy(update={"name": name, "clock": clock})
    writer = MarketStreams(FlowConfig("f", (market,), "unused", redis_server.url, Path("unused")), name)
    began_us = time.time_ns() // 1000 - 2_000_000
    writer.write_batch([published(1000)])  # of an artifact: long ago, and not timed
    writer.write_batch([(name, published(began_us), tuple(range(1_000, 6_000, 1_000)))])
    counts = {hop: REGISTRY.get_sample_value("esi_hop_seconds_count", {"market": name, "hop": hop}) for hop in HOPS}
    assert counts == dict.fromkeys(HOPS, 1.0)
    total = REGISTRY.get_sample_value("esi_step_end_seconds_sum", {"market": name})
    assert total is None if clock == "records" else total is not None and 2.0 <= total < 30
    assert clean_redis.xlen(names.stream(name, "readings")) == 2
    writer.close()


@pytest.mark.parametrize(("word", "says"), [("fenced", "another flow writes m now"), ("conflict", "holds other bytes")])
def test_what_cannot_be_mended_stops_the_flow(writer: MarketStreams, word: str, says: str) -> None:
    with pytest.raises(FlowError, match=says):
        writer._judge(reading(1), word)


def test_markets_are_announced_once_with_a_lasting_epoch(redis_server: servers.Redis, clean_redis: redis.Redis) -> None:
    announce(config(redis_server), {"m": b"old", "n": b"card"})
    epoch = clean_redis.get(names.epoch_key("m"))
    announce(config(redis_server), {"m": b"new"})
    assert clean_redis.smembers(names.MARKETS_KEY) == {b"m", b"n"}
    assert clean_redis.get(names.market_key("m")) == b"new"
    assert clean_redis.get(names.epoch_key("m")) == epoch != clean_redis.get(names.epoch_key("n"))


def test_every_market_is_a_partition_of_the_sink(redis_server: servers.Redis, clean_redis: redis.Redis) -> None:
    second = tape.market("f").model_copy(update={"name": "alpha"})
    both = FlowConfig("f~r", (tape.market("f"), second), "k", redis_server.url, Path("s"), run="r")
    streams = StreamsSink(both)
    assert streams.list_parts() == ["alpha~r", "tape~r"]
    assert [streams.part_fn(name) for name in streams.list_parts()] == [0, 1]
    streams.build_part("publish", "tape~r", None).close()
    assert clean_redis.get(names.writer_key("tape~r")) == b"1"


def test_a_market_that_has_ended_keeps_its_place_and_its_writer(
    redis_server: servers.Redis, clean_redis: redis.Redis
) -> None:
    found = StreamsSink(config(redis_server), ["old"])
    assert found.list_parts() == ["old", "tape"]
    assert found.part_fn("tape") == 1
    assert isinstance(found.build_part("publish", "old", None), EndedStreams)
    assert clean_redis.exists(names.writer_key("old")) == 0
    writer = found.build_part("publish", "tape", None)
    assert clean_redis.get(names.writer_key("tape")) == b"1"
    writer.close()
