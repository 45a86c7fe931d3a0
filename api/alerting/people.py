"""What depends on people's time: silences, acknowledgement, repetition. Pure: the clock is an argument."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from schemas.alert_rule import SEVERITIES
from schemas.names import RUN_MARK

Unsent = Literal["run", "old", "silenced"]


@dataclass(frozen=True, slots=True)
class Silence:
    """Alerts that are not sent: those that fit every matcher that is given, from `begins_at` until before `ends_at`."""

    begins_at: datetime
    ends_at: datetime
    market: str | None = None
    rule: str | None = None
    severity: str | None = None
    segment: str | None = None


@dataclass(frozen=True, slots=True)
class Labels:
    """What an alert is known by."""

    market: str
    rule: str
    severity: str
    segment: str


def covers(silence: Silence, labels: Labels, now: datetime) -> bool:
    """Whether a silence keeps an alert from being sent now."""
    if not silence.begins_at <= now < silence.ends_at:
        return False
    pairs = (
        (silence.market, labels.market),
        (silence.rule, labels.rule),
        (silence.severity, labels.severity),
        (silence.segment, labels.segment),
    )
    return all(wanted is None or wanted == found for wanted, found in pairs)


def unsent(
    labels: Labels, began_at: datetime, now: datetime, old: timedelta, silences: Iterable[Silence]
) -> Unsent | None:
    """Why a new alert is stored and not sent, or None: history pages nobody."""
    if RUN_MARK in labels.market:
        return "run"
    if now - began_at > old:
        return "old"
    return "silenced" if any(covers(silence, labels, now) for silence in silences) else None


def repeats(sent_at: datetime | None, acknowledged: bool, repeat: timedelta, now: datetime) -> bool:
    """Whether an alert that stands, is not silenced and may be sent is due (again)."""
    if acknowledged:
        return False
    if sent_at is None:
        return True
    return bool(repeat) and now - sent_at >= repeat


def takes(markets: Sequence[str], least: str, name: str, labels: Labels, named: Sequence[str]) -> bool:
    """Whether a receiver takes an alert: by name if the rule names receivers, else by market and severity."""
    if named:
        return name in named
    urgent = SEVERITIES.index(labels.severity) >= SEVERITIES.index(least)
    return urgent and (not markets or labels.market in markets)
