"""`esi alerts rules|check|backtest|add`, against a real archive."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.alert_tools import AlertsCommandError
from deploy.cli import app
from schemas.reading import canonical
from tests.api.alerting.conftest import rows, tables
from tests.models.alerts.made import DAY_US, START_US, reading

__all__ = ["tables"]
RUNNER = CliRunner()


def test_a_condition_is_checked_against_its_market() -> None:
    assert RUNNER.invoke(app, ["alerts", "check", "percentile > 99", "--market", "us"]).stdout == "It fits.\n"
    wrong = RUNNER.invoke(app, ["alerts", "check", "index > 80 and indx > 3", "--market", "us"])
    assert isinstance(wrong.exception, AlertsCommandError)
    assert "line 1, column 16: indx is no field" in str(wrong.exception)


def test_a_condition_is_tried_over_history(tables: str, tmp_path: Path) -> None:
    call = ["alerts", "backtest", "index > 80", "--until", "index < 70", "--market", "us", "--postgres-url", tables]
    assert "there is no archived history" in RUNNER.invoke(app, call).stdout
    for n, index in enumerate([50.0, 85.0, 75.0, 60.0, 90.0]):
        at = START_US + n * DAY_US
        values = (at // 1_000, canonical(reading(at, index, final=True)))
        rows(tables, "INSERT INTO readings VALUES ('us', now(), %s, 1, true, 1, 1, 1, %s, 1) RETURNING 1", *values)
    said = RUNNER.invoke(app, call).stdout.splitlines()
    assert said[0] == "It would have fired 2 times since 2023-11-14: 2023-11-15, 2023-11-18"
    assert said[1] == "  2023-11-15T22:13:20Z  to  2023-11-17T22:13:20Z  85.00"
    assert said[2].endswith("to  now  90.00")
    assert json.loads(RUNNER.invoke(app, [*call, "--json"]).stdout)["fired"] == 2


def test_a_rule_is_added_and_listed(tables: str) -> None:
    where = ["--postgres-url", tables]
    call = ["alerts", "add", "High", "index > 80", "--market", "us", "--severity", "critical", "--author", "ann"]
    assert RUNNER.invoke(app, [*call, *where]).exit_code == 0
    again = RUNNER.invoke(app, [*call, *where])
    assert "already" in str(again.exception)
    said = RUNNER.invoke(app, ["alerts", "rules", *where]).stdout
    assert said.splitlines()[1].split() == ["us", "High", "1", "person", "critical", "True"]
    assert json.loads(RUNNER.invoke(app, ["alerts", "rules", "--json", *where]).stdout)[0]["name"] == "High"


@pytest.mark.parametrize("verb", [["rules"], ["list"], ["receivers"], ["redeliver"]])
def test_a_database_without_tables_says_what_to_do(database: str, verb: list[str]) -> None:
    done = RUNNER.invoke(app, ["alerts", *verb, "--postgres-url", database])
    assert "start `esi up` or `esi alerts` once" in str(done.exception)
