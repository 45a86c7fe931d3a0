"""Microsoft Teams by a workflow's webhook, as an Adaptive Card. The address is the credential."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Final, Literal

import msgspec
from pydantic import Field, SecretStr

from api.alerting.messages import Message
from api.alerting.receivers.base import Call, HttpReceiver, clipped

COLOURS: Final = {"critical": "attention", "error": "attention", "warning": "warning", "info": "accent"}
LONGEST: Final = 20_000
"""Characters of a text: a whole card may have 28 kB."""


class Teams(HttpReceiver):
    """A channel of Teams; `url` is the secret address of a workflow that posts what it gets."""

    SECRET: ClassVar[frozenset[str]] = frozenset({"url"})
    SENT_TO: ClassVar[tuple[str, ...]] = ()  # the address is the secret

    kind: Literal["teams"] = "teams"
    url: SecretStr = Field(max_length=2_000)
    per_minute: float = Field(default=60.0, gt=0, le=1_000_000)

    def calls(self, message: Message, now: datetime) -> list[Call]:
        """One request; `now` is not said."""
        colour = COLOURS.get(message.body.severity, "default")
        title = {"type": "TextBlock", "size": "Large", "weight": "Bolder", "wrap": True, "color": colour}
        card: dict[str, Any] = {
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard",
            "version": "1.4",
            "body": [
                {**title, "text": clipped(self.heading(message), 500)},
                {"type": "TextBlock", "wrap": True, "text": clipped(self.words(message), LONGEST)},
            ],
        }
        if message.body.url:
            card["actions"] = [{"type": "Action.OpenUrl", "title": "The page", "url": message.body.url}]
        attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
        body = msgspec.json.encode({"type": "message", "attachments": [attachment]})
        headers = {"content-type": "application/json"}
        return [Call(self.url.get_secret_value(), body, headers, "the Teams workflow")]
