"""A rule over a history."""

from __future__ import annotations

from models.alerts.backtest import Backtest, Episode, Trial
from models.alerts.kinds import checked
from schemas.reading import rfc3339
from tests.models.alerts import made
from tests.models.alerts.made import DAY_US, START_US, rule


def day(n: int) -> str:
    return rfc3339(START_US + n * DAY_US)


def test_says_when_it_would_have_fired() -> None:
    alert = rule("index > 80", until="index < 70")
    trial = Trial(alert, checked(alert, made.MARKET))
    values = [50.0, 85.0, 75.0, 60.0, 90.0]
    history = [(made.reading(START_US + n * DAY_US, v, final=True), None) for n, v in enumerate(values)]
    trial.feed(history[:2])
    trial.feed(history[2:])
    episodes = (Episode(day(1), day(3), 85.0), Episode(day(4), None, 90.0))
    assert trial.result() == Backtest(5, day(0), day(4), episodes)


def test_an_empty_history_says_so() -> None:
    alert = rule("index > 80")
    assert Trial(alert, checked(alert, made.MARKET)).result() == Backtest(0, None, None, ())


def test_details_are_seen() -> None:
    alert = rule('indicators["Equity volatility"].score > 0.9')
    trial = Trial(alert, checked(alert, made.MARKET))
    seen = made.reading(START_US, 50.0, final=True)
    trial.feed([(seen, made.details(START_US, score=0.95))])
    assert trial.result().episodes == (Episode(day(0), None, 0.95),)


def test_rules_over_scores_are_tried_like_others() -> None:
    alert = rule("forecast.q95 > 60 and drift.found > 0")
    trial = Trial(alert, checked(alert, made.SCORED))
    assert trial.wants_details
    times = [START_US + n * DAY_US for n in range(3)]
    said = [made.scored_details(times[0], ()), made.scored_details(times[1]), made.scored_details(times[2], ())]
    trial.feed([(made.scored_reading(at, final=True), behind) for at, behind in zip(times, said, strict=True)])
    assert trial.result().episodes == (Episode(day(1), day(2), 62.5),)
