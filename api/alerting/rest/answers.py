"""The answers of `/v1/alerts`, and an example of each."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from api.alerting.messages import Alert, spelled
from api.alerting.registry import Stored
from api.alerting.rulebook import StoredRule


class RuleAnswer(msgspec.Struct):
    """A rule as it is stored; `when` and `until` are its conditions in the rule language, None if it is faulty."""

    id: str
    market: str
    name: str
    version: int
    origin: str
    author: str
    updated_at: str
    rule: dict[str, Any]
    when: str | None
    until: str | None
    fault: str | None


class Rules(msgspec.Struct):
    """Rules by market and name."""

    rules: list[RuleAnswer]


class Checked(msgspec.Struct):
    """A rule that fits its market, in the rule language; `seconds` is how long `when` must hold."""

    market: str
    when: str
    until: str | None
    seconds: float


class EpisodeAnswer(msgspec.Struct):
    """One alert that a rule would have given; times are the market's (RFC 3339, UTC)."""

    began: str
    ended: str | None
    value: float | None


class BacktestAnswer(msgspec.Struct):
    """What a rule would have said over the archived history; `cut` tells that there was more than is looked at."""

    market: str
    when: str
    until: str | None
    readings: int
    first: str | None
    last: str | None
    fired: int
    episodes: list[EpisodeAnswer]
    summary: str
    cut: bool


class FieldAnswer(msgspec.Struct):
    """A field that rules of a market may name."""

    field: str
    type: str
    unit: str
    about: str
    available: bool


class Fields(msgspec.Struct):
    """What the rules of a market may be made of."""

    market: str
    fields: list[FieldAnswer]
    functions: dict[str, str]


class AlertAnswer(msgspec.Struct):
    """An alert, and what people have done about it; `unsent` says why nobody was told (`run`, `old`, `silenced`)."""

    alert: Alert
    unsent: str | None
    sent_at: str | None
    acknowledged_by: str | None


class Alerts(msgspec.Struct):
    """Alerts, the newest first; `next` is the `cursor` of the next page."""

    alerts: list[AlertAnswer]
    next: str | None


class SilenceAnswer(msgspec.Struct):
    """A silence; what it does not name, it covers."""

    id: str
    author: str
    reason: str
    market: str | None
    rule: str | None
    severity: str | None
    segment: str | None
    begins_at: str
    ends_at: str
    ended_by: str | None


class Silences(msgspec.Struct):
    """Silences that hold or will hold, and those that ended in the last days."""

    silences: list[SilenceAnswer]


class ReceiverAnswer(msgspec.Struct):
    """A receiver without its secrets; `resting` tells that its circuit is open after failures."""

    name: str
    kind: str
    enabled: bool
    settings: dict[str, Any]
    failures: int
    resting: bool


class Receivers(msgspec.Struct):
    """Receivers by name."""

    receivers: list[ReceiverAnswer]


class DeliveryAnswer(msgspec.Struct):
    """One attempt to deliver."""

    message: str
    attempt: int
    at: str
    outcome: str
    status: int | None
    latency_ms: float
    request: str
    response: str
    fault: str | None


class Deliveries(msgspec.Struct):
    """Attempts, the newest first."""

    deliveries: list[DeliveryAnswer]


class Done(msgspec.Struct):
    """What was done: how many things it touched, and the id of what it made, if it made something."""

    count: int
    id: str | None = None


class Preview(msgspec.Struct):
    """What a template says of an example."""

    text: str


ANSWERS: Final = (
    RuleAnswer, Rules, Checked, BacktestAnswer, Fields, AlertAnswer, Alerts, SilenceAnswer, Silences, ReceiverAnswer,
    Receivers, Deliveries, Done, Preview,
)  # fmt: skip

