"""Alertmanager's API v2, by its documented shapes."""

from __future__ import annotations

import json

import jsonschema
from pydantic import SecretStr

from api.alerting.receivers.alertmanager import Alertmanager
from tests.api.alerting.receivers.made import NOW, alert, message

POSTABLE = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["labels"],
        "additionalProperties": False,
        "properties": {
            "labels": {"type": "object", "additionalProperties": {"type": "string", "minLength": 1}},
            "annotations": {"type": "object", "additionalProperties": {"type": "string"}},
            "startsAt": {"type": "string", "format": "date-time"},
            "endsAt": {"type": "string", "format": "date-time"},
            "generatorURL": {"type": "string"},
        },
    },
}


def test_alerts_are_posted_with_their_end() -> None:
    receiver = Alertmanager(url="https://am.example:9093/", token=SecretStr("t0ken"))
    ended = alert("resolved", id="a2", ended_at="2025-11-21T15:00:00Z", segment="", value=None)
    (call,) = receiver.calls(message(alert(), ended), NOW)
    assert call.url == "https://am.example:9093/api/v2/alerts"
    assert call.headers["authorization"] == "Bearer t0ken"
    said = json.loads(call.body)
    jsonschema.validate(said, POSTABLE)
    assert said[0]["labels"] == {
        "alertname": "High <stress>", "market": "us", "severity": "critical", "source": "esi", "segment": "equity",
    }  # fmt: skip
    assert said[0]["endsAt"] == "2025-11-21T16:30:00Z", "two repetitions from now"
    assert said[1]["endsAt"] == "2025-11-21T15:00:00Z"


def test_the_labels_stay_the_same_from_begin_to_end() -> None:
    receiver = Alertmanager(url="https://am.example:9093")
    begin, end = (
        json.loads(receiver.calls(message(alert(state)), NOW)[0].body)[0] for state in ("alerting", "resolved")
    )  # type: ignore[arg-type]
    assert begin["labels"] == end["labels"]
    assert begin["startsAt"] == end["startsAt"]


def test_what_never_repeats_stands_for_a_week() -> None:
    (call,) = Alertmanager(url="https://am.example").calls(message(repeat_s=0.0), NOW)
    assert json.loads(call.body)[0]["endsAt"] == "2025-11-28T14:30:00Z"
