"""PagerDuty Events v2: each alert is one incident, opened and resolved under its id."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Final, Literal

import msgspec
from pydantic import Field, SecretStr

from api.alerting.messages import Alert, Message
from api.alerting.receivers.base import Call, HttpReceiver, clipped

ACTIONS: Final = {"alerting": "trigger", "resolved": "resolve", "acknowledged": "acknowledge"}
SUMMARY: Final = 1_024


class PagerDuty(HttpReceiver):
    """A service of PagerDuty; `routing_key` is its integration key, `url` the region's address."""

    SECRET: ClassVar[frozenset[str]] = frozenset({"routing_key"})

    kind: Literal["pagerduty"] = "pagerduty"
    url: str = Field(default="https://events.pagerduty.com/v2/enqueue", max_length=2_000)
    routing_key: SecretStr = Field(min_length=32, max_length=32)
    per_minute: float = Field(default=100.0, gt=0, le=1_000_000)  # PagerDuty takes about 120

    def calls(self, message: Message, now: datetime) -> list[Call]:
        """One request for each alert."""
        return [self._call(message, alert) for alert in message.body.alerts]

    def _call(self, message: Message, alert: Alert) -> Call:
        event: dict[str, Any] = {
            "routing_key": self.routing_key.get_secret_value(),
            "event_action": ACTIONS[alert.state],
            "dedup_key": f"esi:{alert.id}",
        }
        if alert.state == "alerting":
            event |= {"payload": self._payload(alert), "client": "ESI"}
        if alert.state == "alerting" and message.body.url:
            event |= {"client_url": message.body.url, "links": [{"href": message.body.url, "text": "The page"}]}
        return Call(self.url, msgspec.json.encode(event), {"content-type": "application/json"}, self.url)

    def _payload(self, alert: Alert) -> dict[str, Any]:
        value = "" if alert.value is None else f" ({alert.value:.4g})"
        return {
            "summary": clipped(f"{alert.rule} in {alert.market}: {alert.condition}{value}", SUMMARY),
            "source": f"esi:{alert.market}",
            "severity": alert.severity,
            "timestamp": alert.began_at,
            "component": alert.segment or alert.market,
            "group": alert.market,
            "class": alert.rule,
            "custom_details": msgspec.to_builtins(alert),
        }
