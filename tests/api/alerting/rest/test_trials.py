"""Checks and back-tests over REST."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from api.alerting.rest.trials import Turns, summary
from api.problems import Problem
from models.alerts.backtest import Backtest, Episode, Trial
from schemas.reading import canonical
from tests.api.alerting.conftest import rows
from tests.api.alerting.rest.conftest import Desk
from tests.models.alerts.made import DAY_US, START_US, reading

HIGH = {"name": "High", "when": "index > 80", "until": "index < 70", "severity": "critical"}


def test_a_check_says_what_a_kind_means(desk: Desk) -> None:
    rule = {"name": "r", "kind": "rate", "window": "1h", "above": 9, "lasting": "5m"}
    assert desk.ask("POST", "/check", json={"market": "live", "rule": rule}) == {
        "market": "live", "when": "change(index, 1h) > 9.0", "until": None, "seconds": 300.0,
    }  # fmt: skip


def test_a_back_test_names_dates(desk: Desk) -> None:
    trial = {"market": "live", "rule": HIGH}
    empty = desk.ask("POST", "/backtest", json=trial)
    assert empty["summary"] == "there is no archived history of this market"
    for n, index in enumerate([50.0, 85.0, 75.0, 60.0, 90.0]):
        at = START_US + n * DAY_US
        values = (at // 1_000, canonical(reading(at, index, final=True)))
        rows(desk.url, "INSERT INTO readings VALUES ('live', now(), %s, 1, true, 1, 1, 1, %s, 1) RETURNING 1", *values)
    said = desk.ask("POST", "/backtest", json=trial)
    assert (said["readings"], said["fired"], said["cut"]) == (5, 2, False)
    assert said["summary"] == "would have fired 2 times since 2023-11-14: 2023-11-15, 2023-11-18"
    assert said["episodes"][0] == {"began": "2023-11-15T22:13:20Z", "ended": "2023-11-17T22:13:20Z", "value": 85.0}
    part = desk.ask("POST", "/backtest", json=trial | {"from": "2023-11-16", "to": "2023-11-18"})
    assert (part["readings"], part["fired"]) == (2, 0)
    assert desk.ask("POST", "/backtest", 422, json=trial | {"from": "x"})["detail"].startswith("from: ")


def test_summaries() -> None:
    episodes = tuple(Episode(f"20{n:02d}-01-01T00:00:00Z", None, None) for n in range(25))
    assert summary(Backtest(9, "2000-01-01T00:00:00Z", "x", ())) == "would have fired never since 2000-01-01"
    assert summary(Backtest(9, "2000-01-01T00:00:00Z", "x", episodes[:1])).startswith("would have fired once since")
    assert summary(Backtest(9, "2000-01-01T00:00:00Z", "x", episodes)).endswith("2019-01-01, and 5 more")


async def test_turns_are_taken_one_after_the_other_and_nobody_waits_long() -> None:
    turns, order = Turns(0.2), []

    async def one(name: str, seconds: float) -> None:
        async with turns.turn():
            order.append(name)
            await asyncio.sleep(seconds)
            order.append(name)

    await asyncio.gather(one("a", 0.05), one("b", 0))
    assert order == ["a", "a", "b", "b"]
    async with turns.turn():
        with pytest.raises(Problem, match="try again soon") as told:
            await one("c", 0)
    assert (told.value.status, told.value.headers) == (503, {"retry-after": "10"})
    await one("d", 0)


def test_others_are_answered_while_many_back_tests_are_asked_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """They used to hold every connection of the pool for as long as they computed."""
    under_way, go_on, feed = threading.Event(), threading.Event(), Trial.feed

    def held(trial: Trial, history: Iterable[Any]) -> None:
        under_way.set()
        go_on.wait(20)
        feed(trial, history)

    monkeypatch.setattr(Trial, "feed", held)
    values = (START_US // 1_000, canonical(reading(START_US, 85.0, final=True)))
    rows(desk.url, "INSERT INTO readings VALUES ('live', now(), %s, 1, true, 1, 1, 1, %s, 1) RETURNING 1", *values)
    with ThreadPoolExecutor(6) as clients:
        trial = {"market": "live", "rule": HIGH}
        asked = [clients.submit(desk.ask, "POST", "/backtest", json=trial) for _ in range(6)]
        assert under_way.wait(20)
        time.sleep(0.3)
        assert desk.ask("GET", "") == {"alerts": [], "next": None}
        go_on.set()
        assert {one.result()["fired"] for one in asked} == {1}
