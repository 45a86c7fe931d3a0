"""A fresh flow begins with the artifact that is shipped, publishes its finals once, and goes on from its state."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import redis
from bytewax._bytewax import init_db_dir

from dataflows import kafka as clients
from dataflows.beginning import _has_saved, begin, publish
from dataflows.config import FlowConfig, FlowError
from models.reference import Reference, encode
from schemas import names
from schemas.reading import decode_reading
from schemas.reference import file_of
from tests import servers
from tests.dataflows import tape
from tests.dataflows.flows import Flow

MIDDLE = tape.START_US + 300 * tape.SECOND_US
END = MIDDLE + 60 * tape.SECOND_US


@cache
def artifact(feed: str = "f") -> Reference:
    return tape.reference(tape.market(feed), MIDDLE)


def config(folder: Path, url: str = "unused", **more: Any) -> FlowConfig:
    shipped = folder / "shipped"
    shipped.mkdir(exist_ok=True)
    if not file_of(shipped, "tape").exists():
        file_of(shipped, "tape").write_bytes(encode(artifact()))
    fields = {"references": shipped, **more}
    return FlowConfig("f", fields.pop("markets", (tape.market("f"),)), "unused", url, folder / "state", **fields)


def saved(folder: Path) -> None:
    """A recovery store with something in it."""
    import sqlite3

    state = folder / "state"
    state.mkdir(exist_ok=True)
    init_db_dir(str(state), 1)  # type: ignore[no-untyped-call]
    with sqlite3.connect(state / "part-0.sqlite3") as store:
        store.execute("INSERT INTO snaps (step_id, state_key, snap_epoch, ser_change) VALUES ('a', 'b', 1, x'00')")
    store.close()


def stream(client: redis.Redis, channel: str = "readings") -> list[tuple[str, bytes]]:
    entries = client.xrange(names.stream("tape", channel))
    return [(i.decode(), fields[channel.removesuffix("s").encode() if channel == "readings" else channel.encode()])
            for i, fields in entries]  # fmt: skip


def test_a_fresh_flow_begins_with_the_artifact_and_keeps_it(tmp_path: Path) -> None:
    begun = begin(config(tmp_path))
    assert set(begun.steps) == set(begun.finals) == {"tape"}
    assert len(begun.folds) == 4
    assert [p.reading for p in begun.finals["tape"]] == list(artifact().finals)
    kept = tmp_path / "state" / "tape.reference"
    assert kept.read_bytes() == encode(artifact())
    assert list(kept.parent.iterdir()) == [kept]


def test_a_store_that_was_made_and_holds_nothing_is_as_fresh(tmp_path: Path) -> None:
    begin(config(tmp_path))
    init_db_dir(str(tmp_path / "state"), 2)  # type: ignore[no-untyped-call]
    assert set(begin(config(tmp_path)).finals) == {"tape"}


def test_a_flow_that_has_saved_goes_on_with_the_artifact_that_it_began_with(tmp_path: Path) -> None:
    begin(config(tmp_path))
    saved(tmp_path)
    shutil.rmtree(tmp_path / "shipped")
    begun = begin(replace(config(tmp_path), references=None))
    assert set(begun.steps) == {"tape"}
    assert begun.finals == {}


def test_a_flow_that_began_without_goes_on_without(tmp_path: Path) -> None:
    saved(tmp_path)
    begun = begin(config(tmp_path))
    assert (dict(begun.steps), begun.folds, dict(begun.finals)) == ({}, (), {})


def test_runs_and_markets_without_an_artifact_begin_with_nothing(tmp_path: Path) -> None:
    assert not begin(config(tmp_path, run="r1")).steps
    assert not begin(config(tmp_path, references=None)).steps
    assert not begin(config(tmp_path, markets=(tape.market("f").model_copy(update={"name": "x"}),))).steps


def test_a_market_that_shares_its_feed_begins_with_the_artifact_but_not_with_its_prices(tmp_path: Path) -> None:
    other = tape.market("f").model_copy(update={"name": "x", "instrument": tape.market("f").instrument[:-1]})
    same = begin(config(tmp_path, markets=(tape.market("f"), other)))
    assert (set(same.steps), len(same.folds)) == ({"tape"}, 4)
    smaller = begin(config(tmp_path, markets=(other.model_copy(update={"name": "tape"}), tape.market("f"))[1:]))
    assert len(smaller.folds) == 4


def test_an_artifact_of_another_version_is_refused_with_the_remedy(tmp_path: Path) -> None:
    other = tape.market("f").model_copy(update={"shrinkage": 0.4})
    with pytest.raises(FlowError, match=r"tape\.reference: is of market 'tape', version .*esi reference build"):
        begin(config(tmp_path, markets=(other,)))
    assert not (tmp_path / "state").exists()


def test_a_damaged_artifact_is_named(tmp_path: Path) -> None:
    settings = config(tmp_path)
    file_of(tmp_path / "shipped", "tape").write_bytes(encode(artifact())[:-1000])
    with pytest.raises(FlowError, match=r"shipped/tape\.reference: damaged"):
        begin(settings)


def test_its_finals_are_published_once(tmp_path: Path, redis_server: servers.Redis, clean_redis: redis.Redis) -> None:
    settings = config(tmp_path, redis_server.url)
    publish(settings, begin(settings))
    once = stream(clean_redis)
    assert [body for _, body in once] == list(artifact().finals)
    assert [body for _, body in stream(clean_redis, "details")] == [artifact().details]
    added = clean_redis.xinfo_stream(names.stream("tape", "readings"))["entries-added"]
    publish(settings, begin(settings))
    assert stream(clean_redis) == once
    assert clean_redis.xinfo_stream(names.stream("tape", "readings"))["entries-added"] == added == len(once)
    latest = clean_redis.hgetall(names.latest_key("tape"))
    assert latest[b"final"] == latest[b"reading"] == artifact().finals[-1]


def test_what_the_archiver_has_trimmed_stays_away(
    tmp_path: Path, redis_server: servers.Redis, clean_redis: redis.Redis
) -> None:
    settings = config(tmp_path, redis_server.url)
    publish(settings, begin(settings))
    clean_redis.xtrim(names.stream("tape", "readings"), maxlen=5, approximate=False)
    publish(settings, begin(settings))
    assert [body for _, body in stream(clean_redis)] == list(artifact().finals[-5:])


def test_a_stream_that_holds_something_else_stops_the_flow(
    tmp_path: Path, redis_server: servers.Redis, clean_redis: redis.Redis
) -> None:
    settings = config(tmp_path, redis_server.url)
    at = begin(settings).finals["tape"][3].id
    clean_redis.xadd(names.stream("tape", "readings"), {"reading": b"other", "sent_ns": 1}, id=at)
    with pytest.raises(FlowError, match="holds other bytes"):
        publish(settings, begin(settings))


def test_a_stream_too_short_for_it_is_refused_before_anything_is_cut(tmp_path: Path) -> None:
    settings = config(tmp_path, cap=len(artifact().finals) - 1)
    with pytest.raises(FlowError, match="raise ESI_CAP"):
        publish(settings, begin(settings))


@pytest.mark.parametrize("args", [(), ("--processes", "2")], ids=["1", "p2"])
def test_the_flow_goes_on_from_the_artifact_as_if_it_had_seen_the_whole_tape(
    kafka: servers.Kafka,
    redis_server: servers.Redis,
    clean_redis: redis.Redis,
    tmp_path: Path,
    unique_name: str,
    args: tuple[str, ...],
) -> None:
    """Started, stopped and started again: once with nothing new, once with the bars that follow."""
    made = tape.reference(tape.market(unique_name), MIDDLE)
    (tmp_path / "shipped").mkdir()
    file_of(tmp_path / "shipped", "tape").write_bytes(encode(made))
    flow = Flow(
        tmp_path, unique_name, kafka.bootstrap, redis_server.url, *args, ESI_REFERENCE_DIR=str(tmp_path / "shipped")
    )
    want = [p.reading for p in tape.whole(tape.market(unique_name), END + tape.SECOND_US) if p.final]
    topic = names.ticks_topic(unique_name)
    partitions = clients.ensure_topic(kafka.bootstrap, topic, tape.PARTITIONS)

    def finals() -> list[bytes]:
        return [body for _, body in stream(clean_redis) if json.loads(body)["final"]]

    with flow:
        servers.wait_until(lambda: len(finals()) == len(made.finals), 30, "the artifact's finals")
        assert finals() == list(made.finals)
        servers.wait_until(lambda: _has_saved(tmp_path / "flows" / unique_name), 30, "the first save")
        flow.stop()
        flow.start()
        sender = clients.producer(kafka.bootstrap)
        for kind, raw in tape.bars_between(MIDDLE, END + tape.SECOND_US):
            some = range(partitions) if kind == names.TOCK_JSON else [1]
            for number in some:
                sender.produce(topic, raw, partition=number, headers=[(names.CONTENT_TYPE, kind.encode())])
        assert sender.flush(20) == 0
        servers.wait_until(lambda: len(finals()) >= len(want), 40, flow.log[-3000:])
        assert flow.process is not None
        assert flow.process.poll() is None
    assert finals() == want
    assert flow.log.count('"reference_published"') == 1
    chain = [decode_reading(raw) for raw in want]
    assert all(later.prev_hash == before.hash for before, later in pairwise(chain))
