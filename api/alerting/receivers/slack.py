"""Slack incoming webhooks, in Block Kit. The address is the credential."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Final, Literal

import msgspec
from pydantic import Field, SecretStr

from api.alerting.messages import Message
from api.alerting.receivers.base import Answer, Call, HttpReceiver, Outcome, clipped, judged

HEADER: Final = 150
SECTION: Final = 3_000


class Slack(HttpReceiver):
    """A channel of Slack; `url` is the secret address of an incoming webhook."""

    SECRET: ClassVar[frozenset[str]] = frozenset({"url"})
    SENT_TO: ClassVar[tuple[str, ...]] = ()  # the address is the secret

    kind: Literal["slack"] = "slack"
    url: SecretStr = Field(max_length=2_000)
    per_minute: float = Field(default=50.0, gt=0, le=1_000_000)  # Slack takes about one a second

    def calls(self, message: Message, now: datetime) -> list[Call]:
        """One request; `now` is not said."""
        title, text = self.heading(message), self.words(message)
        blocks: list[dict[str, Any]] = [
            {"type": "header", "text": {"type": "plain_text", "text": clipped(title, HEADER), "emoji": False}},
            {"type": "section", "text": {"type": "mrkdwn", "text": clipped(escaped(text), SECTION)}},
        ]
        if message.body.url:
            link = f"<{message.body.url}|The page>"
            blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": link}]})
        body = {"text": clipped(escaped(title), SECTION), "blocks": blocks, "unfurl_links": False}
        headers = {"content-type": "application/json;charset=utf-8"}
        return [Call(self.url.get_secret_value(), msgspec.json.encode(body), headers, "the Slack webhook")]

    def judge(self, answer: Answer) -> Outcome:
        """Errors are plain words; `ok` alone is success."""
        outcome = judged(answer)
        if outcome.verdict == "sent" and answer.body.strip() != b"ok":
            fault = f"Slack says {clipped(outcome.response, 100)!r} instead of ok"
            return Outcome("again", fault, status=answer.status, response=outcome.response)
        if outcome.verdict == "never" and answer.body and len(answer.body) < 100:
            return Outcome(
                "never", f"{outcome.fault}: {outcome.response}", None, answer.status, response=outcome.response
            )
        return outcome


def escaped(text: str) -> str:
    """A text without Slack's control characters; names of people and channels are not called by accident."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
