"""Microsoft Teams."""

from __future__ import annotations

import json

from pydantic import SecretStr

from api.alerting.receivers.teams import LONGEST, Teams
from tests.api.alerting.receivers.made import NOW, alert, message

TEAMS = Teams(url=SecretStr("https://example.org/workflow?sig=secret"))


def test_the_card() -> None:
    (call,) = TEAMS.calls(message(*[alert(id=str(n), about="x" * 1_000) for n in range(100)]), NOW)
    said = json.loads(call.body)
    assert said["type"] == "message"
    (attachment,) = said["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    assert card["body"][0]["color"] == "attention"
    assert card["body"][0]["text"].startswith("CRITICAL us")
    assert len(card["body"][1]["text"]) <= LONGEST
    assert card["actions"][0]["url"] == "https://esi.example/"
    assert len(call.body) < 28_000
    assert "secret" not in call.shown
