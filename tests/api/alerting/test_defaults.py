"""What markets are watched for although nobody wrote it down."""

from __future__ import annotations

from typing import Any

import pytest

from api.alerting.console import fitting
from api.alerting.defaults import SCORED, SILENT, rules_of_file
from schemas.alert_fields import vocabulary_of
from schemas.alert_rule import AlertRule
from schemas.duration import DAY_US
from schemas.market import Market
from schemas.market_file import load

RULE = AlertRule(name="a", when="index > 80")


def market(name: str, *rules: AlertRule, **said: Any) -> Market:
    return load(name).model_copy(update={"alert": rules, **said})


def test_a_live_market_is_watched_for_silence_unless_its_file_does() -> None:
    assert rules_of_file(market("sim", RULE)) == [RULE]
    assert rules_of_file(market("sim", RULE, clock="wall")) == [RULE, SILENT]
    own = AlertRule(name="b", kind="absence", window=1_000_000)
    assert rules_of_file(market("sim", own, clock="wall")) == [own]


@pytest.mark.parametrize(
    ("period", "window"), [("session", 5 * DAY_US), (DAY_US, 2 * DAY_US), (60_000_000, 300_000_000)]
)
def test_a_live_market_of_finals_only_is_not_silent_between_them(period: Any, window: int) -> None:
    """A daily one would else page five minutes after each of its finals."""
    (rule,) = rules_of_file(market("sim", clock="wall", step="period", period=period))
    assert (rule.name, rule.kind, rule.severity, rule.window) == ("No readings", "absence", "critical", window)


def test_a_market_with_scores_is_watched_over_them_unless_its_file_does() -> None:
    assert rules_of_file(market("us", RULE, clock="records")) == [RULE, *SCORED]
    assert rules_of_file(market("week", RULE, clock="records")) == [RULE]
    own = AlertRule(name="b", kind="regime", input="tense")
    kinds = [rule.kind for rule in rules_of_file(market("us", own, clock="records"))]
    assert kinds == ["regime", "forecast", "anomaly", "drift"]
    namesake = AlertRule(name="Unusual moment", when="index > 80")
    found = rules_of_file(market("us", namesake, clock="records"))
    assert [rule.name for rule in found].count("Unusual moment") == 1


def test_they_fit_every_market_with_scores() -> None:
    for name in ("us", "us-open", "sim"):
        for rule in SCORED:
            fitting(rule, vocabulary_of(load(name)))
