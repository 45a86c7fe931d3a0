"""The answers of `/v1/alerts`."""

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


class RuleKind(msgspec.Struct):
    """What a rule of a kind needs, and what else it may have beside what every rule has."""

    needs: list[str]
    may: list[str]


class Setting(msgspec.Struct):
    """One setting of a receiver: `form` is `text`, `number` or `choice`; `common` tells that every kind has it."""

    name: str
    form: str
    many: bool
    secret: bool
    required: bool
    common: bool
    default: Any
    choices: list[str]


class Kinds(msgspec.Struct):
    """Whether alerts are kept here at all, which takes PostgreSQL; kinds of rules and of receivers."""

    kept: bool
    rules: dict[str, RuleKind]
    receivers: dict[str, list[Setting]]


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
    RuleAnswer, Rules, Checked, BacktestAnswer, Fields, Kinds, AlertAnswer, Alerts, SilenceAnswer, Silences,
    ReceiverAnswer, Receivers, Deliveries, Done, Preview,
)  # fmt: skip


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
