"""Rules over REST."""

from __future__ import annotations

from typing import Any

import pytest

from models.alerts.windows import MAX_WINDOWS
from tests.api.alerting.conftest import add_rule, rows
from tests.api.alerting.rest.conftest import Desk

HIGH = {"name": "High", "when": "index > 80", "until": "index < 70", "severity": "critical"}


def body(rule: dict[str, Any] | None = None, market: str = "live", **said: Any) -> dict[str, Any]:
    return {"market": market, "rule": rule or HIGH, "author": "ann"} | said


def test_a_rule_is_written_changed_and_removed(desk: Desk) -> None:
    made = desk.ask("POST", "/rules", json=body())
    assert (made["version"], made["origin"], made["author"], made["when"]) == (1, "person", "ann", "index > 80")
    threshold = {"name": "High", "kind": "threshold", "above": 90, "clear": 85, "lasting": "5m"}
    changed = desk.ask("PUT", f"/rules/{made['id']}", json=body(threshold, author="bob"))
    assert (changed["version"], changed["when"], changed["until"]) == (2, "index > 90.0", "index < 85.0")
    assert desk.ask("GET", f"/rules/{made['id']}") == changed
    assert desk.ask("GET", "/rules?market=live") == {"rules": [changed]}
    assert desk.ask("GET", "/rules?market=sim") == {"rules": []}
    assert desk.ask("DELETE", f"/rules/{made['id']}?author=ann") == {"count": 1, "id": made["id"]}
    desk.ask("GET", f"/rules/{made['id']}", 404)
    desk.ask("DELETE", f"/rules/{made['id']}?author=ann", 404)
    desk.ask("PUT", f"/rules/{made['id']}", 404, json=body())


def test_a_rule_of_a_run_is_its_market_s(desk: Desk) -> None:
    made = desk.ask("POST", "/rules", json=body())
    assert made["market"] == "live"
    assert "already" in desk.ask("POST", "/rules", 409, json=body())["detail"]


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"name": "r", "when": "indx > 80"}, "line 1, column 1: indx is no field of this market; did you mean index?"),
        ({"name": "r", "when": "index > 80 and"}, "it ends too early"),
        ({"name": "r", "when": "index > 1 / 0"}, "a division by zero"),
        ({"name": "r", "when": "forecast.q90 > 80"}, "not available in this market"),
        ({"name": "r", "kind": "regime", "input": "crisis"}, "not available in this market"),
        ({"name": "r", "when": "x" * 3_000}, "at most 2000 characters"),
        ({"name": "r", "kind": "threshold"}, "needs either above or below"),
        ({"name": "r", "when": "index > 80", "lasting": "soon"}, "is no duration"),
    ],
)
def test_a_rule_that_does_not_fit_is_refused_with_the_place(desk: Desk, rule: dict[str, Any], said: str) -> None:
    for method, path in (("POST", "/rules"), ("POST", "/check"), ("POST", "/backtest")):
        sent = body(rule) if path == "/rules" else {"market": "live", "rule": rule}
        problem = desk.ask(method, path, 422, json=sent)
        assert said in problem["detail"]
        assert problem["request_id"]
    assert rows(desk.url, "SELECT count(*) FROM alert_rules") == [(0,)]


def test_an_unknown_market_is_told(desk: Desk) -> None:
    assert desk.ask("POST", "/rules", 404, json=body(market="nowhere"))["title"] == "Unknown market"
    desk.ask("GET", "/fields?market=nowhere", 404)


def test_fields_and_functions_are_listed(desk: Desk) -> None:
    said = desk.ask("GET", "/fields?market=live")
    known = {field["field"]: field for field in said["fields"]}
    assert known["index"]["available"]
    assert not known["anomaly.tail"]["available"]
    assert said["functions"]["rank"] == "rank(index, 250d)"


def wide(number: int, windows: int = 8) -> dict[str, Any]:
    """A rule of eight windows that no other has."""
    return {"name": f"A{number}", "when": " or ".join(f"max(index, {8 * number + n + 1}h) > 1" for n in range(windows))}


def test_a_rule_whose_windows_find_no_room_is_refused_and_pushes_nobody_out(desk: Desk) -> None:
    plain = desk.ask("POST", "/rules", json=body())
    for number in range(MAX_WINDOWS // 8):
        last = desk.ask("POST", "/rules", json=body(wide(number)))
    said = desk.ask("POST", "/rules", 422, json=body(wide(MAX_WINDOWS // 8, 1)))
    assert f"more than {MAX_WINDOWS} different ways" in said["detail"]
    assert "different ways" in desk.ask("PUT", f"/rules/{plain['id']}", 422, json=body(wide(MAX_WINDOWS)))["detail"]
    desk.ask("PUT", f"/rules/{last['id']}", json=body(wide(MAX_WINDOWS)))
    desk.ask("POST", "/rules", json=body({"name": "same", "when": "max(index, 1h) > 2"}))
    desk.ask("POST", "/rules", json=body({"name": "no windows", "when": "index > 2"}))
    assert {rule["fault"] for rule in desk.ask("GET", "/rules")["rules"]} == {None}


def test_a_rule_that_found_no_room_says_so(desk: Desk) -> None:
    """Such rules come from market files, or from two people at once."""
    for number in range(MAX_WINDOWS // 8 + 1):
        add_rule(desk.url, "live", **wide(number))
    faulty = [rule for rule in desk.ask("GET", "/rules?market=live")["rules"] if rule["fault"]]
    assert [rule["name"] for rule in faulty] == [f"A{MAX_WINDOWS // 8}"], "the newest"
    assert desk.ask("GET", f"/rules/{faulty[0]['id']}") == faulty[0]
