"""Every change about alerts stands in the audit log, with what was before; none that failed, no secret, no person."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest

from api.alerting.rest.door import ACT, WRITE
from tests.api.alerting.conftest import WHSEC, add_rule, rows
from tests.api.alerting.rest.conftest import Desk
from tests.api.identity.people import Person, make_key, make_user

Entry = tuple[str, Any, Any]
HOOK = {"settings": {"kind": "webhook", "url": "https://example.org/hook", "keys": [WHSEC]}}
MAIL = {
    "settings": {"kind": "mail", "host": "mail.example.org", "sender": "esi@example.org", "to": ["ann@example.org"]}
}
SILENCE = {"author": "Ann Meier", "reason": "her birthday", "lasting": "1h", "market": "live"}


@pytest.fixture(autouse=True)
def forgotten(desk: Desk) -> None:
    with psycopg.connect(desk.url) as connection:
        connection.execute("DELETE FROM audit_log")


def entries(desk: Desk) -> list[Entry]:
    return rows(desk.url, "SELECT action, before, after FROM audit_log ORDER BY number")


def rule(bound: int) -> dict[str, Any]:
    return {"market": "live", "author": "Ann Meier", "rule": {"name": "high", "when": f"index > {bound}"}}


def test_rules_with_what_they_were(desk: Desk) -> None:
    made = desk.ask("POST", "/rules", json=rule(80))
    desk.ask("POST", "/rules", 409, json=rule(80))
    desk.ask("PUT", f"/rules/{made['id']}", json=rule(90))
    desk.ask("DELETE", f"/rules/{made['id']}?author=Ann")
    desk.ask("DELETE", f"/rules/{made['id']}?author=Ann", 404)
    first = {"market": "live", "version": 1, "rule": {"name": "high", "when": "index > 80"}}
    second = first | {"version": 2, "rule": {"name": "high", "when": "index > 90"}}
    assert entries(desk) == [
        ("rules.add", None, first),
        ("rules.change", first, second),
        ("rules.remove", second, None),
    ]


def test_receivers_without_secrets_and_persons(desk: Desk) -> None:
    desk.ask("PUT", "/receivers/desk", json=HOOK)
    desk.ask("PUT", "/receivers/desk", 422, json={"settings": {"kind": "pigeon"}})
    desk.ask("PUT", "/receivers/desk", json=MAIL)
    desk.ask("POST", "/receivers/desk/test")
    desk.ask("POST", "/redeliver", json={"receiver": "desk"})
    desk.ask("DELETE", "/receivers/desk")
    found = entries(desk)
    kept = ["receivers.write", "receivers.write", "receivers.test", "deliveries.again", "receivers.remove"]
    assert [action for action, *_ in found] == kept
    assert found[0][2]["settings"]["url"] == "https://example.org/hook"
    assert (found[1][1], found[4][1]) == (found[0][2], found[1][2])
    assert found[1][2]["withheld"] == ["sender", "to"]
    assert "@example.org" not in json.dumps(found)
    assert "whsec" not in json.dumps(found)


def test_silences_without_what_people_wrote(desk: Desk) -> None:
    made = desk.ask("POST", "/silences", json=SILENCE)
    desk.ask("DELETE", f"/silences/{made['id']}?author=Ann")
    desk.ask("DELETE", f"/silences/{made['id']}?author=Ann", 404)
    (added, _, silence), (ended, was, _) = entries(desk)
    assert (added, ended) == ("silences.add", "silences.end")
    assert silence == was
    assert silence["market"] == "live"
    assert "Ann" not in json.dumps(entries(desk))
    assert "birthday" not in json.dumps(entries(desk))


def test_no_route_that_changes_something_is_left_out(desk: Desk) -> None:
    """Each is asked for by somebody who may; what succeeds leaves an entry."""
    add_rule(desk.url, "live", when="index > 80")
    paths = desk.served.app.openapi()["paths"]
    changing = {
        (method, path)
        for path, operations in paths.items()
        for method, operation in operations.items()
        if operation.get("x-scope") in {ACT["x-scope"], WRITE["x-scope"]}
    }
    noted = {
        ("post", "/v1/alerts/rules"), ("put", "/v1/alerts/rules/{rule_id}"), ("delete", "/v1/alerts/rules/{rule_id}"),
        ("put", "/v1/alerts/receivers/{name}"), ("delete", "/v1/alerts/receivers/{name}"),
        ("post", "/v1/alerts/receivers/{name}/test"), ("post", "/v1/alerts/redeliver"),
        ("post", "/v1/alerts/silences"), ("delete", "/v1/alerts/silences/{silence_id}"),
        ("post", "/v1/alerts/{alert_id}/acknowledge"),
    }  # fmt: skip
    assert changing == noted, "a new one needs its entry, and a line in the tests above"


def test_the_entry_says_who_and_from_where(desk: Desk) -> None:
    desk.key = make_key(desk.url, "alerts:act")
    desk.ask("POST", "/silences", json=SILENCE)
    ((who, target, address),) = rows(desk.url, "SELECT who, target, address FROM audit_log")
    assert who.startswith("key:")
    assert target.startswith("silence:")
    assert address == "127.0.0.1"


def test_people_are_who_they_logged_in_as_and_services_say_for_whom_they_act(desk: Desk) -> None:
    """Else whoever may acknowledge could do it in somebody else's name."""
    make_user(desk.url, "bob", "operator")
    bob = Person(desk.served.url, "bob")
    made = bob.ask("POST", "/v1/alerts/rules", json=rule(80))
    assert made["author"] == "bob"
    assert bob.ask("PUT", f"/v1/alerts/rules/{made['id']}", json=rule(90))["author"] == "bob"
    silence = bob.ask("POST", "/v1/alerts/silences", json=SILENCE)
    assert silence["author"] == "bob"
    bob.ask("DELETE", f"/v1/alerts/silences/{silence['id']}?author=Ann")
    assert rows(desk.url, "SELECT ended_by FROM alert_silences") == [("bob",)]
    assert desk.ask("POST", "/silences", json=SILENCE)["author"] == "Ann Meier"
    bob.ask("DELETE", f"/v1/alerts/rules/{made['id']}?author=Ann")
    assert rows(desk.url, "SELECT author FROM alert_rules") == [("bob",)]
