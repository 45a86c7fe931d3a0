"""A model that becomes slow at work loses its seat by a record in the feed, and a replay of the feed says the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import redis

from dataflows import kafka as clients
from dataflows.config import FlowConfig, FlowError
from dataflows.promotion import Desk
from dataflows.relief import REST_S, Relief, Slow, relief_of
from models.registry import aliases, store
from models.registry.aliases import Aliases
from schemas import names
from schemas.control import Control
from tests import servers
from tests.dataflows import tape as tapes
from tests.dataflows.flows import produce, published, wait_for
from tests.dataflows.tape import Record
from tests.dataflows.test_judging import MARKET, registry
from tests.dataflows.test_swaps import described, flowing, order, pure
from tests.dataflows.topics import PARTITIONS, contents
from tests.models import exported, onnx_made

SAID = exported.manifest(MARKET)


def relieving(root: Path, sent: list[Control], now: list[float]) -> tuple[Slow, Relief]:
    def send(control: Control) -> int:
        sent.append(control)
        return len(sent)

    slow = Slow()
    return slow, Relief(slow, lambda _, name: Desk(root, name, MARKET, send, 0.0), lambda: now[0])


def test_a_slow_champion_is_relieved_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sent: list[Control] = []
    slow, relief = relieving(registry(tmp_path), sent, [100.0])
    relief.look()
    assert not sent
    slow.tell(SAID, 5432.1)
    relief.look()
    relief.look()
    assert sent == [Control("model_promoted", "lstm", "none:1", "test")]
    told = capsys.readouterr().out
    assert "model_relieved" in told
    assert "lstm 1 takes 5,432 µs for one reading at work (at most 1,000)" in told


def test_one_that_stays_slow_is_tried_again_after_a_pause(tmp_path: Path) -> None:
    sent: list[Control] = []
    now = [0.0]
    slow, relief = relieving(registry(tmp_path), sent, now)
    for at, records in ((0.0, 1), (REST_S - 1, 1), (REST_S, 3), (REST_S + 1, 3)):
        now[0] = at
        slow.tell(SAID, 2000.0)
        relief.look()
        assert len(sent) == records, at


def test_what_keeps_it_from_being_relieved_is_named_and_tried_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, slow, now = registry(tmp_path), Slow(), [0.0]

    def away(_: Control) -> int:
        msg = "no broker answers"
        raise FlowError(msg)

    relief = Relief(slow, lambda _, name: Desk(root, name, MARKET, away, 0.0), lambda: now[0])
    slow.tell(SAID, 2000.0)
    relief.look()
    told = capsys.readouterr().out
    assert "model_not_relieved" in told
    assert "no broker answers" in told
    assert "esi models retire lstm" in told
    assert aliases.read(root / "lstm") == Aliases("1"), "as before"


def test_its_record_goes_into_the_flows_own_feed(
    tmp_path: Path, mock_broker: servers.MockBroker, unique_name: str
) -> None:
    topic = names.ticks_topic(unique_name)
    clients.ensure_topic(mock_broker.bootstrap, topic, PARTITIONS)
    root = registry(tmp_path / "registry")
    slow = Slow()
    config = FlowConfig(unique_name, (MARKET,), mock_broker.bootstrap, "redis://x", tmp_path / "state", registry=root)
    slow.tell(SAID, 2000.0)
    relief_of(config, slow).look()
    found = [json.loads(record.raw) for record in contents(mock_broker.bootstrap, topic)[0]]
    assert [(one["name"], one["version"], one["market"]) for one in found] == [("lstm", "none:1", "test")]


def test_a_real_flow_goes_on_without_the_one_that_became_slow_and_a_replay_says_the_same(
    kafka: servers.Kafka,
    redis_server: servers.Redis,
    clean_redis: redis.Redis,
    tmp_path: Path,
    unique_name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tapes, "CONTROLS", {(0, 230): [order("lstm", "1:1")]})
    given = tapes.rows(320, seed=3, per_second=14)
    whole = tapes.records(given, "json")
    cut = next(n for n, one in enumerate(whole[0]) if b"lstm" in one.raw) + 300
    root, said = tmp_path / "registry", exported.manifest(described("any"))
    slow = onnx_made.slow_at_work(said.features)
    exported.save(root, said, slow, exported.golden(slow.SerializeToString(), said, calm=True))
    aliases.write(root / "lstm", Aliases("1", None, None, 1))
    with flowing(tmp_path / "flow", unique_name, kafka, redis_server, root) as flow:
        flow.start()
        produce(kafka.bootstrap, unique_name, [part[:cut] for part in whole])
        servers.wait_until(lambda: aliases.read(root / "lstm").champion is None, 60, flow.log)
        servers.wait_until(lambda: b"none:2" in _feed(kafka.bootstrap, unique_name)[0][-1].raw, 10)
        produce(kafka.bootstrap, unique_name, [part[cut:] for part in whole])
        want = pure(unique_name, _feed(kafka.bootstrap, unique_name), root)
        wait_for(clean_redis, want, flow)
        assert published(clean_redis) == want
        assert "model_relieved" in flow.log
    served = [json.loads(body).get("models", {}).get("lstm") for _, body in want["readings"]]
    assert "1" in served
    assert served[-1] is None
    verdict = store.versions(root, "lstm")[0].verdict
    assert verdict is not None
    assert verdict.reason == "too_slow"


def _feed(bootstrap: str, feed: str) -> list[list[Record]]:
    found = contents(bootstrap, names.ticks_topic(feed))
    return [[Record(one.partition, one.offset, one.kind, one.raw) for one in part] for part in found]
