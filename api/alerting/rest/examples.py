"""An example of each answer of `/v1/alerts`."""

from __future__ import annotations

from typing import Any, Final

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
_SETTING = {
    "name": "url", "form": "text", "many": False, "secret": False, "required": True, "common": False, "default": None,
    "choices": [],
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
    "Kinds": {
        "kept": True,
        "rules": {"regime": {"needs": ["input"], "may": []}},
        "receivers": {"webhook": [_SETTING]},
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
