"""From alerts to messages."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from api.alerting import ledger, notify, registry
from api.alerting.evaluator import connected
from api.alerting.ledger import Row
from api.alerting.messages import Alert
from api.alerting.notify import MOST, bodies
from api.alerting.people import Labels
from tests.api.alerting.conftest import WHSEC, add_receiver, rows
from tests.api.alerting.test_ledger import OLD, stored, turn

NOW = datetime.now(UTC).replace(microsecond=0)


def row(number: int, severity: str = "error", segment: str = "", receivers: tuple[str, ...] = (), **said: Any) -> Row:
    alert = Alert(
        f"a{number}", "f", "alerting", "High", 1, "us", severity, segment, "2026-01-01T00:00:00Z", None, "index > 80",
        81.5, "",
    )  # fmt: skip
    plain = Row(alert, Labels("us", "High", severity, segment), receivers, 60.0, None, NOW, None)
    return replace(plain, **said)


def waiting(url: str) -> list[tuple[str, list[str]]]:
    """(receiver, ids of alerts) of each message in the outbox."""
    query = "SELECT r.name, o.body FROM alert_outbox o JOIN alert_receivers r ON r.id = o.receiver_id ORDER BY o.number"
    return [(name, [alert["id"] for alert in body["alerts"]]) for name, body in rows(url, query)]


def test_alerts_are_grouped_by_market_segment_and_severity() -> None:
    found = bodies([row(1), row(2, segment="credit"), row(3), row(4, "info")], "alerts", NOW, "https://esi.example/")
    assert [[alert.id for alert in body.alerts] for body in found] == [["a1", "a3"], ["a2"], ["a4"]]
    assert {body.url for body in found} == {"https://esi.example/"}
    assert found[0].repeat_s == 60.0


def test_a_large_group_is_several_messages() -> None:
    found = bodies([row(n) for n in range(2 * MOST + 1)], "alerts", NOW, "")
    assert [len(body.alerts) for body in found] == [MOST, MOST, 1]
    assert len(msgspec.json.encode(found[0])) < 20_000


async def test_receivers_take_what_they_are_there_for(tables: str) -> None:
    add_receiver(tables, "all", kind="slack", url="https://example.org/s")
    add_receiver(tables, "urgent", kind="webhook", url="https://example.org/", keys=[WHSEC], severity="critical")
    add_receiver(tables, "sim", kind="teams", url="https://example.org/t", markets=["sim"])
    async with connected(tables) as c:
        count = await notify.tell(c, [row(1), row(2, "critical"), row(3, receivers=("sim",))], "alerts", NOW, "")
    assert count == 4
    assert waiting(tables) == [("all", ["a1"]), ("all", ["a2"]), ("sim", ["a3"]), ("urgent", ["a2"])]


async def test_the_same_is_put_into_the_outbox_once(tables: str) -> None:
    add_receiver(tables, "all", kind="slack", url="https://example.org/s")
    async with connected(tables) as c:
        for _ in range(2):
            await notify.tell(c, [row(1)], "alerts", NOW, "")
    assert waiting(tables) == [("all", ["a1"])]


async def test_one_kind_only(tables: str) -> None:
    add_receiver(tables, "slack", kind="slack", url="https://example.org/s")
    add_receiver(tables, "pager", kind="pagerduty", routing_key="0" * 32)
    async with connected(tables) as c:
        await notify.tell(c, [row(1)], "alerts", NOW, "", only="pagerduty")
    assert waiting(tables) == [("pager", ["a1"])]


async def test_an_alert_for_nobody_who_is_there_goes_to_all_who_would_take_it(tables: str) -> None:
    """A slip in a name, or a receiver that was removed, must not make an alert vanish."""
    add_receiver(tables, "slack", kind="slack", url="https://example.org/s")
    add_receiver(tables, "pager", kind="pagerduty", routing_key="0" * 32, severity="critical")
    async with connected(tables) as c:
        await notify.tell(c, [row(1, receivers=("slak",)), row(2, receivers=("slak", "pager"))], "alerts", NOW, "")
        assert await notify.tell(c, [row(3, receivers=("slack",))], "alerts", NOW, "", only="pagerduty") == 0
    assert waiting(tables) == [("pager", ["a2"]), ("slack", ["a1"])]


async def test_disabled_receivers_take_nothing(tables: str) -> None:
    add_receiver(tables, "slack", kind="slack", url="https://example.org/s")
    rows(tables, "UPDATE alert_receivers SET enabled = false RETURNING 1")
    async with connected(tables) as c:
        assert await notify.tell(c, [row(1)], "alerts", NOW, "") == 0
        assert notify.takers(await registry.receivers(c), Labels("us", "High", "error", ""), ()) == []


async def test_messages_of_a_group_are_gathered(tables: str) -> None:
    add_receiver(tables, "slack", kind="slack", url="https://example.org/s", gather_s=60)
    now = datetime.now(UTC)
    async with connected(tables) as c:
        for n in range(4):
            await notify.tell(c, [row(n)], "alerts", now, "")
        await notify.tell(c, [row(3, alert=msgspec.structs.replace(row(3).alert, state="resolved"))], "alerts", now, "")
    assert waiting(tables) == [("slack", ["a0"]), ("slack", ["a1", "a2", "a3"])]
    ((first,), (second,)) = rows(tables, "SELECT due_at FROM alert_outbox ORDER BY number")
    assert second - first == timedelta(seconds=60)
    ((body,),) = rows(tables, "SELECT body FROM alert_outbox ORDER BY number DESC LIMIT 1")
    assert body["alerts"][-1]["state"] == "resolved"


async def test_a_message_that_is_full_is_followed_by_another_at_the_same_time(tables: str) -> None:
    add_receiver(tables, "slack", kind="slack", url="https://example.org/s", gather_s=60)
    now = datetime.now(UTC)
    async with connected(tables) as c:
        for n in range(1 + 2 * notify.MOST):
            await notify.tell(c, [row(n)], "alerts", now, "")
    assert [len(told) for _, told in waiting(tables)] == [1, notify.MOST, notify.MOST]
    ((first,), (second,), (third,)) = rows(tables, "SELECT due_at FROM alert_outbox ORDER BY number")
    assert (second - first, third) == (timedelta(seconds=60), second)


async def test_what_stands_is_told_again_and_what_was_silenced_for_the_first_time(tables: str) -> None:
    add_receiver(tables, "slack", kind="slack", url="https://example.org/s")
    rule = stored(repeat="1h")
    async with connected(tables) as c:
        await ledger.record(c, "us", [turn(rule)], NOW, OLD)
        assert await notify.remind(c, NOW + timedelta(minutes=59), "") == 0
        assert await notify.remind(c, NOW + timedelta(minutes=60), "") == 1
        assert await notify.remind(c, NOW + timedelta(minutes=61), "") == 0
        rows(
            tables,
            "INSERT INTO alert_silences (author, reason, begins_at, ends_at) VALUES ('ann', 'x', %s, %s) RETURNING 1",
            NOW,
            NOW + timedelta(hours=10),
        )
        await ledger.record(c, "us", [turn(stored())], NOW, OLD)
        assert await notify.remind(c, NOW + timedelta(hours=9), "") == 0
        assert await notify.remind(c, NOW + timedelta(hours=10), "") == 2
    subjects = [body["subject"] for (body,) in rows(tables, "SELECT body FROM alert_outbox ORDER BY number")]
    assert subjects == ["reminder", "alerts", "reminder"]


async def test_an_end_is_told_only_where_the_beginning_was(tables: str) -> None:
    add_receiver(tables, "slack", kind="slack", url="https://example.org/s")
    async with connected(tables) as c:
        assert await notify.announce(c, [row(1), row(2, unsent="old"), row(3, unsent="run")], NOW, "") == 1
