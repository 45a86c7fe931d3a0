"""The trainer: asked by finals, it trains in a process of its own and brings in what passes; else it says why not."""

from __future__ import annotations

import json
import shutil
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import redis
from prometheus_client import REGISTRY
from pydantic import SecretStr

from dataflows import kafka as clients
from deploy import training
from deploy.settings import Settings
from deploy.sockets import free_port
from deploy.training import Trainer
from deploy.training_notes import TrainerBusyError
from models.registry import aliases
from models.registry.aliases import Aliases
from models.registry.manifest import MANIFEST, MODEL
from schemas import names
from schemas.market import Market
from schemas.market_file import load
from tests import servers
from tests.dataflows.topics import PARTITIONS, contents
from tests.deploy.live import publish, publish_duel
from tests.disks import SmallDisk
from tests.models import exported, onnx_made

SIM = load("sim")
F = exported.manifest(SIM).features

TRAIN = """
import os, sys, time
from pathlib import Path
from schemas.market_file import load
from tests.models import exported, onnx_made
sim = load("sim")
print("trained with", sys.argv[1:], flush=True)
time.sleep(float(sys.argv[3]))
said = exported.manifest(sim, version=sys.argv[1], created_at=f"2026-11-2{sys.argv[1]}T00:00:00Z")
exported.save(Path(os.environ["ESI_REGISTRY"]), said, onnx_made.centred(said.features, middle=float(sys.argv[2])))
sys.exit(int(sys.argv[4]))
"""


def training_that(
    version: str, middle: float = 0.0, seconds: float = 0.0, status: int = 0
) -> Callable[[str], list[str]]:
    """A training that leaves such a model, or fails."""
    return lambda _: [sys.executable, "-c", TRAIN, version, str(middle), str(seconds), str(status)]


@pytest.fixture
def feed(mock_broker: servers.MockBroker, unique_name: str) -> str:
    clients.ensure_topic(mock_broker.bootstrap, names.ticks_topic(unique_name), PARTITIONS)
    return unique_name


@pytest.fixture
def made(
    tmp_path: Path,
    clean_redis: redis.Redis,
    redis_server: servers.Redis,
    mock_broker: servers.MockBroker,
    feed: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., Trainer]:
    """Trainers of the simulated market on a feed of the test's own; version 1 is champion."""
    monkeypatch.setattr("dataflows.promotion.time", SimpleNamespace(sleep=lambda _: None))
    monkeypatch.chdir(servers.CHECKOUT)
    exported.save(tmp_path / "registry", exported.manifest(SIM), onnx_made.centred(F))
    aliases.write(tmp_path / "registry" / "lstm", Aliases("1"))
    settings = Settings(data_dir=tmp_path, redis_url=SecretStr(redis_server.url), kafka_url=mock_broker.bootstrap)
    market: Market = SIM.model_copy(update={"feed": feed})
    assert clean_redis.ping()

    def make(train: Callable[[str], list[str]] | None, auto: str = "off", rest_s: float = 0.0) -> Trainer:
        return Trainer(settings.with_(auto_promote=auto), {"sim": market}, (), rest_s, train)

    return make


def orders(mock_broker: servers.MockBroker, feed: str) -> list[tuple[str, str]]:
    records = [json.loads(record.raw) for record in contents(mock_broker.bootstrap, names.ticks_topic(feed))[0]]
    return [(one["name"], one["version"]) for one in records]


def test_drift_leads_to_a_champion(
    made: Callable[..., Trainer], clean_redis: redis.Redis, mock_broker: servers.MockBroker, feed: str, tmp_path: Path
) -> None:
    publish(clean_redis, "sim", 1, "drift")  # of a past that is over
    trainer = made(training_that("2"))
    trainer.begin()
    trainer.look()
    assert aliases.read(tmp_path / "registry" / "lstm").champion == "1"
    publish(clean_redis, "sim", 2, "schedule")
    publish(clean_redis, "sim", 3)
    trainer.look()
    assert aliases.read(tmp_path / "registry" / "lstm") == Aliases("2", None, "1", 1)
    assert orders(mock_broker, feed) == [("lstm", "2:1")]
    assert "trained with" in (tmp_path / "logs" / "train-sim.log").read_text()
    trainer.close()
    again = made(training_that("3"))
    again.look()
    assert aliases.read(tmp_path / "registry" / "lstm").champion == "2"


def test_one_that_is_worse_runs_in_the_shadow(
    made: Callable[..., Trainer], clean_redis: redis.Redis, mock_broker: servers.MockBroker, feed: str, tmp_path: Path
) -> None:
    trainer = made(training_that("2", middle=1.0))
    trainer.begin(at_once=True)
    trainer.look()
    assert aliases.read(tmp_path / "registry" / "lstm") == Aliases("1", "2", None, 1)
    assert orders(mock_broker, feed) == [("lstm:challenger", "2:1")]


