"""Ready-made kinds, as the language says them, and what each of them does on a stream."""

from __future__ import annotations

from typing import Any

import pytest

from models.alerts.kinds import checked, written
from models.alerts.nodes import RuleError
from schemas.alert_rule import AlertRule
from tests.models.alerts import made
from tests.models.alerts.made import MARKET


def rule(**said: Any) -> AlertRule:
    return AlertRule.model_validate({"name": "r"} | said)


@pytest.mark.parametrize(
    ("said", "when", "until"),
    [
        ({"when": "index > 80", "until": "index < 70"}, "index > 80", "index < 70"),
        ({"kind": "threshold", "above": 80, "clear": 75}, "index > 80.0", "index < 75.0"),
        ({"kind": "threshold", "of": "percentile", "below": 5}, "(percentile) < 5.0", None),
        ({"kind": "adaptive", "per_day": 0.1, "window": "250d"}, "index > budget(index, 0.1, 21600000s)", None),
        ({"kind": "adaptive", "per_day": 0.1}, "index > budget(index, 0.1, 31536000s)", None),
        ({"kind": "rate", "window": "1h", "above": 9}, "change(index, 3600s) > 9.0", None),
        ({"kind": "contribution", "input": "equity", "above": 30}, 'contributions["equity"] > 30.0', None),
        (
            {"kind": "contribution", "input": "Default spread", "above": 9},
            'indicators["Default spread"].contribution > 9.0',
            None,
        ),
        ({"kind": "correlation", "above": 0.6}, "segment_correlation.mean > 0.6", None),
        (
            {"kind": "correlation", "between": ["credit", "equity"], "above": 0.6, "clear": 0.5},
            'segment_correlation["credit", "equity"] > 0.6',
            'segment_correlation["credit", "equity"] < 0.5',
        ),
        (
            {"kind": "correlation", "between": ["SPX", "AAA"], "below": -0.6},
            'instrument_correlation["SPX", "AAA"] < -0.6',
            None,
        ),
        ({"kind": "coverage", "below": 0.8, "clear": 0.9}, "coverage < 0.8", "coverage > 0.9"),
        ({"kind": "staleness", "window": "1h"}, "staleness.max_s > 3600s", None),
        ({"kind": "absence", "window": "1500ms"}, "silence > 1500000us", None),
    ],
)
def test_a_kind_is_said_in_the_language(said: dict[str, Any], when: str, until: str | None) -> None:
    made_rule = rule(**said)
    assert written(made_rule, MARKET) == (when, until)
    assert checked(made_rule, MARKET).when_text == when


@pytest.mark.parametrize(
    "said",
    [
        {"kind": "forecast", "quantile": 0.9, "above": 80},
        {"kind": "anomaly", "below": 0.01},
        {"kind": "regime", "input": "crisis"},
    ],
)
def test_what_needs_scores_is_not_available_yet(said: dict[str, Any]) -> None:
    with pytest.raises(RuleError, match="not available in this market: it has no scores yet"):
        checked(rule(**said), MARKET)


def test_lasting_and_for_are_the_same_and_the_longer_counts() -> None:
    assert checked(rule(when="index > 80", lasting="5m"), MARKET).when.seconds == 300
    assert checked(rule(when="index > 80 for 10m", lasting="5m"), MARKET).when.seconds == 600


def test_what_is_looked_at_cannot_smuggle_a_condition() -> None:
    with pytest.raises(RuleError, match="cannot stand here"):
        checked(rule(kind="threshold", of="index) > 1 or (index", above=80), MARKET)


def test_a_threshold_with_hysteresis_speaks_once_for_each_excursion() -> None:
    alert = rule(kind="threshold", above=80, clear=60)
    assert made.told([alert], [50, 81, 79, 85, 61, 59, 70, 90]) == [
        (1, "fired", "r"), (5, "resolved", "r"), (7, "fired", "r"),
    ]  # fmt: skip


def test_a_rate_of_change_knows_nothing_before_its_window_is_full() -> None:
    alert = rule(kind="rate", window="10s", above=5)
    assert made.told([alert], [float(n) for n in range(9)]) == []
    assert made.told([alert], [10.0] * 20 + [16.0]) == [(20, "fired", "r")]


def test_an_adaptive_threshold_keeps_its_budget_on_a_quiet_past() -> None:
    """One value a day, one alarm in fifty days allowed: on a past that repeats, few alarms; on a jump, one at once."""
    alert = rule(kind="adaptive", per_day=0.02, window="400d")
    calm = [made.wave(n) for n in range(400)]
    fired = [n for n, what, _ in made.told([alert], calm, made.DAY_US) if what == "fired"]
    assert len(fired) <= 400 * 0.02 + 3
    assert made.told([alert], [*calm, 100.0], made.DAY_US)[-1] == (400, "fired", "r")
