"""`esi alerts list|ack|silence`."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from typer.testing import CliRunner

from api.alerting import ledger
from api.alerting.evaluator import connected
from deploy.cli import app
from tests.api.alerting.conftest import rows, tables
from tests.api.alerting.test_ledger import OLD, stored, turn

__all__ = ["tables"]
RUNNER = CliRunner()


def begin(url: str) -> str:
    async def begun() -> str:
        now = datetime.now(UTC)
        async with connected(url) as c:
            (row,) = await ledger.record(c, "us", [turn(stored(), True, now)], now, OLD)
            return row.alert.id

    return asyncio.run(begun())


def test_an_alert_is_listed_and_acknowledged(tables: str) -> None:
    alert, where = begin(tables), ["--postgres-url", tables]
    (said,) = json.loads(RUNNER.invoke(app, ["alerts", "list", "--json", *where]).stdout)
    assert (said["id"], said["state"]) == (alert, "alerting")
    assert alert in RUNNER.invoke(app, ["alerts", "list", "--market", "us", *where]).stdout
    done = RUNNER.invoke(app, ["alerts", "ack", alert, "--author", "ann", "--note", "on it", *where])
    assert done.stdout == "Acknowledged.\n"
    assert rows(tables, "SELECT acknowledged_by, acknowledged_note FROM alerts") == [("ann", "on it")]
    assert "no alert 'x' stands" in str(RUNNER.invoke(app, ["alerts", "ack", "x", *where]).exception)


def test_a_silence_says_when_it_ends(tables: str) -> None:
    call = ["alerts", "silence", "maintenance", "--lasting", "2h", "--market", "us", "--postgres-url", tables]
    assert RUNNER.invoke(app, call).stdout.startswith("Silent until 20")
    ((market, reason, author),) = rows(tables, "SELECT market, reason, author FROM alert_silences")
    assert (market, reason) == ("us", "maintenance")
    assert author


@pytest.mark.parametrize(("lasting", "said"), [("soon", "is no duration"), ("0s", "at most 366d"), ("999d", "at most")])
def test_what_is_no_silence_is_told(lasting: str, said: str) -> None:
    done: Any = RUNNER.invoke(app, ["alerts", "silence", "x", "--lasting", lasting, "--postgres-url", "postgresql://x"])
    assert said in str(done.exception)
