"""Servers that repeat what they were sent."""

from __future__ import annotations

from typing import Any

import pytest

from api.alerting.receivers import receiver_of
from api.alerting.receivers.base import Outcome
from api.alerting.veil import HIDDEN, veiled
from tests.api.alerting.conftest import WHSEC

SLACK = "https://hooks.slack.com/services/T0/B0/hunter2hunter2"
SMS = {"account": f"AC{'0' * 32}", "to": "+15555550100", "sender": "+15555550199"}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"kind": "webhook", "url": "https://example.org/", "keys": [WHSEC]}, f"you sent {WHSEC}"),
        ({"kind": "slack", "url": SLACK}, f"no such hook: {SLACK}"),
        ({"kind": "slack", "url": SLACK}, "no route to /services/T0/B0/hunter2hunter2"),
        ({"kind": "teams", "url": "https://a.example/w?sig=hunter2hunter2"}, "bad query sig=hunter2hunter2"),
        ({"kind": "pagerduty", "routing_key": "h" * 32}, '{"routing_key":"' + "h" * 32 + '"}'),
        ({"kind": "sms", "token": "hunter2", **SMS}, "authorization: Basic QUMwMDpodW50ZXIy"),
        ({"kind": "alertmanager", "url": "https://a.example", "token": "hunter2"}, "Bearer hunter2"),
        (
            {
                "kind": "mail",
                "host": "a.example",
                "sender": "a@b.example",
                "to": ["c@d.example"],
                "password": "hunter2",
            },
            "535 hunter2 is wrong",
        ),
    ],
)
def test_no_text_of_an_outcome_shows_a_secret(settings: dict[str, Any], said: str) -> None:
    receiver = receiver_of(settings)
    seen = veiled(Outcome("never", said, request=said, response=said), receiver)
    for text in (seen.fault, seen.request, seen.response):
        assert HIDDEN in text
        assert not any(secret in text for secret in ("hunter2", WHSEC, "hhhh", "QUMwMDpodW50ZXIy"))


def test_other_texts_stay_as_they_are() -> None:
    receiver = receiver_of({"kind": "alertmanager", "url": "https://a.example", "token": "abc"})
    outcome = Outcome("sent", "a basic fault", 1.0, 200, "POST https://a.example (1 bytes)", "abcabc")
    assert veiled(outcome, receiver) == outcome
