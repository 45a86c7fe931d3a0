"""The verdict on made-up series: one that sees the events, one that sees nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evaluation import detection, verdict
from evaluation.events import Event

DAYS = pd.bdate_range("2000-01-03", "2003-12-31")
EVENTS = [
    Event(pd.Timestamp("2000-06-01"), "early", "equity"),  # within the first year: no percentile yet
    Event(pd.Timestamp("2001-06-01"), "first", "equity"),
    Event(pd.Timestamp("2002-06-03"), "second", "fx"),
    Event(pd.Timestamp("2003-12-24"), "too late", "fx"),
]


def table() -> pd.DataFrame:
    """The index rises at the events, VIX at the one of equities only, equity volatility never."""
    rng = np.random.default_rng(1)
    noise = rng.standard_normal((len(DAYS), 3))
    made = pd.DataFrame(noise, DAYS, ["index", "VIX", "equity volatility"])
    for event in EVENTS[:3]:
        at = DAYS.get_loc(event.on)
        made.iloc[at : at + 21, 0] += 6
        made.iloc[at : at + 21, 1] += 6 * (event.kind == "equity")
    return made


FOUND = verdict.judge(table(), EVENTS)


def test_the_sample_is_the_years_of_the_events() -> None:
    assert FOUND["sample"] == {"first": "2000-01-03", "last": "2003-12-31", "days": len(DAYS)}
    assert [e["judged"] for e in FOUND["listed"]] == [True, True, True, False]


def test_groups_are_judged_on_their_own_days() -> None:
    every, fx = FOUND["groups"]["all"], FOUND["groups"]["funding + rates + fx"]
    assert (every["events"], fx["events"]) == (3, 1)
    assert every["prevalence"] == pytest.approx(63 / len(DAYS))
    assert fx["prevalence"] == pytest.approx(21 / (len(DAYS) - 42))  # days of others are neither right nor wrong
    assert every["series"]["index"]["auroc"] > 0.999
    assert every["series"]["index"]["auprc"] > 0.99
    assert 0.75 < every["series"]["VIX"]["auroc"] < 0.9
    assert fx["series"]["VIX"]["auroc"] < 0.7
    assert 0.3 < every["series"]["index"]["auroc_before"] < 0.7


def test_alarms_are_counted_from_the_event_on() -> None:
    index = FOUND["groups"]["all"]["series"]["index"]
    assert (index["detected"], index["delay_median"]) == (2, 0.0)
    assert [e["delay"]["index"] for e in FOUND["listed"] if e["judged"]] == [None, 0, 0]
    calm = FOUND["groups"]["all"]["series"]["equity volatility"]["false_alarm_days"]
    assert 0 < index["false_alarm_days"] < calm  # its events took most of its highest tenth


def test_a_difference_stands_in_its_interval_and_a_real_one_excludes_zero() -> None:
    for name in ("VIX", "equity volatility"):
        for block in ("20", "60"):
            found = FOUND["groups"]["all"]["differences"][name][block]
            low, high = found["interval"]
            series = FOUND["groups"]["all"]["series"]
            assert found["difference"] == pytest.approx(series["index"]["auroc"] - series[name]["auroc"])
            assert low < found["difference"] < high
    assert FOUND["groups"]["all"]["differences"]["equity volatility"]["60"]["interval"][0] > 0.1


def test_curves_are_those_of_the_judged_days() -> None:
    found = verdict.curves(table(), EVENTS)
    assert list(found) == ["all", "funding + rates + fx"]
    for group, series in found.items():
        for name, (false, true) in series.items():
            area = float(np.trapezoid(true, false))
            assert area == pytest.approx(FOUND["groups"][group]["series"][name]["auroc"])


def test_without_baselines_the_index_is_judged_alone() -> None:
    found = verdict.judge(table()[["index"]], EVENTS)
    assert found["groups"]["all"]["differences"] == {}
    assert found["groups"]["all"]["series"]["index"]["auroc"] > 0.999


def test_events_outside_of_the_days_are_listed_and_not_judged() -> None:
    told: list[tuple[int, int]] = []
    found = verdict.judge(table(), [Event(pd.Timestamp("1987-10-19"), "crash", "equity")], lambda *n: told.append(n))
    assert (found["groups"], found["sample"]["days"], told) == ({}, 0, [])
    assert found["listed"] == [{"date": "1987-10-19", "name": "crash", "kind": "equity", "judged": False}]


def test_progress_is_told_by_group() -> None:
    told: list[tuple[int, int]] = []
    verdict.judge(table(), EVENTS[1:2], lambda *n: told.append(n))
    assert told == [(1, 2), (2, 2)]
    assert detection.ALARM == 90
