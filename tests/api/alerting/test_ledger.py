"""Alerts in PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from api.alerting import ledger
from api.alerting.evaluator import connected
from api.alerting.ledger import Saved, Turn, digest
from api.alerting.rulebook import StoredRule
from schemas.alert_rule import AlertRule
from tests.api.alerting.conftest import rows
from tests.models.alerts.made import START_US, reading

NOW = datetime.now(UTC).replace(microsecond=0)
OLD = timedelta(minutes=15)


def stored(version: int = 1, **said: object) -> StoredRule:
    rule = AlertRule.model_validate({"name": "High", "when": "index > 80", "severity": "error"} | said)
    return StoredRule(uuid4(), "us", rule.name, version, rule, "person", "ann", NOW, NOW)


def turn(rule: StoredRule, began: bool = True, at: datetime = NOW) -> Turn:
    return Turn(rule, began, at, "index > 80", 81.5, reading(START_US, 81.5))


async def test_an_alert_begins_once_and_ends_once(tables: str) -> None:
    rule = stored(about="Call.", repeat="1h", receivers=["desk"])
    async with connected(tables) as c:
        (begun,) = await ledger.record(c, "us", [turn(rule)], NOW, OLD)
        assert await ledger.record(c, "us", [turn(rule)], NOW, OLD) == [], "the same reading gives the same alert"
        assert begun.alert.id == digest("us", rule.key, NOW.isoformat(timespec="microseconds"))
        assert (begun.repeat_s, begun.receivers, begun.unsent, begun.sent_at) == (3_600.0, ("desk",), None, NOW)
        assert begun.alert.reading is not None
        assert begun.alert.reading.index == 81.5
        (ended,) = await ledger.record(c, "us", [turn(rule, False, NOW + OLD)], NOW, OLD)
        assert (ended.alert.id, ended.alert.state) == (begun.alert.id, "resolved")
        assert await ledger.record(c, "us", [turn(rule, False, NOW + OLD)], NOW, OLD) == []
    assert rows(tables, "SELECT what FROM alert_events ORDER BY number") == [("alerting",), ("resolved",)]


async def test_fingerprints_stay_and_ids_change(tables: str) -> None:
    rule = stored()
    async with connected(tables) as c:
        found = []
        for n in range(2):
            at = NOW + timedelta(minutes=n)
            found += await ledger.record(c, "us", [turn(rule, True, at), turn(rule, False, at)], NOW, OLD)
    assert len({row.alert.fingerprint for row in found}) == 1
    assert len({row.alert.id for row in found}) == 2


async def test_why_an_alert_is_kept_back(tables: str) -> None:
    async with connected(tables) as c:
        (old,) = await ledger.record(c, "us", [turn(stored(), True, NOW - 2 * OLD)], NOW, OLD)
        (run,) = await ledger.record(c, "us~r1", [turn(stored())], NOW, OLD)
        rows(
            tables,
            "INSERT INTO alert_silences (author, reason, severity, begins_at, ends_at) "
            "VALUES ('ann', 'x', 'error', %s, %s) RETURNING 1",
            NOW - OLD,
            NOW + OLD,
        )
        (silenced,) = await ledger.record(c, "us", [turn(stored())], NOW, OLD)
        assert [row.unsent for row in (old, run, silenced)] == ["old", "run", "silenced"]
        assert [row.sent_at for row in (old, run, silenced)] == [None] * 3
        async with c.transaction():
            assert [row.alert.id for row in await ledger.standing(c)] == [silenced.alert.id]
            await ledger.told(c, [silenced.alert.id], NOW)
        async with c.transaction():
            assert [row.unsent for row in await ledger.standing(c)] == [None]


async def test_acknowledged_alerts_say_so_and_rest(tables: str) -> None:
    async with connected(tables) as c:
        (row,) = await ledger.record(c, "us", [turn(stored())], NOW, OLD)
        taken = await ledger.acknowledge(c, row.alert.id, "ann", "on it", NOW)
        assert taken is not None
        assert (taken.alert.state, taken.acknowledged_by) == ("acknowledged", "ann")
        assert await ledger.standing(c) == []
        assert await ledger.acknowledge(c, "nobody", "ann", "", NOW) is None


async def test_rules_that_are_gone_end_their_alerts(tables: str) -> None:
    keep, gone = stored(), stored()
    async with connected(tables) as c:
        await ledger.record(c, "us", [turn(keep), turn(gone)], NOW, OLD)
        ended = await ledger.retire(c, "us", [keep.key], NOW + OLD)
        assert [row.alert.state for row in ended] == ["resolved"]
        assert await ledger.retire(c, "us", [keep.key], NOW) == []


async def test_positions_and_states(tables: str) -> None:
    async with connected(tables) as c:
        assert await ledger.saved(c) == {}
        for n in range(2):
            await ledger.move(c, "us", Saved("e1", (n, 1), n, b"state\x00"))
        assert await ledger.saved(c) == {"us": Saved("e1", (1, 1), 1, b"state\x00")}
