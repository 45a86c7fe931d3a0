"""What is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import msgspec

from api.alerting import messages
from api.alerting.messages import TEXT, TITLE, Alert, Body, lane, spelled, trial, values
from api.alerting.templates import render

NOW = datetime(2026, 11, 20, 14, 31, tzinfo=UTC)


def alert(state: messages.State = "alerting", **said: object) -> Alert:
    plain = Alert(
        "a1", "f1", state, "High stress", 3, "us", "critical", "equity", "2026-11-20T14:30:00Z", None, "index > 80",
        81.5, "Call the desk.",
    )  # fmt: skip
    return msgspec.structs.replace(plain, **said)


def body(*alerts: Alert, subject: messages.Subject = "alerts") -> Body:
    return Body(subject, spelled(NOW), "us", "critical", "equity", list(alerts), url="https://esi.example/")


def test_the_words_of_a_message() -> None:
    said = values(body(alert(), alert(rule="Another", value=None)))
    assert render(TITLE, said) == "CRITICAL us: High stress and 1 more"
    text = render(TEXT, said)
    assert "High stress (critical) is alerting in us, equity: index > 80; it is 81.50." in text
    assert text.rstrip().endswith("https://esi.example/")


def test_an_end_a_reminder_and_a_test_say_so() -> None:
    ended = alert("resolved", ended_at="2026-11-20T15:00:00Z")
    assert render(TITLE, values(body(ended))) == "CRITICAL us: resolved: High stress"
    assert "ended 2026-11-20T15:00:00Z" in render(TEXT, values(body(ended)))
    assert render(TITLE, values(body(alert(), subject="reminder"))).startswith("Still: CRITICAL us")
    assert render(TITLE, values(trial("us", NOW))) == "Test: INFO us: Test of the receiver"


def test_lanes_are_groups() -> None:
    assert lane(body(alert())) == "us|equity|critical"


def test_moments_are_spelled_in_utc() -> None:
    assert spelled(NOW) == "2026-11-20T14:31:00Z"
    elsewhere = datetime(2026, 11, 20, 9, 31, 0, 250_000, tzinfo=timezone(timedelta(hours=-5)))
    assert spelled(elsewhere) == "2026-11-20T14:31:00.250Z"


def test_a_body_survives_json() -> None:
    said = body(alert(), alert("resolved"))
    assert msgspec.convert(msgspec.json.decode(msgspec.json.encode(said)), Body) == said
