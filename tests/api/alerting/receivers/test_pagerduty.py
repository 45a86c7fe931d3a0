"""PagerDuty Events v2, by its documented shapes."""

from __future__ import annotations

import json

import jsonschema
import pytest
from pydantic import SecretStr

from api.alerting.messages import State
from api.alerting.receivers.pagerduty import PagerDuty
from tests.api.alerting.receivers.made import NOW, alert, message

EVENT = {
    "type": "object",
    "required": ["routing_key", "event_action", "dedup_key"],
    "additionalProperties": False,
    "properties": {
        "routing_key": {"type": "string", "minLength": 32, "maxLength": 32},
        "event_action": {"enum": ["trigger", "acknowledge", "resolve"]},
        "dedup_key": {"type": "string", "maxLength": 255},
        "payload": {
            "type": "object",
            "required": ["summary", "source", "severity"],
            "properties": {
                "summary": {"type": "string", "maxLength": 1024},
                "severity": {"enum": ["critical", "error", "warning", "info"]},
                "custom_details": {"type": "object"},
            },
        },
        "links": {"type": "array"},
        "client": {"type": "string"},
        "client_url": {"type": "string"},
    },
    "if": {"properties": {"event_action": {"const": "trigger"}}},
    "then": {"required": ["payload"]},
}
PAGER = PagerDuty(routing_key=SecretStr("0123456789abcdef0123456789abcdef"))


@pytest.mark.parametrize(
    ("state", "action"), [("alerting", "trigger"), ("resolved", "resolve"), ("acknowledged", "acknowledge")]
)
def test_each_alert_is_one_event_under_its_id(state: State, action: str) -> None:
    calls = PAGER.calls(message(alert(state), alert(state, id="a2", rule="x" * 3_000)), NOW)
    said = [json.loads(call.body) for call in calls]
    for event in said:
        jsonschema.validate(event, EVENT)
        assert event["event_action"] == action
    assert [event["dedup_key"] for event in said] == ["esi:a1", "esi:a2"]
    assert all("0123" not in call.shown for call in calls)


def test_what_the_duty_officer_sees() -> None:
    payload = json.loads(PAGER.calls(message(), NOW)[0].body)["payload"]
    assert payload["summary"] == "High <stress> in us: index > 80 (81.5)"
    assert payload["custom_details"]["about"] == "Call the desk & wait."
    assert payload["component"] == "equity"