def test_a_training_that_fails_changes_nothing_and_is_told(
    made: Callable[..., Trainer], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    trainer = made(training_that("2", status=3))
    trainer.begin(at_once=True)
    trainer.look()
    assert aliases.read(tmp_path / "registry" / "lstm") == Aliases("1")
    told = capsys.readouterr().out
    assert "training_failed" in told
    assert "train-sim.log" in told


def test_a_disk_that_fills_during_training_changes_nothing(
    made: Callable[..., Trainer],
    small_disk: Callable[[int], SmallDisk],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    disk = small_disk(4)
    registry = disk.folder / "registry"
    shutil.copytree(tmp_path / "registry", registry)
    disk.fill(leave=100_000)  # less than a model takes
    trainer = made(training_that("2"))
    trainer.settings = trainer.settings.with_(registry=registry)
    trainer.begin(at_once=True)
    trainer.look()
    assert "training_failed" in capsys.readouterr().out
    assert "No space left on device" in (tmp_path / "logs" / "train-sim.log").read_text()
    assert aliases.read(registry / "lstm") == Aliases("1")
    disk.clear()
    trainer.begin(at_once=True)
    trainer.look()
    assert aliases.read(registry / "lstm") == Aliases("2", None, "1", 1)


def test_a_market_rests_between_two_trainings(
    made: Callable[..., Trainer], clean_redis: redis.Redis, tmp_path: Path
) -> None:
    trainer = made(training_that("2"), rest_s=3600.0)
    trainer.begin(at_once=True)
    trainer.look()
    trainer.train = training_that("3")
    publish(clean_redis, "sim", 4, "drift")
    trainer.look()
    assert aliases.read(tmp_path / "registry" / "lstm").champion == "2"
    trainer.clock = lambda: time.time() + 4000
    trainer.look()
    assert aliases.read(tmp_path / "registry" / "lstm").champion == "3"


def test_without_torch_it_says_so_and_goes_on(
    made: Callable[..., Trainer],
    clean_redis: redis.Redis,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    trainer, before = made(None), trainings("impossible")
    trainer.begin()
    trainer.look()
    publish(clean_redis, "sim", 5, "drift")
    trainer.look()
    told = capsys.readouterr().out
    assert "cannot_train" in told
    assert "torch is not installed here" in told
    assert "not_trained" in told
    assert not (tmp_path / "logs").exists()
    assert trainings("impossible") == before + 1


def trainings(outcome: str) -> float:
    return REGISTRY.get_sample_value("esi_trainings_total", {"market": "sim", "outcome": outcome}) or 0.0


def test_trainings_are_counted_by_what_became_of_them(
    made: Callable[..., Trainer], clean_redis: redis.Redis, tmp_path: Path
) -> None:
    before = {outcome: trainings(outcome) for outcome in ("trained", "failed")}
    trainer = made(training_that("2"))
    trainer.begin()
    trainer.look()
    publish(clean_redis, "sim", 6, "schedule")
    trainer.look()
    trainer.train = training_that("3", status=3)
    publish(clean_redis, "sim", 7, "drift")
    trainer.look()
    assert {outcome: trainings(outcome) - at for outcome, at in before.items()} == {"trained": 1, "failed": 1}
    of = REGISTRY.get_sample_value
    assert of("esi_trainings_asked_total", {"market": "sim", "reason": "schedule"})
    assert of("esi_trained_models_total", {"market": "sim", "model": "lstm", "role": "champion"})
    assert of("esi_training_last_timestamp_seconds", {"market": "sim"}) == pytest.approx(time.time(), abs=60)
    assert of("esi_training_running", {"market": "sim"}) == 0
    assert aliases.read(tmp_path / "registry" / "lstm").champion == "2"


@pytest.mark.parametrize(("auto", "bias", "champion"), [("on", 0.8, "2"), ("off", 0.8, "1"), ("on", 0.0, "1")])
def test_a_challenger_that_wins_live_is_promoted_where_that_is_wanted(
    made: Callable[..., Trainer],
    clean_redis: redis.Redis,
    mock_broker: servers.MockBroker,
    feed: str,
    tmp_path: Path,
    auto: str,
    bias: float,
    champion: str,
) -> None:
    worse_at_the_gate = onnx_made.centred(F, middle=1.0)
    exported.save(tmp_path / "registry", exported.manifest(SIM, version="2"), worse_at_the_gate)
    aliases.write(tmp_path / "registry" / "lstm", Aliases("1", "2"))
    publish_duel(clean_redis, "sim", 200, bias)
    trainer = made(None, auto)
    trainer.look()
    assert aliases.read(tmp_path / "registry" / "lstm").champion == champion
    assert orders(mock_broker, feed) == ([("lstm", "2:1")] if champion == "2" else [])


def test_a_duel_is_decided_once_for_so_many_labels(
    made: Callable[..., Trainer], clean_redis: redis.Redis, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exported.save(tmp_path / "registry", exported.manifest(SIM, version="2"), onnx_made.centred(F))
    aliases.write(tmp_path / "registry" / "lstm", Aliases("1", "2"))
    trainer = made(None, "on")
    for finals, verdicts in ((90, 0), (150, 1), (190, 0), (260, 1), (300, 0)):
        clean_redis.flushall()
        publish_duel(clean_redis, "sim", finals, 0.0)
        capsys.readouterr()
        trainer.look()
        trainer.look()
        assert capsys.readouterr().out.count("challenger 2 against champion 1") == verdicts, finals
        trainer.close()
        trainer = made(None, "on")


def test_a_winner_that_is_damaged_by_now_stays_out(
    made: Callable[..., Trainer], clean_redis: redis.Redis, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exported.save(tmp_path / "registry", exported.manifest(SIM, version="2"), onnx_made.centred(F))
    (tmp_path / "registry" / "lstm" / "2" / MODEL).write_bytes(b"cut")
    aliases.write(tmp_path / "registry" / "lstm", Aliases("1", "2"))
    publish_duel(clean_redis, "sim", 200, 0.8)
    trainer = made(None, "on")
    trainer.look()
    trainer.look()
    assert aliases.read(tmp_path / "registry" / "lstm").champion == "1"
    told = capsys.readouterr().out
    assert told.count("model_not_promoted") == 1
    assert "wrong_hash" in told


def test_what_was_trained_while_the_broker_was_away_comes_in_later(
    made: Callable[..., Trainer], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mock_broker: servers.MockBroker,
    feed: str,
) -> None:  # fmt: skip
    trainer = made(training_that("2"))
    there = trainer.settings
    trainer.settings = there.with_(kafka_url=f"127.0.0.1:{free_port()}")
    monkeypatch.setattr("dataflows.kafka.CALL_S", 1.0)
    trainer.begin(at_once=True)
    trainer.look()
    assert aliases.read(tmp_path / "registry" / "lstm").champion == "1"
    assert trainer.notes["sim"].arrived == [["lstm", "2"]]
    trainer.settings = there
    trainer.look()
    assert aliases.read(tmp_path / "registry" / "lstm").champion == "2"
    assert trainer.notes["sim"].arrived == []
    assert orders(mock_broker, feed) == [("lstm", "2:1")]


def test_one_trainer_a_market(made: Callable[..., Trainer]) -> None:
    first = made(None)
    with pytest.raises(TrainerBusyError, match="another `esi trainer` looks after sim"):
        made(None)
    first.close()
    made(None).close()


def test_asked_to_stop_it_ends_its_training_and_begins_again_later(
    made: Callable[..., Trainer], tmp_path: Path
) -> None:
    trainer = made(training_that("2", seconds=60.0), rest_s=3600.0)
    trainer.begin(at_once=True)
    threading.Timer(1.5, trainer.stop.set).start()
    began = time.monotonic()
    trainer.look()
    assert time.monotonic() - began < 30
    assert aliases.read(tmp_path / "registry" / "lstm") == Aliases("1")
    trainer.close()
    again = made(training_that("2"), rest_s=3600.0)
    again.look()
    assert aliases.read(tmp_path / "registry" / "lstm").champion == "2"


def test_what_a_training_left_that_was_cut_off_comes_in_with_the_next(
    made: Callable[..., Trainer], tmp_path: Path
) -> None:
    left = TRAIN + "\ntime.sleep(60)"
    trainer = made(lambda _: [sys.executable, "-c", left.replace("sys.exit", "0 and "), "2", "0", "0", "0"])
    trainer.begin(at_once=True)
    written = tmp_path / "registry" / "lstm" / "2" / MANIFEST
    stopping = threading.Thread(target=lambda: (servers.wait_until(written.exists), trainer.stop.set()))
    stopping.start()
    trainer.look()
    stopping.join()
    trainer.close()
    assert aliases.read(tmp_path / "registry" / "lstm") == Aliases("1")
    again = made(lambda _: [sys.executable, "-c", ""])  # taken up where it was, it has nothing left to do
    again.look()
    assert aliases.read(tmp_path / "registry" / "lstm").champion == "2"
    again.begin(at_once=True)
    again.look()
    assert again.notes["sim"].arrived == []


def test_servers_that_are_away_are_told_and_tried_again(
    made: Callable[..., Trainer], own_redis: servers.Redis, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    trainer = made(training_that("2"))
    trainer.live = training.LiveFinals(own_redis.url)
    own_redis.kill()
    trainer.look()
    assert "look_failed" in capsys.readouterr().out
    assert (tmp_path / "trainer" / "sim.json").exists()
