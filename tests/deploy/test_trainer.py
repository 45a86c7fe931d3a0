"""`esi trainer` as people call it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import redis

from deploy.training_notes import Notes
from tests import servers
from tests.deploy.live import publish


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
    assert "-- --inputs PANEL" in esi_trainer("--help").stdout
