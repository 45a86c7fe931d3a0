"""What a rule may say."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from schemas.alert_rule import TAKES, AlertRule

GOOD: dict[str, dict[str, Any]] = {
    "expression": {"when": "index > 80"},
    "threshold": {"above": 80},
    "adaptive": {"per_day": 0.1},
    "rate": {"window": "1h", "above": 5},
    "contribution": {"input": "equity", "above": 5},
    "correlation": {"above": 0.5},
    "anomaly": {"below": 0.01},
    "forecast": {"quantile": 0.9, "above": 80},
    "regime": {"input": "crisis"},
    "drift": {},
    "coverage": {"below": 0.8},
    "staleness": {"window": "1h"},
    "absence": {"window": "5m"},
}


def rule(**said: Any) -> AlertRule:
    return AlertRule.model_validate({"name": "r"} | said)


@pytest.mark.parametrize("kind", TAKES)
def test_each_kind_is_taken_with_what_it_needs_and_refused_without(kind: str) -> None:
    assert rule(kind=kind, **GOOD[kind]).kind == kind
    for name in GOOD[kind]:
        with pytest.raises(ValidationError, match=f"needs.*{name}|needs either above or below"):
            rule(kind=kind, **{key: value for key, value in GOOD[kind].items() if key != name})


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"kind": "threshold", "above": 1, "per_day": 1}, "per_day says nothing to a rule of kind threshold"),
        ({"kind": "threshold", "above": 1, "below": 0}, "needs either above or below"),
        ({"kind": "threshold", "above": 80, "clear": 81}, "clear must lie on the calm side"),
        ({"kind": "coverage", "below": 0.8, "clear": 0.7}, "clear must lie on the calm side"),
        ({"when": "index > 1", "name": ""}, "at least 1 character"),
        ({"when": "index > 1", "severity": "loud"}, "'info', 'warning', 'error' or 'critical'"),
        ({"when": "index > 1", "lasting": "soon"}, "is no duration"),
        ({"when": "index > 1", "colour": "red"}, "Extra inputs are not permitted"),
        ({"when": "x" * 2_001}, "at most 2000 characters"),
    ],
)
def test_what_cannot_be_is_told(said: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        rule(**said)
