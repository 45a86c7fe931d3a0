"""Prometheus Alertmanager, API v2: an Alertmanager that is there already does the routing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal

import msgspec
from pydantic import Field, SecretStr

from api.alerting.messages import Alert, Message, spelled
from api.alerting.receivers.base import Call, HttpReceiver

WEEK_S = 604_800.0


class Alertmanager(HttpReceiver):
    """An Alertmanager.

    Attributes:
        url: its address, without the path of the API.
        token: for a proxy in front of it that wants a bearer token; empty for none.
    """

    SECRET: ClassVar[frozenset[str]] = frozenset({"token"})

    kind: Literal["alertmanager"] = "alertmanager"
    url: str = Field(max_length=2_000)
    token: SecretStr = Field(default=SecretStr(""), max_length=2_000)
    per_minute: float = Field(default=600.0, gt=0, le=1_000_000)

    def calls(self, message: Message, now: datetime) -> list[Call]:
        """One request with all alerts of the message."""
        url = f"{self.url.rstrip('/')}/api/v2/alerts"
        stands_s = 2 * message.body.repeat_s or WEEK_S
        alerts = [_posted(alert, message, now + timedelta(seconds=stands_s)) for alert in message.body.alerts]
        headers = {"content-type": "application/json"}
        if token := self.token.get_secret_value():
            headers["authorization"] = f"Bearer {token}"
        return [Call(url, msgspec.json.encode(alerts), headers, url)]


def _posted(alert: Alert, message: Message, stands_until: datetime) -> dict[str, Any]:
    """An alert as Alertmanager takes it; until its end is known, it ends when it would have been said again twice."""
    labels = {"alertname": alert.rule, "market": alert.market, "severity": alert.severity, "source": "esi"}
    labels |= {"segment": alert.segment} if alert.segment else {}
    annotations = {"condition": alert.condition, "description": alert.about, "alert_id": alert.id}
    annotations |= {} if alert.value is None else {"value": f"{alert.value:.6g}"}
    posted: dict[str, Any] = {"labels": labels, "annotations": annotations, "startsAt": alert.began_at}
    posted["endsAt"] = alert.ended_at if alert.state == "resolved" else spelled(stands_until)
    return posted | ({"generatorURL": message.body.url} if message.body.url else {})
