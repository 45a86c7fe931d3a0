"""What is told: alerts as they stand in messages, streams and answers, and messages as receivers get them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final, Literal

import msgspec

State = Literal["alerting", "resolved", "acknowledged"]
Subject = Literal["alerts", "reminder", "test"]

TITLE: Final = (
    "{% if subject == 'test' %}Test: {% elif subject == 'reminder' %}Still: {% endif %}"
    "{{ severity|upper }} {{ market }}: {% if resolved %}resolved: {% endif %}"
    "{{ first.rule }}{% if more %} and {{ more }} more{% endif %}"
)
"""The headline that every receiver has unless it brings its own."""

TEXT: Final = (
    "{% for alert in alerts %}{{ alert.rule }} ({{ alert.severity }}) is {{ alert.state }} in {{ alert.market }}"
    "{% if alert.segment %}, {{ alert.segment }}{% endif %}: {{ alert.condition }}"
    "{% if alert.value is not none %}; it is {{ alert.value|number(2) }}{% endif %}. "
    "Since {{ alert.began_at }}{% if alert.ended_at %}, ended {{ alert.ended_at }}{% endif %}."
    "{% if alert.reading %} Index {{ alert.reading.index|number(1) }}, percentile "
    "{{ alert.reading.percentile|number(1) }}, coverage {{ alert.reading.coverage|number(2) }}.{% endif %}"
    "{% if alert.about %} {{ alert.about }}{% endif %}\n{% endfor %}{% if url %}{{ url }}\n{% endif %}"
)
"""The text likewise."""


class Facts(msgspec.Struct, frozen=True):
    """What the reading said that an alert began with: end of its step (RFC 3339, UTC), and its main numbers."""

    at: str
    index: float | None
    percentile: float | None
    level: str
    coverage: float
    contributions: dict[str, float]
    flags: list[str]


class Alert(msgspec.Struct, frozen=True):
    """One alert as it is told.

    Attributes:
        id: of this alert, from its beginning to its end; the same in every message about it.
        fingerprint: of the rule in its market; the same for all of its alerts.
        state: `alerting`, `resolved` or `acknowledged`.
        began_at: when, in the market's time (RFC 3339, UTC).
        ended_at: likewise, or None.
        condition: of the rule, in the rule language.
        value: the number that the rule looks at, as it was at the beginning.
        about: what the rule says about what to do.
        reading: what the reading said; None where none came.
    """

    id: str
    fingerprint: str
    state: State
    rule: str
    version: int
    market: str
    severity: str
    segment: str
    began_at: str
    ended_at: str | None
    condition: str
    value: float | None
    about: str
    reading: Facts | None = None


class Body(msgspec.Struct, frozen=True):
    """What one message says.

    Attributes:
        subject: `alerts` for what is new, `reminder` for what still stands, `test` for a trial.
        at: when it was written, wall clock (RFC 3339, UTC).
        market: of all of its alerts; with severity and segment it is the group.
        repeat_s: after how many seconds it is said again; 0 for never.
        url: of the page, or empty.
    """

    subject: Subject
    at: str
    market: str
    severity: str
    segment: str
    alerts: list[Alert]
    repeat_s: float = 0.0
    url: str = ""


class Message(msgspec.Struct, frozen=True):
    """One message to one receiver; `id` is the same at every attempt."""

    id: str
    body: Body


def lane(body: Body) -> str:
    """The group of a message: within one lane, messages are delivered in order."""
    return "|".join((body.market, body.segment, body.severity))


def values(body: Body) -> dict[str, Any]:
    """What templates see."""
    plain: dict[str, Any] = msgspec.to_builtins(body)
    resolved = all(alert.state == "resolved" for alert in body.alerts)
    first = plain["alerts"][0] if plain["alerts"] else {}
    return plain | {"resolved": resolved, "first": first, "more": max(len(body.alerts) - 1, 0)}


def spelled(moment: datetime) -> str:
    """A moment as RFC 3339 in UTC, to the millisecond where it has parts of seconds."""
    kind = "milliseconds" if moment.microsecond else "seconds"
    return moment.astimezone(UTC).isoformat(timespec=kind).replace("+00:00", "Z")


def trial(market: str, now: datetime, url: str = "") -> Body:
    """The message that a test sends."""
    at = spelled(now)
    facts = Facts(at, 71.4, 99.2, "severe", 1.0, {"equity": 40.1, "credit": 31.3}, ["synthetic"])
    about = "This is a test of the receiver. Nothing happened."
    alert = Alert(
        "test", "test", "alerting", "Test of the receiver", 1, market, "info", "", at, None, "index > 70", 71.4, about,
        facts,
    )  # fmt: skip
    return Body("test", at, market, "info", "", [alert], url=url)
