"""`esi alerts receivers|receiver|test|redeliver`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import redis
from typer.testing import CliRunner

from deploy import alert_receivers
from deploy.cli import app
from tests import servers
from tests.api.alerting.conftest import KEY, WHSEC, AlertsProcess, alerts_process, certificates, endpoint, rows, tables
from tests.api.alerting.endpoint import Certificates, Endpoint

__all__ = ["alerts_process", "certificates", "endpoint", "tables"]
RUNNER = CliRunner()


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESI_ALERTS_KEY", KEY)
    monkeypatch.setenv("ESI_ALERTS_ALLOW", "127.0.0.1,::1")


def test_a_receiver_is_stored_tried_and_told_again(
    redis_server: servers.Redis,
    clean_redis: redis.Redis,
    tables: str,
    endpoint: Endpoint,
    certificates: Certificates,
    alerts_process: Callable[..., AlertsProcess],
    tmp_path: Path,
) -> None:
    assert clean_redis.ping()
    where = ["--postgres-url", tables]
    file = tmp_path / "desk.toml"
    file.write_text(f'kind = "webhook"\nurl = "{endpoint.url}/hook"\nkeys = ["{WHSEC}"]\n')
    stored = RUNNER.invoke(app, ["alerts", "receiver", "desk", str(file), *where])
    assert "`esi alerts test desk` tries it" in stored.stdout, stored.exception
    listed = RUNNER.invoke(app, ["alerts", "receivers", "--json", *where]).stdout
    assert json.loads(listed)[0]["name"] == "desk"
    assert "whsec" not in listed
    process = alerts_process(redis_url=redis_server.url, postgres_url=tables, ca_file=str(certificates.authority))
    process.start()
    servers.wait_until(lambda: process.count("alerts") == 1)
    done = RUNNER.invoke(app, ["alerts", "test", "desk", *where])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["status"] == 200
    assert len(endpoint.got) == 1
    rows(tables, "UPDATE alert_outbox SET state = 'dead' RETURNING 1")
    assert RUNNER.invoke(app, ["alerts", "redeliver", "--receiver", "desk", *where]).stdout == "1 will be sent again.\n"
    servers.wait_until(lambda: len(endpoint.got) == 2)


def test_what_cannot_be_used_is_told_without_the_secret(tables: str, tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    for text, said in (
        ("kind = ", "bad.toml"),
        ('kind = "pigeon"', "there are webhook"),
        (f'kind = "webhook"\nurl = "https://10.0.0.1/"\nkeys = ["{WHSEC}"]', "no public address"),
        ('kind = "webhook"\nurl = "https://example.org/"\nkeys = ["hunter2"]', "a key begins with whsec_"),
    ):
        file.write_text(text)
        done = RUNNER.invoke(app, ["alerts", "receiver", "desk", str(file), "--postgres-url", tables])
        assert said in str(done.exception)
        assert "hunter2" not in str(done.exception)


def test_nobody_who_delivers_and_nobody_to_deliver_to(tables: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alert_receivers, "TEST_WITHIN_S", 0.5)
    where = ["--postgres-url", tables]
    assert "no receiver 'desk'" in str(RUNNER.invoke(app, ["alerts", "test", "desk", *where]).exception)
    settings = f'kind = "webhook"\nurl = "https://example.org/"\nkeys = ["{WHSEC}"]'
    RUNNER.invoke(app, ["alerts", "receiver", "desk", "-", *where], input=settings)
    assert "is `esi alerts` running?" in str(RUNNER.invoke(app, ["alerts", "test", "desk", *where]).exception)
