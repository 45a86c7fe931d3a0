"""A market's card says what its file says."""

from __future__ import annotations

import datetime as dt
import json
from importlib.resources import files

import pytest

from dataflows.cards import card
from models.publication import version_of
from schemas.market import Market
from schemas.market_file import parse
from tests.dataflows import tape

THANKSGIVING_US = int(dt.datetime(2025, 11, 27, 12, tzinfo=dt.UTC).timestamp()) * 1_000_000


def shipped(name: str) -> Market:
    file = files("schemas").joinpath("markets", f"{name}.toml")
    return parse(file.read_bytes(), f"{name}.toml")


@pytest.mark.parametrize("name", ["sim", "us", "us-open", "week"])
def test_the_card_of_a_shipped_market_repeats_its_file(name: str) -> None:
    market = shipped(name)
    said = json.loads(card(market, None))
    for plain in (
        "name",
        "title",
        "about",
        "feed",
        "calendar",
        "period",
        "step",
        "bar",
        "form",
        "horizon",
        "synthetic",
    ):
        assert said[plain] == getattr(market, plain), plain
    assert said["version"] == version_of(market)
    assert [i["name"] for i in said["instruments"]] == [i.name for i in market.instrument]
    assert [i["why"] for i in said["instruments"]] == [i.why for i in market.instrument]
    assert {s["name"]: [i["name"] for i in s["indicators"]] for s in said["segments"]} == {
        s.name: [i.name for i in s.indicator] for s in market.segment
    }
    assert said["run"] is None
    assert said["scores"] is market.scores.enabled


def test_a_run_is_part_of_the_names() -> None:
    said = json.loads(card(tape.market("week"), "r1"))
    assert (said["name"], said["feed"], said["run"]) == ("tape~r1", "week~r1", "r1")


def test_a_market_without_title_is_called_by_its_name() -> None:
    assert json.loads(card(tape.market("f"), None))["title"] == "tape"


def test_hours_are_the_sessions_from_yesterday_to_a_month_ahead() -> None:
    hours = json.loads(card(shipped("us-open"), None, THANKSGIVING_US))["hours"]
    assert hours[0] == ["2025-11-26T14:30:00Z", "2025-11-26T21:00:00Z"]
    assert hours[1] == ["2025-11-28T14:30:00Z", "2025-11-28T18:00:00Z"]  # closed on Thursday, short on Friday
    assert hours[-1][1].startswith("2025-12-26")
    assert len(hours) == 21


def test_a_market_that_never_closes_has_no_hours() -> None:
    assert json.loads(card(shipped("sim"), None))["hours"] is None
