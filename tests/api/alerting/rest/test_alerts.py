"""Alerts, acknowledgement and silences over REST."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.alerting import ledger
from api.alerting.evaluator import connected
from tests.api.alerting.conftest import add_receiver, rows
from tests.api.alerting.rest.conftest import Desk
from tests.api.alerting.test_ledger import OLD, stored, turn

NOW = datetime.now(UTC).replace(microsecond=0)


async def begin(url: str, count: int = 1, **said: Any) -> list[str]:
    """Alerts that begin one second after the other."""
    async with connected(url) as c:
        turns = [turn(stored(name=f"r{n}", **said), True, NOW + timedelta(seconds=n)) for n in range(count)]
        return [row.alert.id for row in await ledger.record(c, "us", turns, NOW, OLD)]


async def test_alerts_are_listed_newest_first_and_in_pages(desk: Desk) -> None:
    ids = await begin(desk.url, 5)
    first = desk.ask("GET", "?limit=2")
    assert [one["alert"]["id"] for one in first["alerts"]] == [ids[4], ids[3]]
    second = desk.ask("GET", "", params={"limit": 3, "cursor": first["next"]})
    assert [one["alert"]["id"] for one in second["alerts"]] == ids[2::-1]
    assert second["next"] is None
    assert desk.ask("GET", "?market=sim")["alerts"] == []
    assert len(desk.ask("GET", "?state=alerting&severity=error")["alerts"]) == 5
    assert desk.ask("GET", "?state=resolved")["alerts"] == []
    assert "unchanged" in desk.ask("GET", "?cursor=x", 422)["detail"]


async def test_acknowledging_rests_the_alert_and_tells_pagerduty(desk: Desk) -> None:
    (alert,) = await begin(desk.url)
    add_receiver(desk.url, "pager", kind="pagerduty", routing_key="0" * 32)
    add_receiver(desk.url, "slack", kind="slack", url="https://example.org/s")
    said = desk.ask("POST", f"/{alert}/acknowledge", json={"author": "ann", "note": "on it"})
    assert (said["alert"]["state"], said["acknowledged_by"]) == ("acknowledged", "ann")
    ((body,),) = rows(desk.url, "SELECT body FROM alert_outbox")
    assert body["alerts"][0]["state"] == "acknowledged"
    desk.ask("POST", "/nobody/acknowledge", 404, json={"author": "ann"})
    desk.ask("POST", f"/{alert}/acknowledge", 422, json={})


def test_silences_begin_and_end(desk: Desk) -> None:
    said = desk.ask(
        "POST", "/silences", json={"author": "ann", "reason": "maintenance", "lasting": "2h", "market": "us"}
    )
    assert (said["author"], said["reason"], said["market"], said["rule"]) == ("ann", "maintenance", "us", None)
    begins, ends = (datetime.fromisoformat(said[name]) for name in ("begins_at", "ends_at"))
    assert ends - begins == timedelta(hours=2)
    assert desk.ask("GET", "/silences")["silences"] == [said]
    assert desk.ask("DELETE", f"/silences/{said['id']}?author=bob")["count"] == 1
    assert desk.ask("GET", "/silences")["silences"][0]["ended_by"] == "bob"
    desk.ask("DELETE", f"/silences/{said['id']}?author=bob", 404)


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"lasting": "0s"}, "greater than 0"),
        ({"lasting": "400d"}, "at most 366d"),
        ({"lasting": "2h", "author": ""}, "at least 1 character"),
        ({"lasting": "2h", "severity": "loud"}, "'info', 'warning'"),
        ({"lasting": "2h", "begins_at": "9999-12-31T23:59:59Z"}, "beyond the calendar"),
        ({"lasting": "2h", "begins_at": "2026-01-01T00:00:00"}, "timezone"),
        ({"lasting": "2h", "colour": "red"}, "Extra inputs"),
    ],
)
def test_what_is_no_silence_is_told(desk: Desk, said: dict[str, Any], fault: str) -> None:
    assert fault in desk.ask("POST", "/silences", 422, json={"author": "ann", "reason": "x"} | said)["detail"]
