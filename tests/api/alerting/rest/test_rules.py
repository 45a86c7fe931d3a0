"""Rules over REST."""

from __future__ import annotations

from typing import Any

import pytest

from api.alerting.rest.rules import summary
from models.alerts.backtest import Backtest, Episode
from schemas.reading import canonical
from tests.api.alerting.conftest import rows
from tests.api.alerting.rest.conftest import Desk
from tests.models.alerts.made import DAY_US, START_US, reading

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


def test_a_check_says_what_a_kind_means(desk: Desk) -> None:
    rule = {"name": "r", "kind": "rate", "window": "1h", "above": 9, "lasting": "5m"}
    assert desk.ask("POST", "/check", json={"market": "live", "rule": rule}) == {
        "market": "live", "when": "change(index, 1h) > 9.0", "until": None, "seconds": 300.0,
    }  # fmt: skip


def test_a_back_test_names_dates(desk: Desk) -> None:
    trial = {"market": "live", "rule": HIGH}
    empty = desk.ask("POST", "/backtest", json=trial)
    assert empty["summary"] == "there is no archived history of this market"
    for n, index in enumerate([50.0, 85.0, 75.0, 60.0, 90.0]):
        at = START_US + n * DAY_US
        values = (at // 1_000, canonical(reading(at, index, final=True)))
        rows(desk.url, "INSERT INTO readings VALUES ('live', now(), %s, 1, true, 1, 1, 1, %s, 1) RETURNING 1", *values)
    said = desk.ask("POST", "/backtest", json=trial)
    assert (said["readings"], said["fired"], said["cut"]) == (5, 2, False)
    assert said["summary"] == "would have fired 2 times since 2023-11-14: 2023-11-15, 2023-11-18"
    assert said["episodes"][0] == {"began": "2023-11-15T22:13:20Z", "ended": "2023-11-17T22:13:20Z", "value": 85.0}
    part = desk.ask("POST", "/backtest", json=trial | {"from": "2023-11-16", "to": "2023-11-18"})
    assert (part["readings"], part["fired"]) == (2, 0)
    assert desk.ask("POST", "/backtest", 422, json=trial | {"from": "x"})["detail"].startswith("from: ")


def test_fields_and_functions_are_listed(desk: Desk) -> None:
    said = desk.ask("GET", "/fields?market=live")
    known = {field["field"]: field for field in said["fields"]}
    assert known["index"]["available"]
    assert not known["anomaly.tail"]["available"]
    assert said["functions"]["rank"] == "rank(index, 250d)"


def test_summaries() -> None:
    episodes = tuple(Episode(f"20{n:02d}-01-01T00:00:00Z", None, None) for n in range(25))
    assert summary(Backtest(9, "2000-01-01T00:00:00Z", "x", ())) == "would have fired never since 2000-01-01"
    assert summary(Backtest(9, "2000-01-01T00:00:00Z", "x", episodes[:1])).startswith("would have fired once since")
    assert summary(Backtest(9, "2000-01-01T00:00:00Z", "x", episodes)).endswith("2019-01-01, and 5 more")
