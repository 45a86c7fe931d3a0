"""`esi doctor`: what it finds, and that it says what to do."""

from __future__ import annotations

import json
import socket
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest
import redis
from pydantic import SecretStr

from deploy import doctor
from deploy.doctor import Check, bad, examine
from deploy.settings import Settings
from deploy.sockets import free_port
from deploy.state import Lock
from tests import servers

Version = namedtuple("Version", "major minor micro")


def _settings(tmp_path: Path, **changes: Any) -> Settings:
    return Settings().with_(data_dir=tmp_path / "data", api_port=free_port(), **changes)


def test_a_machine_that_runs_our_tests_is_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checks = examine(_settings(tmp_path))
    assert not bad(checks), checks
    assert {check.what for check in checks} >= {"Python", "Packages", "Disk", "Port", "Kafka", "Redis", "PostgreSQL"}
    assert not (tmp_path / "data").exists(), "it only looks"
    doctor.show(checks)
    assert "ok   Python: 3." in capsys.readouterr().out
    assert json.loads(doctor.as_json(checks))[0]["verdict"] == "ok"


def test_servers_that_answer_are_well(
    tmp_path: Path,
    clean_redis: redis.Redis,
    redis_server: servers.Redis,
    database: str,
    mock_broker: servers.MockBroker,
) -> None:
    settings = _settings(
        tmp_path,
        kafka_url=mock_broker.bootstrap,
        redis_url=SecretStr(redis_server.url),
        postgres_url=SecretStr(database),
    )
    for check in (doctor.kafka(settings), doctor.valkey(settings), doctor.postgres(settings)):
        assert check.verdict == "ok"
        assert "answers" in check.said


@pytest.mark.parametrize(
    ("ask", "setting", "url"),
    [
        (doctor.kafka, "kafka_url", "127.0.0.1:1"),
        (doctor.valkey, "redis_url", SecretStr("redis://:sesame@127.0.0.1:1/0")),
        (doctor.postgres, "postgres_url", SecretStr("postgresql://u:sesame@127.0.0.1:1/x")),
    ],
)
def test_a_server_that_is_away_is_bad_and_its_setting_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Any, setting: str, url: object
) -> None:
    monkeypatch.setattr(doctor, "CONNECT_S", 1.0)
    check = ask(_settings(tmp_path, **{setting: url}))
    assert check.verdict == "bad"
    assert f"ESI_{setting.upper()}" in check.remedy
    assert "sesame" not in check.said


def test_an_evicting_redis_is_warned_of(tmp_path: Path, clean_redis: redis.Redis, redis_server: servers.Redis) -> None:
    clean_redis.config_set("maxmemory-policy", "allkeys-lru")
    try:
        check = doctor.valkey(_settings(tmp_path, redis_url=SecretStr(redis_server.url)))
    finally:
        clean_redis.config_set("maxmemory-policy", "noeviction")
    assert (check.verdict, check.said) == ("warn", "evicts with allkeys-lru")


def test_a_taken_port_is_warned_of_with_the_next_one(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        check = doctor.port(_settings(tmp_path).with_(api_port=port))
        assert check.verdict == "warn"
        assert "`esi up` takes" in check.remedy
        lock = Lock(tmp_path / "data")
        assert doctor.port(_settings(tmp_path).with_(api_port=port)).verdict == "ok"
        lock.release()


def test_a_running_up_is_seen(tmp_path: Path) -> None:
    lock = Lock(tmp_path)
    assert "in use by a running `esi up`" in doctor.folder(tmp_path).said
    lock.release()
    assert "can be written" in doctor.folder(tmp_path).said


def test_a_folder_that_cannot_be_written_is_bad(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    check = doctor.folder(tmp_path)
    assert (check.verdict, check.remedy) == ("bad", "give another folder with --data")


def test_old_python_little_disk_wrong_packages_and_bad_markets_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor.sys, "version_info", (3, 13, 0))
    assert doctor.python().verdict == "bad"
    monkeypatch.setattr(doctor, "LEAST_DISK_MB", 10**9)
    assert doctor.disk(tmp_path).verdict == "bad"
    monkeypatch.setattr(doctor, "LEAST_MEMORY_MB", 10**9)
    assert doctor.memory().verdict == "warn"
    monkeypatch.setattr(doctor, "NEEDED", ("bytewax", "no-such-package"))
    monkeypatch.setattr(doctor, "_pinned", lambda: {"bytewax": "0.0.1", "no-such-package": "1"})
    assert doctor.packages().said == "missing: no-such-package"
    monkeypatch.setattr(doctor, "NEEDED", ("bytewax",))
    assert "instead of 0.0.1" in doctor.packages().said
    check = doctor.markets(_settings(tmp_path, markets=("nothing",)))
    assert check.verdict == "bad"
    assert bad([Check("a", "ok", ""), check])