_RULE = {
    "id": "7b0d2f0e-4a5e-5f3b-9c1d-0f3f5f2a9c11", "market": "us", "name": "High stress", "version": 2,
    "origin": "person", "author": "ann", "updated_at": "2026-11-20T14:31:00Z",
    "rule": {"name": "High stress", "when": "index > 80 for 5m", "severity": "critical"},
    "when": "index > 80 for 5m", "until": None, "fault": None,
}  # fmt: skip
_ALERT = {
    "alert": {
        "id": "0f3f5f2a9c117b0d2f0e4a5e5f3b9c1d", "fingerprint": "9c1d0f3f5f2a9c117b0d2f0e4a5e5f3b",
        "state": "alerting", "rule": "High stress", "version": 2, "market": "us", "severity": "critical",
        "segment": "", "began_at": "2026-11-20T14:31:00Z", "ended_at": None, "condition": "index > 80 for 5m",
        "value": 81.5, "about": "Call the desk.", "reading": None,
    },
    "unsent": None, "sent_at": "2026-11-20T14:31:00.250Z", "acknowledged_by": None,
}  # fmt: skip
_SILENCE = {
    "id": "7b0d2f0e-4a5e-4f3b-9c1d-0f3f5f2a9c11", "author": "ann", "reason": "maintenance", "market": "us",
    "rule": None, "severity": None, "segment": None, "begins_at": "2026-11-20T14:31:00Z",
    "ends_at": "2026-11-20T16:31:00Z", "ended_by": None,
}  # fmt: skip
_RECEIVER = {
    "name": "desk", "kind": "webhook", "enabled": True, "failures": 0, "resting": False,
    "settings": {"kind": "webhook", "url": "https://desk.example/hook", "markets": [], "severity": "info"},
}  # fmt: skip
_DELIVERY = {
    "message": "msg_0f3f5f2a9c117b0d", "attempt": 1, "at": "2026-11-20T14:31:00.250Z", "outcome": "sent",
    "status": 200, "latency_ms": 21.5, "request": "POST https://desk.example/hook (812 bytes)", "response": "ok",
    "fault": None,
}  # fmt: skip
EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "RuleAnswer": _RULE,
    "Rules": {"rules": [_RULE]},
    "Checked": {"market": "us", "when": "index > 80 for 5m", "until": None, "seconds": 300.0},
    "BacktestAnswer": {
        "market": "us", "when": "index > 80", "until": None, "readings": 5031, "first": "1999-01-04T21:00:00Z",
        "last": "2018-12-31T21:00:00Z", "fired": 1, "cut": False,
        "summary": "would have fired once since 1999-01-04: 2008-10-10",
        "episodes": [{"began": "2008-10-10T20:00:00Z", "ended": "2008-12-01T21:00:00Z", "value": 84.2}],
    },
    "Fields": {
        "market": "us",
        "fields": [{"field": "index", "type": "number", "unit": "0..100", "about": "the index", "available": True}],
        "functions": {"rank": "rank(index, 250d)"},
    },
    "AlertAnswer": _ALERT,
    "Alerts": {"alerts": [_ALERT], "next": None},
    "SilenceAnswer": _SILENCE,
    "Silences": {"silences": [_SILENCE]},
    "ReceiverAnswer": _RECEIVER,
    "Receivers": {"receivers": [_RECEIVER]},
    "Deliveries": {"deliveries": [_DELIVERY]},
    "Done": {"count": 1, "id": "msg_0f3f5f2a9c117b0d"},
    "Preview": {"text": "CRITICAL us: High stress"},
}  # fmt: skip


def rule_answer(stored: StoredRule, when: str | None, until: str | None, fault: str | None) -> RuleAnswer:
    """A stored rule as it is answered."""
    said = stored.rule.model_dump(mode="json", exclude_defaults=True)
    return RuleAnswer(
        str(stored.id), stored.market, stored.name, stored.version, stored.origin, stored.author,
        spelled(stored.updated_at), said, when, until, fault,
    )  # fmt: skip


def receiver_answer(stored: Stored) -> ReceiverAnswer:
    """A stored receiver as it is answered."""
    return ReceiverAnswer(stored.name, stored.kind, stored.enabled, stored.settings, stored.failures, stored.resting)
