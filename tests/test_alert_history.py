"""What docs/alerts.md says of the shipped history of `us` is what the shipped rules say of the shipped artifact."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from api.alerting.defaults import rules_of_file
from models.alerts.backtest import Trial
from models.alerts.kinds import checked
from models.reference import decode
from schemas.alert_fields import vocabulary_of
from schemas.alert_rule import AlertRule
from schemas.market_file import load
from schemas.reading import Details, Reading, decode_reading

CHECKOUT = Path(__file__).parent.parent
US = load("us")


@pytest.fixture(scope="module")
def history() -> list[tuple[Reading, Details | None]]:
    file = CHECKOUT / "deploy" / "references" / "us.reference"
    return [(decode_reading(raw), None) for raw in decode(file.read_bytes(), file.name).finals]


def told(name: str) -> list[str]:
    """The days that the documentation gives for a rule of `us`."""
    section = (
        (CHECKOUT / "docs" / "alerts.md").read_text().split("Over the whole history of `us`")[1].split("And of")[0]
    )
    (row,) = re.findall(rf"^\| {re.escape(name)} \|.*\| ([^|]*) \|$", section, re.MULTILINE)
    count, _, days = row.partition(": ")
    found = days.split(", ")
    assert len(found) == int(count)
    return found


@pytest.mark.parametrize("rule", rules_of_file(US), ids=lambda rule: rule.name)
def test_the_days_are_those_of_the_documentation(
    rule: AlertRule, history: list[tuple[Reading, Details | None]]
) -> None:
    trial = Trial(rule, checked(rule, vocabulary_of(US)))
    if trial.wants_details:
        assert told(rule.name), "the artifact holds the details of its last final only: its days come from a whole run"
        return
    trial.feed(history)
    assert [episode.began[:10] for episode in trial.result().episodes] == told(rule.name)
