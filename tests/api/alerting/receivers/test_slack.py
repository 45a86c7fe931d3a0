"""Slack, by its documented shapes."""

from __future__ import annotations

import json

import jsonschema
import pytest
from pydantic import SecretStr

from api.alerting.receivers.base import Answer
from api.alerting.receivers.slack import HEADER, SECTION, Slack, escaped
from tests.api.alerting.receivers.made import NOW, alert, message

TEXT = {"type": "object", "required": ["type", "text"], "properties": {"type": {"enum": ["plain_text", "mrkdwn"]}}}
BLOCKS = {
    "type": "array",
    "maxItems": 50,
    "items": {
        "oneOf": [
            {
                "properties": {
                    "type": {"const": "header"},
                    "text": {"properties": {"type": {"const": "plain_text"}, "text": {"maxLength": HEADER}}},
                },
                "required": ["type", "text"],
            },
            {
                "properties": {
                    "type": {"const": "section"},
                    "text": {"allOf": [TEXT, {"properties": {"text": {"minLength": 1, "maxLength": SECTION}}}]},
                },
                "required": ["type", "text"],
            },
            {
                "properties": {
                    "type": {"const": "context"},
                    "elements": {"type": "array", "items": TEXT, "minItems": 1},
                },
                "required": ["type", "elements"],
            },
        ]
    },
}
SLACK = Slack(url=SecretStr("https://hooks.slack.com/services/T0/B0/secret"))


@pytest.mark.parametrize("count", [1, 200])
def test_the_payload_keeps_to_block_kit(count: int) -> None:
    (call,) = SLACK.calls(message(*[alert(id=str(n)) for n in range(count)]), NOW)
    said = json.loads(call.body)
    jsonschema.validate(said["blocks"], BLOCKS)
    assert said["text"].startswith("CRITICAL us: High &lt;stress&gt;")
    assert "secret" not in call.shown
    assert call.headers["content-type"] == "application/json;charset=utf-8"


def test_nobody_is_called_by_accident() -> None:
    assert escaped("<!channel> & <@U1>") == "&lt;!channel&gt; &amp; &lt;@U1&gt;"


@pytest.mark.parametrize(
    ("status", "body", "verdict", "said"),
    [
        (200, b"ok", "sent", ""),
        (200, b"<html>maintenance</html>", "again", "instead of ok"),
        (400, b"invalid_payload", "never", "invalid_payload"),
        (403, b"action_prohibited", "never", "action_prohibited"),
        (410, b"channel_is_archived", "never", "channel_is_archived"),
        (429, b"rate_limited", "again", "HTTP 429"),
        (500, b"<html>" + b"x" * 500, "again", "HTTP 500"),
    ],
)
def test_what_slack_answers(status: int, body: bytes, verdict: str, said: str) -> None:
    outcome = SLACK.judge(Answer(status, {}, body))
    assert outcome.verdict == verdict
    assert said in outcome.fault
