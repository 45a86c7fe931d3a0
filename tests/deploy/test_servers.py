"""Which servers are embedded, and what everybody is told of where they are."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from deploy.servers import Servers, esi
from deploy.settings import Settings

REAL: dict[str, Any] = {
    "kafka_url": "k:9092",
    "redis_url": SecretStr("redis://:p@r/0"),
    "postgres_url": SecretStr("postgresql://p/x"),
}


def _settings(tmp_path: Path, *real: str) -> Settings:
    return Settings().with_(data_dir=tmp_path, **{name: REAL[name] for name in real})


def test_what_no_url_names_is_embedded(tmp_path: Path) -> None:
    assert Servers(_settings(tmp_path)).embedded == ("broker", "valkey", "postgres")
    assert Servers(_settings(tmp_path), archive=False).embedded == ("broker", "valkey")
    assert Servers(_settings(tmp_path, "redis_url")).embedded == ("broker", "postgres")
    assert Servers(_settings(tmp_path, *REAL)).embedded == ()


def test_urls_are_passed_on_with_their_passwords_and_without_an_incarnation(tmp_path: Path) -> None:
    servers = Servers(_settings(tmp_path, *REAL))
    servers.prepare()
    assert servers.environment() == {
        "ESI_KAFKA_URL": "k:9092",
        "ESI_REDIS_URL": "redis://:p@r/0",
        "ESI_POSTGRES_URL": "postgresql://p/x",
    }


def test_the_embedded_brokers_address_is_the_one_it_writes(tmp_path: Path) -> None:
    servers = Servers(_settings(tmp_path))
    assert servers.kafka_url is None
    (tmp_path / "broker.json").write_text(json.dumps({"bootstrap": "127.0.0.1:5", "incarnation": "i", "pid": 1}))
    told = servers.environment()
    assert told["ESI_KAFKA_URL"] == "127.0.0.1:5"
    assert told["ESI_BROKER_INCARNATION"] == "i"
    broker = next(program for program in servers.programs() if program.name == "broker")
    assert broker.identity() == "i"
    assert not broker.ready()
    assert broker.command() == esi("broker", "--address-file", str(tmp_path / "broker.json"))
    assert broker.identity() == "", "the address of the one before must not be taken for the new one's"


@pytest.mark.parametrize("real", ["kafka_url", None])
def test_preparing_forgets_the_address_of_our_own_broker_only(tmp_path: Path, real: str | None) -> None:
    (tmp_path / "broker.json").write_text("{}")
    given = ("redis_url", "postgres_url", *([real] if real else []))
    Servers(_settings(tmp_path, *given)).prepare()
    assert (tmp_path / "broker.json").exists() == (real is not None)


def test_servers_stop_last_and_postgres_by_its_fast_signal(tmp_path: Path) -> None:
    programs = {program.name: program for program in Servers(_settings(tmp_path)).programs()}
    assert {program.stop_rank for program in programs.values()} == {1}
    assert programs["postgres"].stop_signal is signal.SIGINT
    assert programs["valkey"].stop_signal is signal.SIGTERM


def test_a_verb_is_run_by_this_python() -> None:
    assert esi("flow", "--feed", "x") == [sys.executable, "-m", "deploy", "flow", "--feed", "x"]
