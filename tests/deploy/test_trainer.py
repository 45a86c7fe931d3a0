"""`esi trainer` as people call it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from importlib.util import find_spec
from pathlib import Path

import pytest
import redis

from dataflows import kafka as clients
from deploy.training_notes import Notes
from models.registry import aliases
from schemas import names
from tests import servers
from tests.dataflows.topics import PARTITIONS, contents
from tests.deploy.live import publish
from tests.deploy.test_train import panel


def esi_trainer(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "deploy", "trainer", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=servers.CHECKOUT, timeout=90,
                          env={**os.environ, **environment})  # fmt: skip


def test_one_look(tmp_path: Path, redis_server: servers.Redis, clean_redis: redis.Redis) -> None:
    publish(clean_redis, "sim", 1)
    flags = ("--market", "sim", "--market", "week", "--once", "--data", str(tmp_path), "--redis-url", redis_server.url)
    done = esi_trainer(*flags, ESI_LOG_FORMAT="json")
    assert done.returncode == 0, done.stderr
    assert '"markets":["sim"]' in done.stderr, "week has no scores"
    assert (tmp_path / "trainer" / "sim.json").exists()


def test_it_ends_when_it_is_asked_to(tmp_path: Path, redis_server: servers.Redis, clean_redis: redis.Redis) -> None:
    publish(clean_redis, "sim", 1)
    command = [sys.executable, "-m", "deploy", "trainer", "--market", "sim", "--data", str(tmp_path)]
    notes = tmp_path / "trainer" / "sim.json"
    with subprocess.Popen([*command, "--redis-url", redis_server.url], cwd=servers.CHECKOUT) as process:
        servers.wait_until(notes.exists, 30)
        process.terminate()
        assert process.wait(10) == 0
    assert json.loads(notes.read_text())["seen"]


def test_a_second_one_is_told_who_is_there(
    tmp_path: Path, redis_server: servers.Redis, clean_redis: redis.Redis
) -> None:
    assert clean_redis.ping()
    first = Notes(tmp_path, "sim")
    done = esi_trainer("--market", "sim", "--once", "--data", str(tmp_path), "--redis-url", redis_server.url)
    assert done.returncode == 75
    assert f"esi: another `esi trainer` looks after sim (process {os.getpid()})" in done.stderr
    first.close()


def test_without_redis_it_says_what_to_set(tmp_path: Path) -> None:
    done = esi_trainer("--market", "sim", "--once", "--data", str(tmp_path))
    assert done.returncode == 2
    assert "ESI_REDIS_URL is not set" in done.stderr


def test_help_says_how_arguments_are_passed_on() -> None:
    said = esi_trainer("--help").stdout
    assert "-- --epochs 20" in said
    for flag in ("--inputs", "--macro", "--metrics-port"):
        assert flag in said


@pytest.mark.skipif(find_spec("torch") is not None, reason="torch is installed here: the next test trains")
def test_without_torch_it_says_how_to_install_it_and_ends_well(
    tmp_path: Path, redis_server: servers.Redis, clean_redis: redis.Redis
) -> None:
    publish(clean_redis, "us-open", 1)
    flags = ("--market", "us-open", "--now", "--once", "--data", str(tmp_path), "--redis-url", redis_server.url)
    done = esi_trainer(*flags, ESI_LOG_FORMAT="json")
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    said = {one["event"]: one for one in told}
    assert said["not_trained"]["reason"] == "start"
    assert 'pip install -c constraints.txt -e ".[train]"' in said["not_trained"]["advice"]
    assert json.loads((tmp_path / "trainer" / "us-open.json").read_text())["asked"] == ""


@pytest.mark.timeout(600)
def test_drift_has_a_real_network_taught_and_put_in_force(
    tmp_path: Path, mock_broker: servers.MockBroker, redis_server: servers.Redis, clean_redis: redis.Redis
) -> None:
    """From a final that asks to the order in the feed, with the verb `train` itself, and its page of metrics."""
    pytest.importorskip("torch", reason="torch is not installed: make test-train")
    pytest.importorskip("onnxscript", reason="onnxscript is not installed: make test-train")
    topic = names.ticks_topic("us-open")
    clients.ensure_topic(mock_broker.bootstrap, topic, PARTITIONS)
    before = len(contents(mock_broker.bootstrap, topic)[0])
    publish(clean_redis, "us-open", 1)
    flags = ["--market", "us-open", "--data", str(tmp_path), "--redis-url", redis_server.url, "--every", "0.5"]
    flags += ["--kafka-url", mock_broker.bootstrap, "--", "--inputs", str(panel(tmp_path))]
    command = [sys.executable, "-m", "deploy", "trainer", *flags, "--models", "vae", "--folds", "1", "--epochs", "2"]
    log = tmp_path / "trainer.log"
    with log.open("wb") as file, subprocess.Popen(
        command, cwd=servers.CHECKOUT, stderr=file, env={**os.environ, "ESI_LOG_FORMAT": "json"}
    ) as process:  # fmt: skip
        servers.wait_until((tmp_path / "trainer" / "us-open.json").exists, 30)
        publish(clean_redis, "us-open", 2, "drift")
        servers.wait_until(lambda: len(contents(mock_broker.bootstrap, topic)[0]) > before, 400, log.read_text())
        servers.wait_until(lambda: "model_promoted" in log.read_text(), 30)
        port = next(
            json.loads(line)["metrics_port"] for line in log.read_text().splitlines() if "trainer_starts" in line
        )
        page = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()
        process.terminate()
        assert process.wait(10) == 0
    assert 'esi_trainings_total{market="us-open",outcome="trained"} 1.0' in page
    assert 'esi_trained_models_total{market="us-open",model="us-open-vae",role="champion"} 1.0' in page
    champion = aliases.read(tmp_path / "registry" / "us-open-vae").champion
    order = json.loads(contents(mock_broker.bootstrap, topic)[0][-1].raw)
    assert (order["name"], order["version"]) == ("us-open-vae", f"{champion}:1")
    assert "us-open-vae" in (tmp_path / "logs" / "train-us-open.log").read_text()
