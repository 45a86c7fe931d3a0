"""SMS through Twilio's Messages API."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Annotated, ClassVar, Final, Literal
from urllib.parse import urlencode

import msgspec
from pydantic import Field, SecretStr

from api.alerting.messages import Message
from api.alerting.receivers.base import Answer, Call, HttpReceiver, Outcome, clipped, judged

Number = Annotated[str, Field(pattern=r"^\+[1-9]\d{6,14}$")]
"""A telephone number as E.164 writes it: `+15555550100`."""

LONGEST: Final = 1_600


class Sms(HttpReceiver):
    """One telephone. An SMS may come twice after a crash: Twilio knows no key that would tell a repetition.

    Attributes:
        account: the AccountSid.
        user: an API key's sid, or empty for the account itself.
        token: the secret of the key, or the account's auth token.
        to: the telephone.
        sender: number or messaging service (`MG...`) that it comes from.
        url: where Twilio is.
    """

    SECRET: ClassVar[frozenset[str]] = frozenset({"token"})

    kind: Literal["sms"] = "sms"
    account: str = Field(pattern=r"^AC[0-9a-f]{32}$")
    user: str = Field(default="", pattern=r"^(SK[0-9a-f]{32})?$")
    token: SecretStr = Field(min_length=1, max_length=200)
    to: Number
    sender: Annotated[str, Field(pattern=r"^(\+[1-9]\d{6,14}|MG[0-9a-f]{32})$")]
    url: str = Field(default="https://api.twilio.com", max_length=2_000)
    per_minute: float = Field(default=10.0, gt=0, le=1_000_000)

    def calls(self, message: Message, now: datetime) -> list[Call]:
        """One request; `now` is not said."""
        text = clipped(self.heading(message) + (f" {message.body.url}" if message.body.url else ""), LONGEST)
        origin = "MessagingServiceSid" if self.sender.startswith("MG") else "From"
        body = urlencode({"To": self.to, origin: self.sender, "Body": text}).encode()
        login = base64.b64encode(f"{self.user or self.account}:{self.token.get_secret_value()}".encode()).decode()
        headers = {"content-type": "application/x-www-form-urlencoded", "authorization": f"Basic {login}"}
        url = f"{self.url.rstrip('/')}/2010-04-01/Accounts/{self.account}/Messages.json"
        return [Call(url, body, headers, url)]

    def judge(self, answer: Answer) -> Outcome:
        """A refusal says a code of Twilio's."""
        outcome = judged(answer)
        if outcome.verdict == "sent":
            return outcome
        try:
            said = msgspec.json.decode(answer.body)
            fault = f"{outcome.fault}: Twilio {said['code']}: {said['message']}"
        except (msgspec.DecodeError, KeyError, TypeError):
            return outcome
        return Outcome(outcome.verdict, clipped(fault, 300), outcome.wait_s, answer.status, response=outcome.response)
