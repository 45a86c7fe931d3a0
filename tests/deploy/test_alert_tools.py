"""What the verbs of `esi alerts` have in common."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deploy.alert_tools import AlertsCommandError, carried_out, database, market_of, printed, rule_of
from deploy.settings import SettingsError
from deploy.state import Up
from tests import servers


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("ESI_POSTGRES_URL", raising=False)
    monkeypatch.chdir(tmp_path)


def test_the_database_is_the_one_that_was_given_or_that_of_esi_up(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no `esi up` has run in this data folder"):
        database(tmp_path, None)
    Up(1, 1.0, "http://x", None, None, "postgresql://of-up").write(tmp_path)
    assert database(tmp_path, None) == "postgresql://of-up"
    assert database(tmp_path, "postgresql://given") == "postgresql://given"


def test_a_database_that_is_away_is_a_sentence(tmp_path: Path) -> None:
    from api.alerting import console

    url = f"postgresql://esi@127.0.0.1:{servers.free_port()}/esi"
    with pytest.raises(AlertsCommandError, match="PostgreSQL does not answer"):
        carried_out(console.rules(url, None))


def test_rules_and_markets() -> None:
    assert rule_of(name="r", when="index > 80", until=None).until is None
    with pytest.raises(AlertsCommandError, match="at least 1 character"):
        rule_of(name="", when="index > 80")
    name, names = market_of("us-open")
    assert (name, names.segments) == ("us-open", ("equity", "credit", "commodities"))


def test_tables_and_json(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"a": 1, "b": None}, {"a": "long", "b": "x"}]
    printed(rows, ("a", "b"), as_json=False)
    assert capsys.readouterr().out == "a     b\n1\nlong  x\n"
    printed(rows, ("a", "b"), as_json=True)
    assert json.loads(capsys.readouterr().out) == rows
