"""A changed market is published beside the old one and never over it: the real flow on real Kafka and Redis."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import msgspec
import pytest
import redis

from dataflows.config import FlowConfig, FlowError
from dataflows.restating import explained, refuse_restating
from models.publication import version_of
from models.signals.step import StateVersionError
from schemas.market import Market
from schemas.market_file import parse
from schemas.names import latest_key, stream
from schemas.reading import decode_reading
from tests import servers
from tests.dataflows import tape as tapes
from tests.dataflows.flows import Flow, produce, published, wait_for


def second(feed: str, *, more: bool = False) -> tuple[str, Market]:
    """The second edition of the tape: another form and shrinkage, and `more` instruments; its text, what it says."""
    text = tapes.market_text(feed).replace('name = "tape"', 'name = "tape@2"')
    text = text.replace('step = "1s"', 'step = "1s"\nform = "z_mean"\nshrinkage = 0.4')
    if more:
        text = text.replace("[[segment]]", '[[instrument]]\nname = "ZZZ"\n[[segment]]', 1)
        text += '[[segment.indicator]]\nname = "new"\nkind = "cmax"\nof = ["ZZZ"]\nwindow = "60s"\n'
    return text, parse(text.encode(), "tape@2.toml")


@pytest.fixture(scope="module")
def tape() -> list[list[tapes.Record]]:
    return tapes.records(tapes.rows(60), "arrow")


def halves(tape: list[list[tapes.Record]]) -> tuple[list[list[tapes.Record]], list[list[tapes.Record]]]:
    return [part[: len(part) // 2] for part in tape], [part[len(part) // 2 :] for part in tape]


def refused(flow: Flow) -> str:
    """What a flow says that does not start."""
    assert flow.process is not None
    assert flow.process.wait(30) != 0
    return flow.log


def test_two_editions_are_computed_at_once(
    tape: list[list[tapes.Record]],
    kafka: servers.Kafka,
    redis_server: servers.Redis,
    clean_redis: redis.Redis,
    tmp_path: Path,
    unique_name: str,
) -> None:
    text, market = second(unique_name)
    old, new = tapes.expected(unique_name, tape)[0], tapes.expected(unique_name, tape, market)[0]
    produce(kafka.bootstrap, unique_name, tape)
    flow = Flow(tmp_path, unique_name, kafka.bootstrap, redis_server.url)
    (tmp_path / "tape@2.toml").write_text(text)
    with flow:
        wait_for(clean_redis, old, flow)
        wait_for(clean_redis, new, flow, market="tape@2")
    assert published(clean_redis) == old
    assert published(clean_redis, "tape@2") == new
    assert old["readings"] != new["readings"]
    assert {decode_reading(body).version for _, body in new["readings"]} == {version_of(market)}


def test_an_edition_that_comes_later_leaves_the_first_as_it_is(
    tape: list[list[tapes.Record]],
    kafka: servers.Kafka,
    redis_server: servers.Redis,
    clean_redis: redis.Redis,
    tmp_path: Path,
    unique_name: str,
) -> None:
    """It even reads an instrument that the feed did not know: what was learnt of the others is carried over."""
    want = tapes.expected(unique_name, tape)[0]
    first, rest = halves(tape)
    produce(kafka.bootstrap, unique_name, first)
    with Flow(tmp_path, unique_name, kafka.bootstrap, redis_server.url) as flow:
        wait_for(clean_redis, tapes.expected(unique_name, first)[0], flow)
        time.sleep(1)
        assert flow.stop()[0] == 0
        text, _ = second(unique_name, more=True)
        (tmp_path / "tape@2.toml").write_text(text)
        flow.start()
        produce(kafka.bootstrap, unique_name, rest)
        wait_for(clean_redis, want, flow)
        wait_for(clean_redis, want, flow, market="tape@2")  # its last reading is of the same time
    assert published(clean_redis) == want
    later = published(clean_redis, "tape@2")["readings"]
    assert 0 < len(later) < len(want["readings"])
    assert b"ZZZ" in clean_redis.get("esi:tape@2:market")  # type: ignore[operator]


def test_the_old_edition_can_end_and_the_feed_can_begin_anew(
    tape: list[list[tapes.Record]],
    kafka: servers.Kafka,
    redis_server: servers.Redis,
    clean_redis: redis.Redis,
    tmp_path: Path,
    unique_name: str,
) -> None:
    text, market = second(unique_name)
    first, rest = halves(tape)
    old, new = tapes.expected(unique_name, first)[0], tapes.expected(unique_name, tape, market)[0]
    produce(kafka.bootstrap, unique_name, first)
    flow = Flow(tmp_path, unique_name, kafka.bootstrap, redis_server.url)
    with flow:
        wait_for(clean_redis, old, flow)
        time.sleep(1)
        assert flow.stop()[0] == 0
        shutil.rmtree(tmp_path / "flows")  # the feed begins anew, so that the new edition has its past
        (tmp_path / "tape@2.toml").write_text(text)
        flow.start()
        wait_for(clean_redis, tapes.expected(unique_name, first, market)[0], flow, market="tape@2")
        time.sleep(1)
        assert flow.stop()[0] == 0
        flow.choose(tmp_path / "tape@2.toml")  # the old one ends
        flow.start()
        produce(kafka.bootstrap, unique_name, rest)
        wait_for(clean_redis, new, flow, market="tape@2")
    assert published(clean_redis) == old
    assert published(clean_redis, "tape@2") == new


@pytest.mark.parametrize("forget", [False, True], ids=["with its state", "without its state"])
def test_a_file_that_changed_under_its_name_is_refused(
    tape: list[list[tapes.Record]],
    kafka: servers.Kafka,
    redis_server: servers.Redis,
    clean_redis: redis.Redis,
    tmp_path: Path,
    unique_name: str,
    forget: bool,
) -> None:
    first, rest = halves(tape)
    want = tapes.expected(unique_name, first)[0]
    produce(kafka.bootstrap, unique_name, first)
    with Flow(tmp_path, unique_name, kafka.bootstrap, redis_server.url) as flow:
        wait_for(clean_redis, want, flow)
        time.sleep(1)
        assert flow.stop()[0] == 0
        if forget:
            shutil.rmtree(tmp_path / "flows")
        flow.file.write_text(second(unique_name)[0].replace("tape@2", "tape"))
        produce(kafka.bootstrap, unique_name, rest)
        said = refused(flow.start())
    assert "tape was published as version" in said
    assert "put the changed one beside it as tape@2.toml" in said
    assert "Traceback" not in said
    assert published(clean_redis) == want


def test_a_state_of_another_file_is_explained(
    tape: list[list[tapes.Record]],
    kafka: servers.Kafka,
    redis_server: servers.Redis,
    clean_redis: redis.Redis,
    tmp_path: Path,
    unique_name: str,
) -> None:
    """Where the streams are gone and the state is not."""
    produce(kafka.bootstrap, unique_name, tape)
    with Flow(tmp_path, unique_name, kafka.bootstrap, redis_server.url) as flow:
        wait_for(clean_redis, tapes.expected(unique_name, tape)[0], flow)
        time.sleep(1)
        assert flow.stop()[0] == 0
        clean_redis.flushall()
        flow.file.write_text(second(unique_name)[0].replace("tape@2", "tape"))
        said = refused(flow.start())
    assert "is of another market file or release" in said
    assert str(tmp_path / "flows" / unique_name) in said
    assert clean_redis.exists(stream("tape", "readings")) == 0


def test_what_stands_in_redis_decides(redis_server: servers.Redis, clean_redis: redis.Redis, tmp_path: Path) -> None:
    market = second("f")[1]
    config = FlowConfig("f", (market,), "unused", redis_server.url, tmp_path)
    markets = {"tape@2": market}
    refuse_restating(config, markets)
    for body in (msgspec.json.encode({"version": version_of(market)}), b"not a reading"):
        clean_redis.hset(latest_key("tape@2"), "reading", body)
        refuse_restating(config, markets)
    clean_redis.hset(latest_key("tape@2"), "reading", b'{"version":"1-1-00000000"}')
    with pytest.raises(FlowError, match=r"published as version 1-1-00000000.*beside it as tape@3\.toml"):
        refuse_restating(config, markets)
    told = explained(StateVersionError("index", "a", "b"), config)
    assert str(tmp_path) in str(told)
