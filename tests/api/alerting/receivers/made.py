"""Messages for the tests of receivers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from api.alerting import messages
from api.alerting.messages import Alert, Body, Facts, Message, spelled

NOW = datetime(2025, 11, 21, 14, 30, tzinfo=UTC)
FACTS = Facts("2025-11-21T14:29:59Z", 81.5, 99.4, "severe", 0.97, {"equity": 50.0, "credit": 31.5}, [])


def alert(state: messages.State = "alerting", **said: Any) -> Alert:
    """An alert of the market us."""
    plain = Alert(
        "a1", "f1", state, "High <stress>", 3, "us", "critical", "equity", "2025-11-21T14:30:00Z", None,
        "index > 80", 81.5, "Call the desk & wait.", FACTS,
    )  # fmt: skip
    return msgspec.structs.replace(plain, **said)


def message(*alerts: Alert, subject: messages.Subject = "alerts", **said: Any) -> Message:
    """A message about them."""
    body = Body(
        subject, spelled(NOW), "us", "critical", "equity", list(alerts or [alert()]), 3_600.0, "https://esi.example/"
    )
    return Message("msg_esi0001", msgspec.structs.replace(body, **said))
