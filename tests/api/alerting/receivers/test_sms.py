"""Twilio, by its documented shapes."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import parse_qs

import pytest
from pydantic import ValidationError

from api.alerting.receivers import receiver_of
from api.alerting.receivers.base import Answer
from api.alerting.receivers.sms import LONGEST, Sms
from tests.api.alerting.receivers.made import NOW, alert, message

SETTINGS: dict[str, Any] = {
    "kind": "sms", "account": "AC" + "0" * 32, "token": "s3cret", "to": "+15555550100", "sender": "+15555550199",
}  # fmt: skip


def sms(**more: str) -> Sms:
    made = receiver_of(SETTINGS | more)
    assert isinstance(made, Sms)
    return made


def test_the_form() -> None:
    (call,) = sms().calls(message(), NOW)
    form = {name: values[0] for name, values in parse_qs(call.body.decode()).items()}
    assert form["To"] == "+15555550100"
    assert form["From"] == "+15555550199"
    assert form["Body"] == "CRITICAL us: High <stress> https://esi.example/"
    assert call.url == f"https://api.twilio.com/2010-04-01/Accounts/AC{'0' * 32}/Messages.json"
    assert base64.b64decode(call.headers["authorization"].removeprefix("Basic ")).decode() == f"AC{'0' * 32}:s3cret"


def test_a_service_and_a_key_of_its_own() -> None:
    service, key = "MG" + "1" * 32, "SK" + "2" * 32
    (call,) = sms(sender=service, user=key).calls(message(alert(rule="x" * 3_000)), NOW)
    form = parse_qs(call.body.decode())
    assert form["MessagingServiceSid"] == [service]
    assert "From" not in form
    assert len(form["Body"][0]) == LONGEST
    assert base64.b64decode(call.headers["authorization"].removeprefix("Basic ")).decode().startswith(key)


@pytest.mark.parametrize(
    ("status", "body", "verdict", "said"),
    [
        (201, b'{"sid":"SM1","status":"queued"}', "sent", ""),
        (400, b'{"code":21211,"message":"bad To","status":400}', "never", "Twilio 21211: bad To"),
        (401, b'{"code":20003,"message":"Authenticate"}', "never", "Twilio 20003"),
        (429, b'{"code":20429,"message":"Too many"}', "again", "Twilio 20429"),
        (500, b"<html>", "again", "HTTP 500"),
        (400, b"[1]", "never", "HTTP 400"),
    ],
)
def test_what_twilio_answers(status: int, body: bytes, verdict: str, said: str) -> None:
    outcome = sms().judge(Answer(status, {}, body))
    assert (outcome.verdict, said in outcome.fault) == (verdict, True)


@pytest.mark.parametrize("to", ["5555550100", "+0123456789", "+1 555 555 0100", "+1555\n"])
def test_what_is_no_number_is_refused(to: str) -> None:
    with pytest.raises(ValidationError):
        sms(to=to)
