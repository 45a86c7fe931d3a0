"""Tape in, golden out: the real flow on real Kafka and Redis publishes the pure steps' bytes, come what may."""

from __future__ import annotations

import json
import math
import os
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from schemas import names
from schemas.json_wire import encode_tock
from schemas.rejects import ranges
from tests import servers
from tests.dataflows import tape as tapes
from tests.dataflows.flows import Flow, produce, published, rejected, wait_for
from tests.disks import SmallDisk

GOLDEN = Path(__file__).parent.parent / "golden" / "tape.jsonl"
KILLS = int(os.environ.get("ESI_TEST_KILLS", "20"))


@pytest.fixture(scope="module")
def content() -> list[list[tapes.Rows]]:
    return tapes.rows(60)


def _flow(folder: Path, feed: str, kafka: servers.Kafka, redis_server: servers.Redis, *args: str) -> Flow:
    folder.mkdir(exist_ok=True)
    return Flow(folder, feed, kafka.bootstrap, redis_server.url, *args)


def test_the_pure_steps_say_what_the_golden_file_says(content: list[list[tapes.Rows]]) -> None:
    """Across machines to 1e-9; rewrite the file on purpose with ESI_UPDATE_GOLDEN=1."""
    streams, _ = tapes.expected("golden", tapes.records(content, "arrow"))
    readings = [json.loads(body) for _, body in streams["readings"]]
    if os.environ.get("ESI_UPDATE_GOLDEN") == "1":
        GOLDEN.write_text("".join(json.dumps(r) + "\n" for r in readings))
    golden = [json.loads(line) for line in GOLDEN.read_text().splitlines()]
    assert len(golden) == len(readings) > 60
    for said, wanted in zip(readings, golden, strict=True):
        _close(said, wanted)


def _close(said: object, wanted: object) -> None:
    if isinstance(wanted, dict):
        assert isinstance(said, dict)
        for key in wanted.keys() - {"hash", "prev_hash"}:
            _close(said[key], wanted[key])
    elif isinstance(wanted, float):
        assert isinstance(said, float)
        assert math.isclose(said, wanted, rel_tol=1e-9, abs_tol=1e-9)
    else:
        assert said == wanted


@pytest.mark.parametrize("form", ["json", "lines", "mixed"])
@pytest.mark.parametrize("seed", [1, 2])
def test_other_batching_and_other_format_are_the_same_bytes(
    content: list[list[tapes.Rows]], form: str, seed: int
) -> None:
    arrow, _ = tapes.expected("f", tapes.records(content, "arrow"))
    other, rejects = tapes.expected("f", tapes.records(content, form, seed))
    assert other == arrow
    reasons = {str(reject.reason) for reject in rejects}
    assert {"unknown_instrument", "late", "duplicate", "absurd_price", "negative_price", "no_price"} <= reasons
    assert [(r.partition, r.raw) for r in rejects if r.reason == "future"] == [(2, encode_tock(tapes.ROGUE_US))]


