"""Ready-made kinds, as the language says them, and what each of them does on a stream."""

from __future__ import annotations

from typing import Any

import pytest

from models.alerts.kinds import checked, written
from models.alerts.nodes import RuleError
from models.alerts.observe import Observer
from schemas.alert_rule import AlertRule
from tests.models.alerts import made
from tests.models.alerts.made import MARKET, SCORED


def rule(**said: Any) -> AlertRule:
    return AlertRule.model_validate({"name": "r"} | said)


@pytest.mark.parametrize(
    ("said", "when", "until"),
    [
        ({"when": "index > 80", "until": "index < 70"}, "index > 80", "index < 70"),
        ({"kind": "threshold", "above": 80, "clear": 75}, "index > 80.0", "index < 75.0"),
        ({"kind": "threshold", "of": "percentile", "below": 5}, "(percentile) < 5.0", None),
        ({"kind": "adaptive", "per_day": 0.1, "window": "250d"}, "index > budget(index, 0.1, 250d)", None),
        ({"kind": "adaptive", "per_day": 0.1}, "index > budget(index, 0.1, 365d)", None),
        ({"kind": "rate", "window": "1h", "above": 9}, "change(index, 1h) > 9.0", None),
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
        ({"kind": "staleness", "window": "1h"}, "staleness.max_s > 1h", None),
        ({"kind": "absence", "window": "1500ms"}, "silence > 1500ms", None),
    ],
)
def test_a_kind_is_said_in_the_language(said: dict[str, Any], when: str, until: str | None) -> None:
    made_rule = rule(**said)
    assert written(made_rule, MARKET) == (when, until)
    assert checked(made_rule, MARKET).when_text == when


@pytest.mark.parametrize(
    "said",
    [
        {"kind": "forecast", "quantile": 0.95, "above": 80},
        {"kind": "anomaly", "below": 0.01},
        {"kind": "regime", "input": "stress"},
        {"kind": "drift"},
    ],
)
def test_what_needs_scores_is_not_available_without_them(said: dict[str, Any]) -> None:
    with pytest.raises(RuleError, match="not available in this market: its file asks for no scores"):
        checked(rule(**said), MARKET)


@pytest.mark.parametrize(
    ("said", "when", "until"),
    [
        (
            {"kind": "forecast", "quantile": 0.95, "above": 60, "clear": 50},
            "forecast.q95 > 60.0",
            "forecast.q95 < 50.0",
        ),
        ({"kind": "forecast", "quantile": 0.05, "below": 10}, "forecast.q05 < 10.0", None),
        ({"kind": "anomaly", "below": 0.001}, "anomaly.tail < 0.001", None),
        ({"kind": "regime", "input": "stress"}, 'regime["stress"]', None),
        ({"kind": "drift"}, "drift.found > 0", None),
    ],
)
def test_kinds_over_scores_are_said_in_the_language(said: dict[str, Any], when: str, until: str | None) -> None:
    found = checked(rule(**said), SCORED)
    assert (found.when_text, found.until_text) == (when, until)


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"kind": "forecast", "quantile": 0.9, "above": 80}, "forecast.q90 is no field.*q95"),
        ({"kind": "regime", "input": "crisis"}, "regime.crisis is no field.*regime.calm, regime.tense, regime.stress"),
        ({"when": "anomaly < 0.01"}, "anomaly is no field.*anomaly.tail"),
        ({"when": "regime > 1"}, "regime is no field.*regime.calm"),
    ],
)
def test_scores_that_do_not_exist_are_told_with_those_that_do(said: dict[str, Any], fault: str) -> None:
    with pytest.raises(RuleError, match=fault):
        checked(rule(**said), SCORED)


def test_a_regime_speaks_when_it_is_entered_and_not_while_it_is_unknown() -> None:
    alert = rule(kind="regime", input="stress")
    path = ["unknown", "calm", "stress", "stress", "unknown", "calm", "stress"]
    engine = made.engine(alert)
    observer, said = Observer(engine.wanted), []
    for n, name in enumerate(path):
        verdict = engine.update(observer.reading(made.scored_reading(made.START_US + n * made.SECOND_US, regime=name)))
        said += [(n, "resolved")] * len(verdict.resolved) + [(n, "fired")] * len(verdict.fired)
    assert said == [(2, "fired"), (5, "resolved"), (6, "fired")]


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
