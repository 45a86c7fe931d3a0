"""Short visits to the database; the verbs themselves are tried in tests/deploy."""

from __future__ import annotations

import pytest

from api.alerting import console
from api.alerting.console import ConsoleError
from api.alerting.guard import Guard
from api.alerting.vault import Vault
from models.alerts.windows import MAX_WINDOWS
from schemas.alert_rule import AlertRule
from tests.api.alerting.conftest import KEY, WHSEC, add_rule, rows
from tests.models.alerts.made import MARKET


async def test_a_rule_that_does_not_fit_is_not_stored(tables: str) -> None:
    with pytest.raises(ConsoleError, match="did you mean index"):
        await console.add_rule(tables, "us", AlertRule(name="r", when="indx > 3"), MARKET, "ann")
    assert await console.rules(tables, None) == []


async def test_a_rule_whose_windows_find_no_room_is_not_stored(tables: str) -> None:
    for n in range(MAX_WINDOWS):
        add_rule(tables, "us", name=f"r{n}", when=f"max(index, {n + 1}h) > 1")
    with pytest.raises(ConsoleError, match="different ways"):
        await console.add_rule(tables, "us", AlertRule(name="r", when="max(index, 1s) > 3"), MARKET, "ann")
    assert await console.add_rule(tables, "us", AlertRule(name="r", when="max(index, 1h) > 3"), MARKET, "ann")
    assert len(await console.rules(tables, "us")) == MAX_WINDOWS + 1


async def test_a_receiver_needs_a_key_for_its_secrets(tables: str) -> None:
    settings = {"kind": "webhook", "url": "https://example.org/", "keys": [WHSEC]}
    with pytest.raises(ConsoleError, match="set ESI_ALERTS_KEY"):
        await console.save_receiver(tables, "desk", settings, Vault([]), Guard())
    await console.save_receiver(tables, "desk", settings, Vault([KEY]), Guard())
    assert [one["name"] for one in await console.receivers(tables)] == ["desk"]
    message = await console.test_receiver(tables, "desk")
    assert await console.outcome(tables, message) is None
    assert rows(tables, "SELECT id FROM alert_outbox") == [(message,)]


async def test_a_back_test_without_tables_says_what_to_do(database: str) -> None:
    with pytest.raises(ConsoleError, match="start `esi up`"):
        await console.backtest(database, "us", AlertRule(name="r", when="index > 3"), MARKET)