def test_control_records_act_in_event_time_and_wrong_ones_have_their_reason(content: list[list[tapes.Rows]]) -> None:
    streams, rejects = tapes.expected("f", tapes.records(content, "mixed"))
    versions = {entry: json.loads(body).get("models", {}).get("lstm") for entry, body in streams["readings"]}
    seconds = {entry: int(entry.split("-")[0]) // 1000 - tapes.START_US // tapes.SECOND_US for entry in versions}
    assert {v: min(seconds[e] for e in versions if versions[e] == v) for v in ("1", "2")} == {"1": 10, "2": 16}
    assert list(dict.fromkeys(versions.values())) == [None, "1", "2"]
    remarks = [json.loads(body).get("remarks") for _, body in streams["details"]]
    assert [remark for remark in remarks if remark] == [{"note": "halted"}]
    assert [(r.partition, r.reason.value) for r in rejects if r.content_type == names.CONTROL_JSON] == [
        (0, "unknown_kind"), (0, "bad_control"), (0, "bad_control"), (1, "bad_control"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("form", "args"), [("arrow", ()), ("json", ("-w", "2")), ("mixed", ("--processes", "2"))], ids=["1", "w2", "p2"]
)
def test_one_worker_two_workers_and_two_processes_publish_the_pure_bytes(
    content: list[list[tapes.Rows]],
    form: str,
    args: tuple[str, ...],
    kafka: servers.Kafka,
    redis_server: servers.Redis,
    clean_redis: redis.Redis,
    tmp_path: Path,
    unique_name: str,
) -> None:
    tape = tapes.records(content, form, seed=3)
    want, rejects = tapes.expected(unique_name, tape)
    produce(kafka.bootstrap, unique_name, tape)
    with _flow(tmp_path, unique_name, kafka, redis_server, *args) as flow:
        wait_for(clean_redis, want, flow)
        assert published(clean_redis) == want
        code, seconds = flow.stop()
    assert code == 0, flow.log[-2000:]
    assert seconds < 2
    assert rejected(kafka.bootstrap, unique_name) == {
        (r.partition, r.offset, r.reason.value, ranges(r.rows), r.raw) for r in rejects
    }


def test_the_ordinary_lane_publishes_the_same_bytes(
    content: list[list[tapes.Rows]],
    kafka: servers.Kafka,
    redis_server: servers.Redis,
    clean_redis: redis.Redis,
    tmp_path: Path,
    unique_name: str,
) -> None:
    tape = tapes.records(content, "json", seed=4)
    want, _ = tapes.expected(unique_name, tape)
    produce(kafka.bootstrap, unique_name, tape)
    with Flow(tmp_path, unique_name, kafka.bootstrap, redis_server.url, ESI_KAFKA_LANE="ordinary") as flow:
        wait_for(clean_redis, want, flow)
        assert published(clean_redis) == want


def test_a_flow_that_is_stopped_goes_on_where_it_was(
    content: list[list[tapes.Rows]],
    kafka: servers.Kafka,
    redis_server: servers.Redis,
    clean_redis: redis.Redis,
    tmp_path: Path,
    unique_name: str,
) -> None:
    tape = tapes.records(content, "arrow")
    want, _ = tapes.expected(unique_name, tape)
    middle = [part[: len(part) // 2] for part in tape]
    rest = [part[len(part) // 2 :] for part in tape]
    produce(kafka.bootstrap, unique_name, middle)
    half, _ = tapes.expected(unique_name, middle)
    with _flow(tmp_path, unique_name, kafka, redis_server) as flow:
        wait_for(clean_redis, half, flow)
        time.sleep(1)  # two epochs, so that the stop finds everything saved
        assert flow.stop()[0] == 0
        produce(kafka.bootstrap, unique_name, rest)
        flow.start()
        wait_for(clean_redis, want, flow)
    assert published(clean_redis) == want
    assert clean_redis.hget(names.latest_key("tape"), "reading") == want["readings"][-1][1]


def test_a_flow_whose_broker_is_dead_stops_as_soon_and_goes_on_with_it(
    content: list[list[tapes.Rows]],
    own_kafka: servers.Kafka,
    redis_server: servers.Redis,
    clean_redis: redis.Redis,
    tmp_path: Path,
    unique_name: str,
) -> None:
    tape = tapes.records(content, "mixed")
    want, _ = tapes.expected(unique_name, tape)
    middle = [part[: len(part) // 2] for part in tape]
    produce(own_kafka.bootstrap, unique_name, middle)
    with _flow(tmp_path, unique_name, own_kafka, redis_server) as flow:
        wait_for(clean_redis, tapes.expected(unique_name, middle)[0], flow)
        own_kafka.kill()
        servers.wait_until(lambda: "kafka_trouble" in flow.log, 20, "the flow to notice")
        code, seconds = flow.stop()
        assert (code, seconds < 2) == (0, True), (seconds, flow.log[-2000:])
        own_kafka.start()
        flow.start()
        produce(own_kafka.bootstrap, unique_name, [part[len(part) // 2 :] for part in tape])
        wait_for(clean_redis, want, flow)
    assert published(clean_redis) == want


@pytest.mark.timeout(60 + 15 * KILLS)
def test_kill_9_anywhere_leaves_the_undisturbed_streams(
    kafka: servers.Kafka, redis_server: servers.Redis, clean_redis: redis.Redis, tmp_path: Path, unique_name: str
) -> None:
    """As many kills as ESI_TEST_KILLS says, 20 by default, at random moments while records come in."""
    chance = random.Random(11)
    tape = tapes.records(tapes.rows(30 * KILLS), "mixed", seed=5)
    want, _ = tapes.expected(unique_name, tape)
    flow = _flow(tmp_path, unique_name, kafka, redis_server, "--processes", "1")
    producing = threading.Thread(target=produce, args=(kafka.bootstrap, unique_name, tape, 3.0 * KILLS))
    producing.start()
    try:
        for _ in range(KILLS):
            flow.start()
            time.sleep(chance.uniform(1.0, 5.0))
            flow.kill()
        producing.join()
        flow.start()
        wait_for(clean_redis, want, flow, 90)
    finally:
        producing.join()
        flow.kill()
    assert published(clean_redis) == want


def test_a_second_flow_fences_the_first(
    content: list[list[tapes.Rows]],
    kafka: servers.Kafka,
    redis_server: servers.Redis,
    clean_redis: redis.Redis,
    tmp_path: Path,
    unique_name: str,
) -> None:
    tape = tapes.records(content, "arrow")
    want, _ = tapes.expected(unique_name, tape)
    produce(kafka.bootstrap, unique_name, [part[:60] for part in tape])
    with _flow(tmp_path / "first", unique_name, kafka, redis_server) as first:
        servers.wait_until(lambda: clean_redis.get(names.writer_key("tape")) == b"1", 20, "the first writer")
        with _flow(tmp_path / "second", unique_name, kafka, redis_server) as second:
            servers.wait_until(lambda: clean_redis.get(names.writer_key("tape")) == b"2", 20, "the second writer")
            produce(kafka.bootstrap, unique_name, [part[60:] for part in tape])
            wait_for(clean_redis, want, second)
            assert first.process is not None
            assert first.process.wait(20) != 0
    assert "another flow writes tape now" in first.log
    assert published(clean_redis) == want


def test_other_bytes_under_a_published_id_stop_the_flow(
    content: list[list[tapes.Rows]],
    kafka: servers.Kafka,
    redis_server: servers.Redis,
    clean_redis: redis.Redis,
    tmp_path: Path,
    unique_name: str,
) -> None:
    tape = tapes.records(content, "arrow")
    want, _ = tapes.expected(unique_name, tape)
    first_id = want["readings"][3][0]
    clean_redis.xadd(names.stream("tape", "readings"), {"reading": b"forged", "sent_ns": 1}, id=first_id)
    produce(kafka.bootstrap, unique_name, tape)
    with _flow(tmp_path, unique_name, kafka, redis_server) as flow:
        assert flow.process is not None
        assert flow.process.wait(30) != 0
    assert "holds other bytes" in flow.log


def test_redis_away_for_a_while_loses_nothing(
    content: list[list[tapes.Rows]], kafka: servers.Kafka, own_redis: servers.Redis, tmp_path: Path, unique_name: str
) -> None:
    tape = tapes.records(content, "arrow")
    want, _ = tapes.expected(unique_name, tape)
    half = [part[: len(part) // 2] for part in tape]
    produce(kafka.bootstrap, unique_name, half)
    with _flow(tmp_path, unique_name, kafka, own_redis) as flow, own_redis.client() as client:
        wait_for(client, tapes.expected(unique_name, half)[0], flow)
        own_redis.kill()
        produce(kafka.bootstrap, unique_name, [part[len(part) // 2 :] for part in tape])
        servers.wait_until(lambda: "waiting_for_redis" in flow.log, 20, "the flow to notice")
        own_redis.restart()
        wait_for(client, want, flow)
        assert published(client) == want


def test_redis_without_memory_is_waited_for(
    content: list[list[tapes.Rows]], kafka: servers.Kafka, own_redis: servers.Redis, tmp_path: Path, unique_name: str
) -> None:
    tape = tapes.records(content, "arrow")
    want, _ = tapes.expected(unique_name, tape)
    with own_redis.client() as client, _flow(tmp_path, unique_name, kafka, own_redis) as flow:
        produce(kafka.bootstrap, unique_name, [part[:60] for part in tape])
        servers.wait_until(lambda: client.get(names.writer_key("tape")), 20, "the writer")
        client.config_set("maxmemory", 1)
        produce(kafka.bootstrap, unique_name, [part[60:] for part in tape])
        servers.wait_until(lambda: "redis_refuses" in flow.log or "waiting_for_redis" in flow.log, 20, "the refusal")
        client.config_set("maxmemory", 0)
        wait_for(client, want, flow)
        assert published(client) == want


def test_a_full_disk_is_named_and_the_flow_goes_on_from_its_last_save_with_the_room(
    content: list[list[tapes.Rows]],
    kafka: servers.Kafka,
    redis_server: servers.Redis,
    clean_redis: redis.Redis,
    small_disk: Callable[[int], SmallDisk],
    tmp_path: Path,
    unique_name: str,
) -> None:
    tape = tapes.records(content, "arrow")
    want, _ = tapes.expected(unique_name, tape)
    half = [part[: len(part) // 2] for part in tape]
    disk = small_disk(4)
    produce(kafka.bootstrap, unique_name, half)
    data = {"ESI_DATA_DIR": str(disk.folder / "data")}
    with Flow(tmp_path, unique_name, kafka.bootstrap, redis_server.url, **data) as flow:
        wait_for(clean_redis, tapes.expected(unique_name, half)[0], flow)
        disk.fill()
        produce(kafka.bootstrap, unique_name, [part[len(part) // 2 :] for part in tape])
        assert flow.process is not None
        for _ in range(2):  # it falls, and falls again as long as there is no room
            assert flow.process.wait(30) == 75, flow.log[-2000:]
            flow.start()
        assert flow.process.wait(30) == 75  # a new start may find room
        assert f"the recovery store in {disk.folder}/data/flows/{unique_name} cannot be written" in flow.log
        assert "make room there. Nothing is lost" in flow.log
        disk.clear()
        flow.start()
        wait_for(clean_redis, want, flow)
    assert published(clean_redis) == want


@pytest.mark.parametrize("killed", [False, True])
def test_redis_on_a_full_disk_is_waited_for(
    killed: bool,
    content: list[list[tapes.Rows]],
    kafka: servers.Kafka,
    small_disk: Callable[[int], SmallDisk],
    tmp_path: Path,
    unique_name: str,
) -> None:
    tape = tapes.records(content, "arrow")
    want, _ = tapes.expected(unique_name, tape)
    disk = small_disk(8)
    with (
        servers.Redis(folder=disk.folder / "redis") as full,
        full.client() as client,
        _flow(tmp_path / "flow", unique_name, kafka, full) as flow,
    ):
        produce(kafka.bootstrap, unique_name, [part[:60] for part in tape])
        servers.wait_until(lambda: client.get(names.writer_key("tape")), 20, "the writer")
        disk.fill()
        produce(kafka.bootstrap, unique_name, [part[60:] for part in tape])
        servers.wait_until(lambda: "MISCONF" in flow.log, 20, "the refusal")
        assert "No space left on device" in flow.log
        assert "free memory or disk; nothing is lost" in flow.log
        assert client.info("persistence")["aof_last_write_status"] == "err"
        if killed:  # and with it what it had acknowledged and could not write
            full.kill()
        disk.clear()
        if killed:
            full.start()
        wait_for(client, want, flow)
        assert published(client) == want


def test_a_lost_offset_is_a_clear_stop(
    content: list[list[tapes.Rows]],
    kafka: servers.Kafka,
    redis_server: servers.Redis,
    clean_redis: redis.Redis,
    tmp_path: Path,
    unique_name: str,
) -> None:
    from confluent_kafka import TopicPartition
    from confluent_kafka.admin import AdminClient

    tape = tapes.records(content, "arrow")
    produce(kafka.bootstrap, unique_name, [part[:50] for part in tape])
    with _flow(tmp_path, unique_name, kafka, redis_server) as flow:
        wait_for(clean_redis, tapes.expected(unique_name, [part[:50] for part in tape])[0], flow)
        time.sleep(1)
        flow.stop()
        produce(kafka.bootstrap, unique_name, [part[50:] for part in tape])
        end = [TopicPartition(names.ticks_topic(unique_name), 0, len(tape[0]))]
        admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
        for done in admin.delete_records(end).values():
            done.result(10)
        flow.start()
        assert flow.process is not None
        assert flow.process.wait(30) != 0
    assert "is gone: the broker has" in flow.log
