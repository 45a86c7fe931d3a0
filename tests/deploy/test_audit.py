"""`esi audit`: its exit statuses, its words, and what it says when it cannot look."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from api.archive.schema import migrate
from deploy.audit import AuditError, addresses, shown
from deploy.settings import load
from deploy.state import Up
from schemas.chain import Audit, Broken
from schemas.reading import canonical
from tests import servers
from tests.api import chained
from tests.api.chained import delete, id_of, overwrite
from tests.api.publisher import archive

Esi = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def esi(clean_redis: redis.Redis, redis_server: servers.Redis, database: str, tmp_path: Path) -> Esi:
    """Runs `esi audit` on real servers that hold a market of 30 finals, 20 of them archived."""
    migrate(database)
    finals = chained.finals("m", 30)
    chained.publish(clean_redis, "m", finals)
    archive(database, "m", clean_redis, id_of(finals[19]), keep=10)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        given = ["--data", str(tmp_path), "--redis-url", redis_server.url, "--postgres-url", database]
        command = [sys.executable, "-m", "deploy", "audit", *given, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=servers.CHECKOUT, timeout=60)

    return run


FINALS = chained.finals("m", 30)


def test_a_sound_chain_is_told_and_ends_with_0(esi: Esi) -> None:
    done = esi("m")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"m: 30 finals hold, {FINALS[0].at} to {FINALS[-1].at}" in done.stdout
    assert f"head  {FINALS[-1].hash}" in done.stdout
    assert "made by 1-2-00000000: 30 finals" in done.stdout
    part = json.loads(esi("m", "--json", "--from", FINALS[5].at, "--to", FINALS[25].at).stdout)
    assert (part["ok"], part["count"], part["head"]) == (True, 20, FINALS[24].hash)


def test_a_broken_one_is_named_and_ends_with_1(esi: Esi, database: str) -> None:
    overwrite(database, "m", id_of(FINALS[7]), canonical(FINALS[7]).replace(b'"normal"', b'"severe"'))
    done = esi("m")
    assert done.returncode == 1
    assert done.stdout.startswith(f"BROKEN at {id_of(FINALS[7])} (altered): its content gives the hash")
    delete(database, "m", id_of(FINALS[7]))
    said = json.loads(esi("m", "--json").stdout)
    assert (said["broken"]["id"], said["broken"]["kind"], said["count"]) == (id_of(FINALS[8]), "gap", 7)


def test_a_market_that_nobody_published_and_a_time_that_is_none_are_refused(esi: Esi) -> None:
    done = esi("nobody")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no final of 'nobody'" in done.stderr
    assert "--from" in esi("m", "--from", "yesterday").stderr


def test_servers_that_are_away_are_named_with_a_remedy(
    esi: Esi, redis_server: servers.Redis, database: str, tmp_path: Path
) -> None:
    nobody = servers.free_port()
    cases = (
        ("PostgreSQL", f"postgresql://esi:secret@127.0.0.1:{nobody}/esi", redis_server.url),
        ("Redis", database, f"redis://:secret@127.0.0.1:{nobody}/0"),
    )
    for what, postgres_url, redis_url in cases:
        done = esi("m", "--redis-url", redis_url, "--postgres-url", postgres_url)
        assert (done.returncode, done.stdout) == (2, "")
        assert f"{what} does not answer at" in done.stderr
        assert f"127.0.0.1:{nobody}" in done.stderr
        assert not {"secret", "Traceback"} & set(done.stderr.split())
        assert "secret" not in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_the_addresses_are_those_of_the_settings_or_of_what_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ESI_REDIS_URL", raising=False)
    settings = load({"data_dir": tmp_path})
    with pytest.raises(AuditError, match="nothing runs in"):
        addresses(settings)
    Up(1, 0.0, "http://127.0.0.1:8137", "k", "redis://r", "postgresql://p").write(tmp_path)
    assert addresses(settings) == ("redis://r", "postgresql://p")
    given = load({"data_dir": tmp_path, "redis_url": "redis://other"})
    assert addresses(given) == ("redis://other", None)


def test_an_empty_chain_has_no_head() -> None:
    said = shown(Audit("m", False, 0, None, None, "", [], Broken("1-1", "truncated", "gone")))
    assert said.splitlines() == ["BROKEN at 1-1 (truncated): gone", "m: 0 finals hold", "head  none"]
