"""`esi alerts`: the process, its key, its help."""

from __future__ import annotations

from typing import Any

import pytest
from typer.testing import CliRunner

from api.alerting.vault import Vault
from deploy import verbs
from deploy.cli import app

RUNNER = CliRunner()


def test_a_key_is_printed_that_can_be_used() -> None:
    first, second = (RUNNER.invoke(app, ["alerts", "key"]).stdout.strip() for _ in range(2))
    assert first != second
    assert Vault([first]).open(Vault([first]).seal({"a": "b"})) == {"a": "b"}


def test_every_verb_is_there() -> None:
    said = RUNNER.invoke(app, ["alerts", "--help"]).output
    verbs_there = {line.split()[0] for line in said.splitlines() if line.startswith("  ") and line.split()}
    assert verbs_there >= {
        "key", "list", "ack", "silence", "rules", "check", "backtest", "add", "receivers", "receiver", "test",
        "redeliver",
    }  # fmt: skip


@pytest.mark.parametrize(("flags", "only"), [([], False), (["--only-deliver"], True)])
def test_without_a_verb_it_is_the_process(monkeypatch: pytest.MonkeyPatch, flags: list[str], only: bool) -> None:
    called: list[Any] = []
    monkeypatch.setattr(verbs, "alerts", lambda settings, **said: called.append((settings, said)))
    done = RUNNER.invoke(app, ["alerts", *flags, "--metrics-port", "7", "--postgres-url", "postgresql://x"])
    assert done.exit_code == 0, done.output
    ((settings, said),) = called
    assert said == {"only_deliver": only}
    assert settings.metrics_port == 7
